//! Methods of records, which only templates of Cookiecutter have.

use crate::error::Result;
use crate::machine::Machine;
use crate::value::{Record, Value};

use super::{argument, unknown};

pub(super) fn call<'a>(
    machine: &mut Machine<'a>,
    record: Record<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    match name {
        "get" => {
            let key = machine.text_of(&argument(arguments, 0))?;
            let member = machine.member(record, &key);
            Ok(member.unwrap_or_else(|| argument(arguments, 1)))
        }
        "has_key" => {
            let key = machine.text_of(&argument(arguments, 0))?;
            Ok(Value::Bool(machine.member(record, &key).is_some()))
        }
        "keys" => {
            let entries = machine.entries(record)?;
            machine.array(
                entries
                    .into_iter()
                    .map(|(name, _)| Value::Text(name))
                    .collect(),
            )
        }
        "values" => {
            let entries = machine.entries(record)?;
            machine.array(entries.into_iter().map(|(_, value)| value).collect())
        }
        "items" => {
            let mut pairs = Vec::new();
            for (name, value) in machine.entries(record)? {
                pairs.push(machine.array(vec![Value::Text(name), value])?);
            }
            machine.array(pairs)
        }
        _ => Err(unknown(name)),
    }
}
