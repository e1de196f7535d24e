//! `filter=` parameters: `kind=component,spec.type=service`.
//!
//! Commas are AND, repeated parameters are OR, repeated keys inside one parameter are a choice of
//! values. Like Backstage, a filter becomes a [`Predicate`], which is what cursors carry.

use crate::error_info::InputError;
use crate::javascript::trim;
use crate::predicate::{Matcher, Predicate, Primitive};

/// Most statements all filters of one request may have together.
const MAX_STATEMENTS: usize = 4_000;

/// Reads the `filter` parameters of a request; `None` when they do not restrict anything.
pub fn parse_filter_params(params: &[impl AsRef<str>]) -> Result<Option<Predicate>, InputError> {
    let mut budget = MAX_STATEMENTS;
    let mut alternatives = Vec::new();
    for param in params {
        let param = param.as_ref();
        if param.is_empty() {
            return Err(InputError::new(
                "Empty value found for query parameter 'filter'",
            ));
        }
        alternatives.extend(single_or(parse_param(param, &mut budget)?, Predicate::All));
    }
    Ok(single_or(alternatives, Predicate::Any))
}

fn parse_param(param: &str, budget: &mut usize) -> Result<Vec<Predicate>, InputError> {
    let mut fields: Vec<(&str, Vec<Primitive>)> = Vec::new();
    for statement in param
        .split(',')
        .map(trim)
        .filter(|statement| !statement.is_empty())
    {
        *budget = budget.checked_sub(1).ok_or_else(|| {
            InputError::new(format!(
                "Invalid filter, more than {MAX_STATEMENTS} statements"
            ))
        })?;
        let (key, value) = parse_statement(statement)?;
        let place = fields
            .iter()
            .position(|(known, _)| *known == key)
            .unwrap_or(fields.len());
        if place == fields.len() {
            fields.push((key, Vec::new()));
        }
        fields[place]
            .1
            .extend(value.map(|value| Primitive::String(value.to_owned())));
    }
    Ok(fields
        .into_iter()
        .map(|(key, values)| field(key, values))
        .collect())
}

fn parse_statement(statement: &str) -> Result<(&str, Option<&str>), InputError> {
    let (key, value) = match statement.split_once('=') {
        Some((key, value)) => (trim(key), Some(trim(value))),
        None => (statement, None),
    };
    if key.is_empty() {
        return Err(InputError::new(format!(
            "Invalid filter, '{statement}' is not a valid statement \
             (expected a string on the form a=b or a= or a)"
        )));
    }
    Ok((key, value))
}

fn field(key: &str, mut values: Vec<Primitive>) -> Predicate {
    let matcher = match values.len() {
        0 => Matcher::Exists(true),
        1 => Matcher::Equals(values.remove(0)),
        _ => Matcher::In(values),
    };
    Predicate::Fields(vec![(key.to_owned(), matcher)])
}

fn single_or(
    mut parts: Vec<Predicate>,
    combine: fn(Vec<Predicate>) -> Predicate,
) -> Option<Predicate> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(combine(parts)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(params: &[&str]) -> String {
        let predicate = parse_filter_params(params).unwrap();
        predicate.map_or_else(
            || "none".to_owned(),
            |predicate| predicate.to_json().to_string(),
        )
    }

    #[test]
    fn statements_become_predicates() {
        for (params, expected) in [
            (&[][..], "none"),
            (&[","], "none"),
            // Recorded in the cursor of cat-q-page1.
            (&["kind=component"], r#"{"kind":"component"}"#),
            (&[" a = b ,, "], r#"{"a":"b"}"#),
            (&["a=b=c"], r#"{"a":"b=c"}"#),
            (&["a="], r#"{"a":""}"#),
            (&["a"], r#"{"a":{"$exists":true}}"#),
            (&["a,a=1"], r#"{"a":"1"}"#),
            (
                &["a=1,b=2,a=3"],
                r#"{"$all":[{"a":{"$in":["1","3"]}},{"b":"2"}]}"#,
            ),
            (
                &["a=1", ",", "b=2,c=3"],
                r#"{"$any":[{"a":"1"},{"$all":[{"b":"2"},{"c":"3"}]}]}"#,
            ),
        ] {
            assert_eq!(shown(params), expected, "{params:?}");
        }
    }

    #[test]
    fn messages_of_bad_filters() {
        // Recorded: cat-list-filter-empty.
        let error = parse_filter_params(&[""]).unwrap_err();
        assert_eq!(
            error.message,
            "Empty value found for query parameter 'filter'"
        );
        let error = parse_filter_params(&["a=1, =b"]).unwrap_err();
        assert_eq!(
            error.message,
            "Invalid filter, '=b' is not a valid statement (expected a string on the form a=b or a= or a)"
        );
        let flood = "a=1,".repeat(MAX_STATEMENTS + 1);
        parse_filter_params(&[flood]).unwrap_err();
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            groups in prop::collection::vec(
                prop::collection::btree_map("[a-z.]{1,6}", "[a-zA-Z=: ]{0,6}", 1..4),
                1..4,
            ),
        ) {
            let params: Vec<String> = groups
                .iter()
                .map(|group| group.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(","))
                .collect();
            let predicate = parse_filter_params(&params).unwrap().unwrap();
            let fields = |group: &std::collections::BTreeMap<String, String>| {
                let all = group.iter().map(|(key, value)| {
                    field(key, vec![Primitive::String(value.trim().to_owned())])
                });
                single_or(all.collect(), Predicate::All)
            };
            let expected = single_or(groups.iter().filter_map(fields).collect(), Predicate::Any);
            prop_assert_eq!(Some(predicate), expected);
        }

        #[test]
        fn parsing_never_panics(params in prop::collection::vec(".{0,12}", 0..4)) {
            if let Ok(Some(predicate)) = parse_filter_params(&params) {
                _ = predicate.to_filter();
            }
        }
    }
}
