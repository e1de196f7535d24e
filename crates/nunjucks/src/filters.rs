//! The built-in filters.

mod data;
mod markup;
mod sequence;
mod sort;
mod words;

pub(crate) use sequence::join_values;
pub(crate) use sort::sort_values;

use crate::error::Result;
use crate::machine::Machine;
use crate::template::Syntax;
use crate::value::{Text, Value};

/// Parameters of the filters that can be named in any order.
const INT_PARAMETERS: [&str; 2] = ["default", "base"];
const SORT_PARAMETERS: [&str; 3] = ["reverse", "case_sensitive", "attribute"];

/// A built-in filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    Abs,
    Batch,
    Capitalize,
    Center,
    Default,
    Dictsort,
    Dump,
    Escape,
    First,
    Float,
    ForceEscape,
    GroupBy,
    Indent,
    Int,
    Join,
    Last,
    Length,
    List,
    Lower,
    Nl2br,
    Random,
    Reject,
    RejectAttr,
    Replace,
    Reverse,
    Round,
    Safe,
    Select,
    SelectAttr,
    Slice,
    Sort,
    String,
    StripTags,
    Sum,
    Title,
    Trim,
    Truncate,
    Upper,
    UrlEncode,
    Urlize,
    WordCount,
}

const NAMES: [(&str, Filter); 43] = [
    ("abs", Filter::Abs),
    ("batch", Filter::Batch),
    ("capitalize", Filter::Capitalize),
    ("center", Filter::Center),
    ("d", Filter::Default),
    ("default", Filter::Default),
    ("dictsort", Filter::Dictsort),
    ("dump", Filter::Dump),
    ("e", Filter::Escape),
    ("escape", Filter::Escape),
    ("first", Filter::First),
    ("float", Filter::Float),
    ("forceescape", Filter::ForceEscape),
    ("groupby", Filter::GroupBy),
    ("indent", Filter::Indent),
    ("int", Filter::Int),
    ("join", Filter::Join),
    ("last", Filter::Last),
    ("length", Filter::Length),
    ("list", Filter::List),
    ("lower", Filter::Lower),
    ("nl2br", Filter::Nl2br),
    ("random", Filter::Random),
    ("reject", Filter::Reject),
    ("rejectattr", Filter::RejectAttr),
    ("replace", Filter::Replace),
    ("reverse", Filter::Reverse),
    ("round", Filter::Round),
    ("safe", Filter::Safe),
    ("select", Filter::Select),
    ("selectattr", Filter::SelectAttr),
    ("slice", Filter::Slice),
    ("sort", Filter::Sort),
    ("string", Filter::String),
    ("striptags", Filter::StripTags),
    ("sum", Filter::Sum),
    ("title", Filter::Title),
    ("trim", Filter::Trim),
    ("truncate", Filter::Truncate),
    ("upper", Filter::Upper),
    ("urlencode", Filter::UrlEncode),
    ("urlize", Filter::Urlize),
    ("wordcount", Filter::WordCount),
];

/// Names of the built-in filters.
pub fn filter_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

impl Filter {
    /// The filter of a name; templates of Cookiecutter know one more.
    pub(crate) fn named(name: &str, syntax: Syntax) -> Option<Self> {
        if syntax.cookiecutter_compat && name == "jsonify" {
            return Some(Self::Dump);
        }
        let index = NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
        Some(NAMES[index].1)
    }

    /// Named arguments as positional ones: in their place, or together as a last record.
    pub(crate) fn place_keywords<'a>(
        self,
        machine: &mut Machine<'a>,
        mut positional: Vec<Value<'a>>,
        mut keyword: Vec<(&'a str, Value<'a>)>,
    ) -> Result<Vec<Value<'a>>> {
        let parameters: &[&str] = match self {
            Self::Int => &INT_PARAMETERS,
            Self::Sort => &SORT_PARAMETERS,
            _ if keyword.is_empty() => return Ok(positional),
            _ => {
                keyword.push(("__keywords", Value::Bool(true)));
                let members = keyword
                    .into_iter()
                    .map(|(name, value)| (Text::Borrowed(name), value));
                positional.push(machine.record(members)?);
                return Ok(positional);
            }
        };
        for name in &parameters[positional.len().min(parameters.len())..] {
            let given = keyword.iter().position(|(known, _)| known == name);
            positional.push(match given {
                Some(index) => keyword.swap_remove(index).1,
                None => Value::Undefined,
            });
        }
        Ok(positional)
    }
}

/// An argument, or undefined.
fn argument<'a>(arguments: &[Value<'a>], index: usize) -> Value<'a> {
    arguments.get(index).cloned().unwrap_or(Value::Undefined)
}

/// Applies a filter.
pub(crate) fn apply<'a>(
    machine: &mut Machine<'a>,
    filter: Filter,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    match filter {
        Filter::Abs => Ok(Value::Number(machine.number_of(input)?.abs())),
        Filter::Batch => sequence::batch(machine, input, arguments),
        Filter::Capitalize => words::capitalize(machine, input),
        Filter::Center => words::center(machine, input, arguments),
        Filter::Default => Ok(data::default(input, arguments)),
        Filter::Dictsort => sort::dictsort(machine, input, arguments),
        Filter::Dump => data::dump(machine, input, &argument(arguments, 0)),
        Filter::Escape => markup::escape(machine, input, false),
        Filter::First => sequence::edge(machine, input, false),
        Filter::Float => data::float(machine, input, arguments),
        Filter::ForceEscape => markup::escape(machine, input, true),
        Filter::GroupBy => sort::group_by(machine, input, &argument(arguments, 0)),
        Filter::Indent => words::indent(machine, input, arguments),
        Filter::Int => data::int(machine, input, arguments),
        Filter::Join => sequence::join(machine, input, arguments),
        Filter::Last => sequence::edge(machine, input, true),
        Filter::Length => Ok(sequence::length(machine, input)),
        Filter::List => sequence::list(machine, input),
        Filter::Lower => words::change_case(machine, input, str::to_lowercase),
        Filter::Nl2br => markup::nl2br(machine, input),
        Filter::Random => sequence::random(machine, input),
        Filter::Reject => sequence::select(machine, input, arguments, false),
        Filter::RejectAttr => sequence::select_attribute(machine, input, arguments, false),
        Filter::Replace => words::replace(machine, input, arguments),
        Filter::Reverse => sequence::reverse(machine, input),
        Filter::Round => data::round(machine, input, arguments),
        Filter::Safe => markup::safe(machine, input),
        Filter::Select => sequence::select(machine, input, arguments, true),
        Filter::SelectAttr => sequence::select_attribute(machine, input, arguments, true),
        Filter::Slice => sequence::slice(machine, input, arguments),
        Filter::Sort => sort::sort(machine, input, arguments),
        Filter::String => words::string(machine, input),
        Filter::StripTags => markup::strip_tags(machine, input, arguments),
        Filter::Sum => sequence::sum(machine, input, arguments),
        Filter::Title => words::title(machine, input),
        Filter::Trim => words::trim(machine, input),
        Filter::Truncate => words::truncate(machine, input, arguments),
        Filter::Upper => words::change_case(machine, input, str::to_uppercase),
        Filter::UrlEncode => markup::url_encode(machine, input),
        Filter::Urlize => markup::urlize(machine, input, arguments),
        Filter::WordCount => words::count(machine, input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| *name));
        let plain = Syntax::default();
        let compat = Syntax {
            cookiecutter_compat: true,
            ..plain
        };
        assert_eq!(Filter::named("d", plain), Some(Filter::Default));
        assert_eq!(Filter::named("jsonify", plain), None);
        assert_eq!(Filter::named("jsonify", compat), Some(Filter::Dump));
    }
}
