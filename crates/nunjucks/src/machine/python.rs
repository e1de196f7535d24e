//! Values as Python writes them.

use crate::error::{Result, fault};
use crate::number;
use crate::value::Value;

use super::{Machine, check_nesting};

impl<'a> Machine<'a> {
    /// `str(value)`; what is undefined cannot be written.
    pub(crate) fn write_python(&mut self, value: &Value<'a>, output: &mut String) -> Result<()> {
        self.check_data(value)?;
        match value {
            Value::Text(text) | Value::Safe(text) => {
                self.meter.scratch(text.len())?;
                output.push_str(text);
                Ok(())
            }
            other => self.represent(other, output, 0),
        }
    }

    /// `repr(value)`
    fn represent(&mut self, value: &Value<'a>, output: &mut String, depth: usize) -> Result<()> {
        check_nesting(depth)?;
        self.meter.work(1)?;
        match value {
            Value::Undefined | Value::Callable(_) | Value::Regex(_) => {
                return Err(fault("the value is undefined"));
            }
            Value::Null => output.push_str("None"),
            Value::Bool(true) => output.push_str("True"),
            Value::Bool(false) => output.push_str("False"),
            Value::Number(number) => output.push_str(&number::to_text(*number)),
            Value::Text(text) | Value::Safe(text) => {
                self.meter.scratch(text.len())?;
                quote(text, output);
            }
            Value::Array(array) => {
                output.push('[');
                for index in 0..self.array_len(*array) {
                    separate(index, output);
                    let item = self.item(*array, index);
                    self.represent(&item, output, depth + 1)?;
                }
                output.push(']');
            }
            Value::Record(record) => {
                output.push('{');
                let entries = self.entries(*record)?;
                for (index, (name, member)) in entries.into_iter().enumerate() {
                    separate(index, output);
                    quote(&name, output);
                    output.push_str(": ");
                    self.represent(&member, output, depth + 1)?;
                }
                output.push('}');
            }
        }
        Ok(())
    }
}

fn separate(index: usize, output: &mut String) {
    if index > 0 {
        output.push_str(", ");
    }
}

/// A text in the quotes that need no escape, if there are such.
fn quote(text: &str, output: &mut String) {
    let mark = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    output.push(mark);
    for c in text.chars() {
        match c {
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            c if c == mark => output.extend(['\\', c]),
            c => output.push(c),
        }
    }
    output.push(mark);
}
