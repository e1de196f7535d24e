//! Filters that order and group.

use std::cmp::Ordering;

use indexmap::IndexMap;

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::parser::is_reserved;
use crate::value::{Text, Value};

use super::argument;
use super::sequence::{numbered, numbered_strictly, sequence};

/// Longest list that is sorted by insertion alone.
const MAX_RUN: usize = 63;

/// A comparison that can fail.
type Compare<'c, T> = &'c mut dyn FnMut(&T, &T) -> Result<Ordering>;

/// Sorts; equal items keep their order.
///
/// The comparison need not be a total order (in JavaScript nothing is less than not a number),
/// which the sorting of the standard library does not accept. Short lists come out as in V8 even
/// then, because the same items are compared.
pub(crate) fn sort_by<T: Clone>(items: &mut Vec<T>, compare: Compare<'_, T>) -> Result<()> {
    let mut width = MAX_RUN;
    for run in items.chunks_mut(width) {
        sort_run(run, compare)?;
    }
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(2 * width) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            merge(left, right, compare, &mut merged)?;
        }
        *items = merged;
        width *= 2;
    }
    Ok(())
}

fn merge<T: Clone>(
    mut left: &[T],
    mut right: &[T],
    compare: Compare<'_, T>,
    merged: &mut Vec<T>,
) -> Result<()> {
    while let ([first, left_rest @ ..], [second, right_rest @ ..]) = (left, right) {
        if compare(second, first)? == Ordering::Less {
            merged.push(second.clone());
            right = right_rest;
        } else {
            merged.push(first.clone());
            left = left_rest;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

/// Takes the order that is there at the beginning, and inserts the rest.
fn sort_run<T>(items: &mut [T], compare: Compare<'_, T>) -> Result<()> {
    let [first, second, ..] = items else {
        return Ok(());
    };
    let is_falling = compare(second, first)? == Ordering::Less;
    let mut n_sorted = 2;
    while n_sorted < items.len() {
        let order = compare(&items[n_sorted], &items[n_sorted - 1])?;
        if (order == Ordering::Less) != is_falling {
            break;
        }
        n_sorted += 1;
    }
    if is_falling {
        items[..n_sorted].reverse();
    }
    for index in n_sorted..items.len() {
        let (mut left, mut right) = (0, index);
        while left < right {
            let middle = left.midpoint(right);
            if compare(&items[index], &items[middle])? == Ordering::Less {
                right = middle;
            } else {
                left = middle + 1;
            }
        }
        items[left..=index].rotate_right(1);
    }
    Ok(())
}

/// As sorting in JavaScript: undefined goes last without being compared.
pub(crate) fn sort_values<'a>(
    values: Vec<Value<'a>>,
    compare: &mut dyn FnMut(&Value<'a>, &Value<'a>) -> Result<Ordering>,
) -> Result<Vec<Value<'a>>> {
    let (undefined, mut defined): (Vec<_>, Vec<_>) = values
        .into_iter()
        .partition(|value| matches!(value, Value::Undefined));
    sort_by(&mut defined, compare)?;
    defined.extend(undefined);
    Ok(defined)
}

pub(super) fn sort<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let values = match input {
        Value::Record(record) => numbered_strictly(machine, *record)?,
        _ => match sequence(machine, input)? {
            Some(values) => values,
            None => return machine.array(Vec::new()),
        },
    };
    let is_reverse = argument(arguments, 0).is_truthy();
    let is_case_sensitive = argument(arguments, 1).is_truthy();
    let path = attribute_path(machine, &argument(arguments, 2))?;
    let sorted = sort_values(values, &mut |left, right| {
        machine.meter.work(1)?;
        let left = at_path(machine, left, &path)?;
        let right = at_path(machine, right, &path)?;
        let order = compare(machine, &left, &right, is_case_sensitive)?;
        Ok(if is_reverse { order.reverse() } else { order })
    })?;
    machine.array(sorted)
}

fn compare<'a>(
    machine: &mut Machine<'a>,
    left: &Value<'a>,
    right: &Value<'a>,
    is_case_sensitive: bool,
) -> Result<Ordering> {
    let order = match (left.as_text(), right.as_text()) {
        (Some(left), Some(right)) if !is_case_sensitive => {
            let (left, right) = (left.to_lowercase(), right.to_lowercase());
            Some(crate::text::compare(&left, &right))
        }
        _ => machine.order(left, right)?,
    };
    Ok(order.unwrap_or(Ordering::Equal))
}

/// The parts of a path with points; nothing means the item itself.
fn attribute_path<'a>(machine: &mut Machine<'a>, attribute: &Value<'a>) -> Result<Vec<String>> {
    if !attribute.is_truthy() {
        return Ok(Vec::new());
    }
    let path = machine.text_of(attribute)?;
    let parts: Vec<String> = match attribute {
        Value::Text(_) => path.split('.').map(str::to_owned).collect(),
        _ => vec![path.to_string()],
    };
    match parts.iter().find(|part| is_reserved(part)) {
        Some(part) => Err(fault(format!("the name `{part}` is reserved"))),
        None => Ok(parts),
    }
}

fn at_path<'a>(machine: &mut Machine<'a>, value: &Value<'a>, path: &[String]) -> Result<Value<'a>> {
    let mut value = value.clone();
    for part in path {
        if value.is_nullish() {
            return Err(fault("null and undefined have no attributes"));
        }
        match machine.own_member(&value, part)? {
            Some(member) => value = member,
            None => return Ok(Value::Undefined),
        }
    }
    Ok(value)
}

/// Pairs of a record, by key or by value.
pub(super) fn dictsort<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let Value::Record(record) = input else {
        return Err(fault(format!("it needs a record, not {}", input.kind())));
    };
    let is_case_sensitive = argument(arguments, 0).is_truthy();
    let by_value = match argument(arguments, 1) {
        Value::Undefined => false,
        Value::Text(by) if by.as_str() == "key" => false,
        Value::Text(by) if by.as_str() == "value" => true,
        _ => return Err(fault("records are sorted by `key` or by `value`")),
    };
    let mut entries = machine.entries(*record)?;
    sort_by(&mut entries, &mut |left, right| {
        machine.meter.work(1)?;
        let side = |entry: &(Text<'a>, Value<'a>)| {
            let value = if by_value {
                entry.1.clone()
            } else {
                Value::Text(entry.0.clone())
            };
            match value.as_text() {
                Some(text) if !is_case_sensitive => Value::from(text.to_uppercase()),
                _ => value,
            }
        };
        let (left, right) = (side(left), side(right));
        Ok(match machine.order(&left, &right)? {
            Some(Ordering::Greater) => Ordering::Greater,
            _ if left.is_identical(&right) => Ordering::Equal,
            _ => Ordering::Less,
        })
    })?;
    let mut pairs = Vec::new();
    for (name, value) in entries {
        pairs.push(machine.array(vec![Value::Text(name), value])?);
    }
    machine.array(pairs)
}

/// A record of the values of an attribute and the items that have it.
pub(super) fn group_by<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    attribute: &Value<'a>,
) -> Result<Value<'a>> {
    let values = match input {
        Value::Undefined | Value::Null => return Err(fault("there is nothing to group")),
        Value::Record(record) => numbered(machine, *record)?,
        _ => match sequence(machine, input)? {
            Some(values) => values,
            None => return machine.record([]),
        },
    };
    let path = attribute_path(machine, attribute)?;
    let mut groups: IndexMap<String, Vec<Value<'a>>> = IndexMap::new();
    for value in values {
        let key = at_path(machine, &value, &path)?;
        let key = machine.text_of(&key)?.to_string();
        machine.meter.scratch(key.len())?;
        groups.entry(key).or_default().push(value);
    }
    let mut members = Vec::new();
    for (key, values) in groups {
        members.push((Text::from(key), machine.array(values)?));
    }
    machine.record(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_stable_and_survives_nonsense() {
        let mut items: Vec<(i32, usize)> = (0..200).map(|n| (n * 7 % 5, 0)).collect();
        for (index, item) in items.iter_mut().enumerate() {
            item.1 = index;
        }
        sort_by(&mut items, &mut |a, b| Ok(a.0.cmp(&b.0))).unwrap();
        assert!(items.is_sorted());
        sort_by(&mut items, &mut |_, _| Ok(Ordering::Greater)).unwrap();
        assert_eq!(items.len(), 200);
        assert!(sort_by(&mut items, &mut |_, _| Err(fault("no"))).is_err());
    }
}
