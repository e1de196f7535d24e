//! Filters about arrays and what can be read like one.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::error::{Result, fault, quoted};
use crate::machine::Machine;
use crate::number;
use crate::parser::is_reserved;
use crate::predicate::{self, Test};
use crate::text;
use crate::value::{Array, Record, Text, Value};

use super::argument;

/// Items of an array, code units of a text; `None` is no sequence.
pub(super) fn sequence<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
) -> Result<Option<Vec<Value<'a>>>> {
    match input {
        Value::Array(array) => machine.items(*array).map(Some),
        Value::Text(text) | Value::Safe(text) => machine.unit_texts(text).map(Some),
        _ => Ok(None),
    }
}

/// The members `0`, `1`, … of a record that says it has a length.
pub(super) fn numbered<'a>(
    machine: &mut Machine<'a>,
    record: Record<'a>,
) -> Result<Vec<Value<'a>>> {
    let length = machine.member(record, "length").unwrap_or(Value::Undefined);
    let length = machine.number_of(&length)?;
    let mut values = Vec::new();
    while number::from_len(values.len()) < length {
        machine.meter.work(1)?;
        let member = machine.member(record, &values.len().to_string());
        values.push(member.unwrap_or(Value::Undefined));
    }
    Ok(values)
}

/// Like [`numbered`], but a number that is no length is an error.
pub(super) fn numbered_strictly<'a>(
    machine: &mut Machine<'a>,
    record: Record<'a>,
) -> Result<Vec<Value<'a>>> {
    match machine.member(record, "length") {
        Some(Value::Number(length))
            if !length.is_nan() && (length < 0.0 || length.fract().abs() > 0.0) =>
        {
            Err(fault("the length of the record is no length"))
        }
        _ => numbered(machine, record),
    }
}

/// A count that has to be a positive integer.
fn positive<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Result<usize> {
    let count = machine.number_of(value)?.trunc();
    if count.is_nan() || count < 1.0 || count > f64::from(u32::MAX) {
        return Err(fault("it needs a positive integer"));
    }
    Ok(number::to_len(count))
}

pub(super) fn batch<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    if input.is_nullish() {
        return Err(fault("there is nothing to cut into batches"));
    }
    let width = positive(machine, &argument(arguments, 0))?;
    let values = match input {
        Value::Record(record) => numbered(machine, *record)?,
        _ => sequence(machine, input)?.unwrap_or_default(),
    };
    let fill = argument(arguments, 1);
    let mut rows = Vec::new();
    for row in values.chunks(width) {
        let mut row = row.to_vec();
        if fill.is_truthy() {
            machine.meter.work(width)?;
            row.resize(width, fill.clone());
        }
        rows.push(machine.array(row)?);
    }
    machine.array(rows)
}

/// Cuts into a number of parts of about the same size.
pub(super) fn slice<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let values = sequence(machine, input)?.ok_or_else(|| fault("it needs an array or a text"))?;
    let n_parts = positive(machine, &argument(arguments, 0))?;
    machine.meter.work(n_parts)?;
    let fill = argument(arguments, 1);
    let (base, extra) = (values.len() / n_parts, values.len() % n_parts);
    let mut parts = Vec::new();
    let mut start = 0;
    for index in 0..n_parts {
        let end = start + base + usize::from(index < extra);
        let is_filled = fill.is_truthy() && index >= extra;
        let part = match input.as_text() {
            Some(_) if is_filled => return Err(fault("a text cannot be filled up")),
            Some(text) => {
                let part = text::slice(text, start..end).into_owned();
                machine.cut(part)?
            }
            None => {
                let mut part = values[start..end].to_vec();
                part.extend(is_filled.then(|| fill.clone()));
                machine.array(part)?
            }
        };
        parts.push(part);
        start = end;
    }
    machine.array(parts)
}

/// The first or the last item.
pub(super) fn edge<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    is_last: bool,
) -> Result<Value<'a>> {
    Ok(match input {
        Value::Undefined | Value::Null => return Err(fault("there is nothing to take it from")),
        Value::Array(array) => {
            let len = machine.array_len(*array);
            let index = if is_last { len.saturating_sub(1) } else { 0 };
            machine.item(*array, index)
        }
        Value::Text(text) | Value::Safe(text) => {
            let len = text::len(text);
            if len == 0 {
                return Ok(Value::Undefined);
            }
            let index = if is_last { len - 1 } else { 0 };
            let unit = text::slice(text, index..index + 1).into_owned();
            machine.cut(unit)?
        }
        Value::Record(record) => {
            let index = if is_last {
                let length = machine.member(*record, "length");
                machine.number_of(&length.unwrap_or(Value::Undefined))? - 1.0
            } else {
                0.0
            };
            let member = machine.member(*record, &number::to_text(index));
            member.unwrap_or(Value::Undefined)
        }
        _ => Value::Undefined,
    })
}

/// One of the items, by chance.
pub(super) fn random<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let values = match input {
        Value::Undefined | Value::Null => return Err(fault("there is nothing to choose from")),
        Value::Record(record) => numbered(machine, *record)?,
        _ => sequence(machine, input)?.unwrap_or_default(),
    };
    // Each state is seeded by the system, which is all the chance a template needs.
    let chance = RandomState::new().hash_one(values.len());
    let n_values = u64::try_from(values.len()).unwrap_or(u64::MAX);
    let index = chance.checked_rem(n_values).unwrap_or_default();
    let index = usize::try_from(index).unwrap_or_default();
    Ok(values.into_iter().nth(index).unwrap_or(Value::Undefined))
}

pub(super) fn length<'a>(machine: &Machine<'a>, input: &Value<'a>) -> Value<'a> {
    let len = match input {
        Value::Array(array) => machine.array_len(*array),
        Value::Record(record) => machine.record_len(*record),
        Value::Text(text) | Value::Safe(text) => text::len(text),
        Value::Undefined | Value::Null | Value::Bool(false) => 0,
        _ => return Value::Undefined,
    };
    number::from_len(len).into()
}

pub(super) fn list<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    match input {
        Value::Array(_) => Ok(input.clone()),
        Value::Text(text) | Value::Safe(text) => {
            let units = machine.unit_texts(text)?;
            machine.array(units)
        }
        Value::Record(record) => {
            let mut items = Vec::new();
            for (name, value) in machine.entries(*record)? {
                let members = [
                    (Text::Borrowed("key"), Value::Text(name)),
                    (Text::Borrowed("value"), value),
                ];
                items.push(machine.record(members)?);
            }
            machine.array(items)
        }
        _ => Err(fault(format!("{} is no list", input.kind()))),
    }
}

pub(super) fn reverse<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    match input {
        Value::Text(text) | Value::Safe(text) => {
            let mut units = text::to_units(text);
            units.reverse();
            super::words::like(machine, input, text::from_units(units))
        }
        Value::Array(_) | Value::Record(_) => {
            let mut values = match input {
                Value::Record(record) => numbered_strictly(machine, *record)?,
                _ => sequence(machine, input)?.unwrap_or_default(),
            };
            values.reverse();
            machine.array(values)
        }
        _ => machine.array(Vec::new()),
    }
}

/// Keeps the items for which a test holds, or those for which it does not.
pub(super) fn select<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
    keeps: bool,
) -> Result<Value<'a>> {
    let name = match argument(arguments, 0) {
        Value::Undefined => Text::Borrowed("truthy"),
        name => machine.text_of(&name)?,
    };
    let test =
        Test::named(&name).ok_or_else(|| fault(format!("unknown test {}", quoted(&name))))?;
    let values = match input {
        Value::Undefined | Value::Null => return Err(fault("there is nothing to choose from")),
        Value::Record(record) => numbered_members(machine, *record)?,
        _ => match sequence(machine, input)? {
            Some(values) => values,
            None => return machine.array(Vec::new()),
        },
    };
    let arguments = arguments.get(1..).unwrap_or_default();
    if arguments.len() != test.n_arguments() {
        return Err(fault(predicate::wrong_count(&name, test)));
    }
    let mut kept = Vec::new();
    for value in values {
        if predicate::apply(machine, test, &value, arguments)? == keeps {
            kept.push(value);
        }
    }
    machine.array(kept)
}

/// The numbered members that a record has, up to its length.
fn numbered_members<'a>(machine: &mut Machine<'a>, record: Record<'a>) -> Result<Vec<Value<'a>>> {
    let length = machine.member(record, "length").unwrap_or(Value::Undefined);
    let length = machine.number_of(&length)?.floor();
    let mut values = Vec::new();
    let mut index = 0;
    while number::from_len(index) < length {
        machine.meter.work(1)?;
        values.extend(machine.member(record, &index.to_string()));
        index += 1;
    }
    Ok(values)
}

pub(super) fn select_attribute<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
    keeps: bool,
) -> Result<Value<'a>> {
    let items = machine.items(array_of(input)?)?;
    let attribute = attribute_name(machine, &argument(arguments, 0))?;
    let mut kept = Vec::new();
    for item in items {
        if attribute_of(machine, &item, &attribute)?.is_truthy() == keeps {
            kept.push(item);
        }
    }
    machine.array(kept)
}

fn array_of<'a>(input: &Value<'a>) -> Result<Array<'a>> {
    match input {
        Value::Array(array) => Ok(*array),
        _ => Err(fault(format!("it needs an array, not {}", input.kind()))),
    }
}

fn attribute_name<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Result<Text<'a>> {
    let name = machine.text_of(value)?;
    if is_reserved(&name) {
        return Err(fault(format!("the name `{}` is reserved", &*name)));
    }
    Ok(name)
}

fn attribute_of<'a>(machine: &mut Machine<'a>, value: &Value<'a>, name: &str) -> Result<Value<'a>> {
    if value.is_nullish() {
        return Err(fault("null and undefined have no attributes"));
    }
    let member = machine.own_member(value, name)?;
    Ok(member.unwrap_or(Value::Undefined))
}

/// The items, or one attribute of each.
fn projected<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    attribute: &Value<'a>,
) -> Result<Vec<Value<'a>>> {
    if !attribute.is_truthy() {
        return machine.items(array_of(input)?);
    }
    let attribute = attribute_name(machine, attribute)?;
    let values = match input {
        Value::Array(array) => machine.items(*array)?,
        Value::Text(text) => machine.unit_texts(text)?,
        Value::Record(record) => numbered_strictly(machine, *record)?,
        Value::Safe(text) if !text.is_empty() => {
            return Err(fault("a safe text has no items with attributes"));
        }
        _ => Vec::new(),
    };
    values
        .iter()
        .map(|value| attribute_of(machine, value, &attribute))
        .collect()
}

pub(super) fn join<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let separator = argument(arguments, 0);
    let separator = if separator.is_truthy() {
        machine.text_of(&separator)?
    } else {
        Text::Borrowed("")
    };
    let values = projected(machine, input, &argument(arguments, 1))?;
    let output = join_values(machine, &values, &separator)?;
    machine.text(output)
}

/// The values with a separator between them; nothing for null and undefined.
pub(crate) fn join_values<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    separator: &str,
) -> Result<String> {
    let mut output = String::new();
    for (index, value) in values.iter().enumerate() {
        machine.meter.work(1)?;
        if index > 0 {
            machine.meter.scratch(separator.len())?;
            output.push_str(separator);
        }
        if !value.is_nullish() {
            let text = machine.text_of(value)?;
            machine.meter.scratch(text.len())?;
            output.push_str(&text);
        }
    }
    Ok(output)
}

pub(super) fn sum<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let mut sum = Value::Number(0.0);
    for value in projected(machine, input, &argument(arguments, 0))? {
        sum = machine.add(&sum, &value)?;
    }
    let start = match argument(arguments, 1) {
        Value::Undefined => Value::Number(0.0),
        start => start,
    };
    machine.add(&start, &sum)
}
