//! Parameters and rows: the few types that both databases share.

use crate::error::{Error, Result};

/// A parameter of a statement. Times are milliseconds, JSON is text.
#[derive(Debug, Clone, PartialEq)]
pub enum Param<'a> {
    /// SQL null.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// An owned text.
    Owned(String),
    /// Bytes.
    Blob(&'a [u8]),
    /// A truth value, stored as 0 or 1 on SQLite.
    Bool(bool),
}

macro_rules! param_from {
    ($($from:ty => |$value:ident| $to:expr;)+) => {
        $(impl<'a> From<$from> for Param<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        })+
    };
}

param_from! {
    i64 => |value| Param::Int(value);
    u32 => |value| Param::Int(i64::from(value));
    f64 => |value| Param::Real(value);
    bool => |value| Param::Bool(value);
    &'a str => |value| Param::Text(value);
    &'a String => |value| Param::Text(value);
    String => |value| Param::Owned(value);
    &'a [u8] => |value| Param::Blob(value);
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    Bool(bool),
}

/// One row of a result; columns are counted from zero.
#[derive(Debug, Clone)]
pub struct Row(pub(super) Vec<Value>);

/// A type that a column can be read as.
pub trait FromColumn: Sized {
    /// What to call the type in an error.
    const NAME: &'static str;

    #[doc(hidden)]
    fn from_column(column: Column) -> Option<Self>;
}

/// An owned column, opaque outside this module.
pub struct Column(Value);

impl Row {
    /// Takes a column out of the row.
    ///
    /// Fails when there is no such column or it has another type, which is a bug of the statement.
    pub fn take<T: FromColumn>(&mut self, column: usize) -> Result<T> {
        let value = self
            .0
            .get_mut(column)
            .map(|value| std::mem::replace(value, Value::Null))
            .ok_or_else(|| Error::internal(format!("row has no column {column}")))?;
        T::from_column(Column(value))
            .ok_or_else(|| Error::internal(format!("column {column} is not {}", T::NAME)))
    }
}

macro_rules! from_column {
    ($($type:ty, $name:literal: { $($pattern:pat => $value:expr),+ $(,)? })+) => {
        $(impl FromColumn for $type {
            const NAME: &'static str = $name;

            fn from_column(column: Column) -> Option<Self> {
                match column.0 {
                    $($pattern => Some($value),)+
                    _ => None,
                }
            }
        })+
    };
}

from_column! {
    i64, "an integer": { Value::Int(value) => value }
    f64, "a number": { Value::Real(value) => value }
    String, "text": { Value::Text(value) => value }
    Vec<u8>, "bytes": { Value::Blob(value) => value }
    bool, "a truth value": { Value::Bool(value) => value, Value::Int(value) => value != 0 }
}

impl<T: FromColumn> FromColumn for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_column(column: Column) -> Option<Self> {
        match column.0 {
            Value::Null => Some(None),
            value => T::from_column(Column(value)).map(Some),
        }
    }
}
