//! Methods of arrays.

use std::cmp::Ordering;

use crate::error::Result;
use crate::filters::{join_values, sort_values};
use crate::machine::{Machine, check_nesting};
use crate::number;
use crate::text;
use crate::value::{Array, Value};

use super::{argument, integer, slice_range, unknown};

pub(super) fn call<'a>(
    machine: &mut Machine<'a>,
    array: Array<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let items = machine.items(array)?;
    match name {
        "at" => {
            let index = integer(machine, arguments, 0)?.unwrap_or(0.0);
            let index = if index < 0.0 {
                index + number::from_len(items.len())
            } else {
                index
            };
            let item = (index >= 0.0).then(|| items.get(number::to_len(index)).cloned());
            Ok(item.flatten().unwrap_or(Value::Undefined))
        }
        "concat" => concat(machine, items, arguments),
        "flat" => {
            let depth = integer(machine, arguments, 0)?.unwrap_or(1.0);
            let mut output = Vec::new();
            flatten(machine, &items, depth, 0, &mut output)?;
            machine.array(output)
        }
        "includes" | "indexOf" | "lastIndexOf" | "index" | "find" | "count" => {
            search(machine, &items, name, arguments)
        }
        "join" => {
            let separator = match argument(arguments, 0) {
                Value::Undefined => ",".into(),
                separator => machine.text_of(&separator)?,
            };
            let output = join_values(machine, &items, &separator)?;
            machine.text(output)
        }
        "slice" => {
            let range = slice_range(machine, arguments, items.len())?;
            machine.array(items[range].to_vec())
        }
        _ => change(machine, array, items, name, arguments),
    }
}

fn concat<'a>(
    machine: &mut Machine<'a>,
    mut items: Vec<Value<'a>>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    for argument in arguments {
        match argument {
            Value::Array(array) => items.extend(machine.items(*array)?),
            value => items.push(value.clone()),
        }
    }
    machine.array(items)
}

fn flatten<'a>(
    machine: &mut Machine<'a>,
    items: &[Value<'a>],
    depth: f64,
    nesting: usize,
    output: &mut Vec<Value<'a>>,
) -> Result<()> {
    check_nesting(nesting)?;
    for item in items {
        match item {
            Value::Array(array) if depth > 0.0 => {
                let items = machine.items(*array)?;
                flatten(machine, &items, depth - 1.0, nesting + 1, output)?;
            }
            item => output.push(item.clone()),
        }
    }
    Ok(())
}

fn search<'a>(
    machine: &mut Machine<'a>,
    items: &[Value<'a>],
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let needle = argument(arguments, 0);
    let is_it = |item: &Value<'a>| item.is_identical(&needle);
    let position = integer(machine, arguments, 1)?;
    let from = number::to_offset(position.unwrap_or(0.0), items.len());
    let found = match name {
        "count" => {
            let count = items.iter().filter(|item| is_it(item)).count();
            return Ok(number::from_len(count).into());
        }
        "includes" => {
            // Here, and only here, not a number is found.
            let is_nan = |item: &Value<'a>| matches!(item, Value::Number(it) if it.is_nan());
            let is_included = items[from..]
                .iter()
                .any(|item| is_it(item) || (is_nan(item) && is_nan(&needle)));
            return Ok(Value::Bool(is_included));
        }
        "lastIndexOf" => {
            let len = number::from_len(items.len());
            let last = match position {
                Some(position) if position < 0.0 => len + position,
                Some(position) => position.min(len - 1.0),
                None => len - 1.0,
            };
            let end = if last < 0.0 {
                0
            } else {
                number::to_len(last) + 1
            };
            items[..end].iter().rposition(is_it)
        }
        _ => items[from..]
            .iter()
            .position(is_it)
            .map(|index| index + from),
    };
    Ok(Value::Number(found.map_or(-1.0, number::from_len)))
}

/// Methods that change the array.
fn change<'a>(
    machine: &mut Machine<'a>,
    array: Array<'a>,
    mut items: Vec<Value<'a>>,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let result = match name {
        "push" | "append" => {
            items.extend_from_slice(arguments);
            number::from_len(items.len()).into()
        }
        "unshift" => {
            items.splice(..0, arguments.iter().cloned());
            number::from_len(items.len()).into()
        }
        "pop" => pop(machine, &mut items, arguments)?,
        "shift" if items.is_empty() => Value::Undefined,
        "shift" => items.remove(0),
        "splice" => splice(machine, &mut items, arguments)?,
        "sort" => {
            items = sort_values(items, &mut |left, right| by_text(machine, left, right))?;
            Value::Array(array)
        }
        "reverse" => {
            items.reverse();
            Value::Array(array)
        }
        "fill" => {
            let range = slice_range(machine, arguments.get(1..).unwrap_or_default(), items.len())?;
            items[range].fill(argument(arguments, 0));
            Value::Array(array)
        }
        "copyWithin" => {
            copy_within(machine, &mut items, arguments)?;
            Value::Array(array)
        }
        "insert" => {
            let index = integer(machine, arguments, 0)?.unwrap_or(0.0);
            let index = number::to_offset(index, items.len());
            items.insert(index, argument(arguments, 1));
            machine.array(Vec::new())?
        }
        "remove" => {
            let needle = argument(arguments, 0);
            let index = items.iter().position(|item| item.is_identical(&needle));
            let removed = index.map(|index| items.remove(index));
            machine.array(removed.into_iter().collect())?
        }
        _ => return Err(unknown(name)),
    };
    machine.replace_items(array, items)?;
    Ok(result)
}

fn pop<'a>(
    machine: &mut Machine<'a>,
    items: &mut Vec<Value<'a>>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let Some(index) = integer(machine, arguments, 0)? else {
        return Ok(items.pop().unwrap_or(Value::Undefined));
    };
    let len = number::from_len(items.len());
    let index = if index < 0.0 { len + index } else { index };
    if (0.0..len).contains(&index) {
        Ok(items.remove(number::to_len(index)))
    } else {
        Ok(Value::Undefined)
    }
}

fn splice<'a>(
    machine: &mut Machine<'a>,
    items: &mut Vec<Value<'a>>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let Some(start) = integer(machine, arguments, 0)? else {
        return machine.array(Vec::new());
    };
    let start = number::to_offset(start, items.len());
    let n_left = items.len() - start;
    let count = integer(machine, arguments, 1)?;
    let added = match count {
        Some(_) => arguments.get(2..).unwrap_or_default(),
        None => &[],
    };
    let n_removed = count.map_or(n_left, |count| number::to_len(count.max(0.0)).min(n_left));
    let removed: Vec<_> = items
        .splice(start..start + n_removed, added.iter().cloned())
        .collect();
    machine.array(removed)
}

fn by_text<'a>(machine: &mut Machine<'a>, left: &Value<'a>, right: &Value<'a>) -> Result<Ordering> {
    machine.meter.work(1)?;
    let (left, right) = (machine.text_of(left)?, machine.text_of(right)?);
    Ok(text::compare(&left, &right))
}

fn copy_within<'a>(
    machine: &mut Machine<'a>,
    items: &mut [Value<'a>],
    arguments: &[Value<'a>],
) -> Result<()> {
    let len = items.len();
    let target = integer(machine, arguments, 0)?.unwrap_or(0.0);
    let target = number::to_offset(target, len);
    let range = slice_range(machine, arguments.get(1..).unwrap_or_default(), len)?;
    let copied = items[range].to_vec();
    for (place, value) in items[target..].iter_mut().zip(copied) {
        *place = value;
    }
    Ok(())
}
