//! Members that are data: of records, arrays and texts.

use crate::error::Result;
use crate::number;
use crate::text;
use crate::value::Value;

use super::Machine;

impl<'a> Machine<'a> {
    /// A member that is data, not a method.
    pub(crate) fn own_member(
        &mut self,
        target: &Value<'a>,
        name: &str,
    ) -> Result<Option<Value<'a>>> {
        Ok(match target {
            Value::Record(record) => self.member(*record, name),
            Value::Array(array) => {
                let len = self.array_len(*array);
                if name == "length" {
                    return Ok(Some(number::from_len(len).into()));
                }
                index_below(name, len).map(|index| self.item(*array, index))
            }
            Value::Safe(text) if name == "val" => Some(Value::Text(text.clone())),
            Value::Text(text) | Value::Safe(text) => {
                if name == "length" {
                    return Ok(Some(number::from_len(text::len(text)).into()));
                }
                // The length is an upper bound in bytes: most names are no index at all.
                match index_below(name, text.len()) {
                    Some(index) if index < text::len(text) => {
                        let unit = text::slice(text, index..index + 1).into_owned();
                        Some(self.cut(unit)?)
                    }
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

/// The index that a key is, if it is written as JavaScript writes indices.
pub(super) fn index_key(name: &str) -> Option<u32> {
    let is_canonical = name.bytes().all(|byte| byte.is_ascii_digit())
        && (name.len() == 1 || !name.starts_with('0'));
    if !is_canonical {
        return None;
    }
    name.parse().ok().filter(|index| *index < u32::MAX)
}

fn index_below(name: &str, len: usize) -> Option<usize> {
    let index = usize::try_from(index_key(name)?).ok()?;
    (index < len).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_keys_are_indices() {
        for (key, index) in [
            ("0", Some(0)),
            ("10", Some(10)),
            ("01", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("4294967295", None),
            ("length", None),
        ] {
            assert_eq!(index_key(key), index, "{key}");
        }
    }
}
