//! Query strings: repeated keys kept, and checked against a table per endpoint.
//!
//! The texts and their order are those of the validator in front of Backstage's routers: the first
//! unknown or empty parameter is reported alone, then all missing ones and all wrong values together.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::Uri;
use http::request::Parts;

use crate::error::{Error, Result};

/// Pairs beyond this are ignored, as in Express.
const MAX_PAIRS: usize = 1000;

/// The decoded query string of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads `a=1&b=x+y&b=%2F`; never fails, at most 1000 pairs are kept.
    ///
    /// `a[]=x` and `a[0]=x` count as `a=x`, `a[b]=x` stays as it is written.
    pub fn parse(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| !name.is_empty())
            .take(MAX_PAIRS)
            .map(|(name, value)| (without_index(name), value.into_owned()))
            .collect();
        Self { pairs }
    }

    /// The parameters of a URL.
    pub fn of(uri: &Uri) -> Self {
        uri.query().map_or_else(Self::default, Self::parse)
    }

    /// The first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let of_name = self.pairs.iter().filter(move |(key, _)| key == name);
        of_name.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter as owned strings, in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.all(name).map(str::to_owned).collect()
    }

    /// An integer; `None` when it is absent or not an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        let number = self.number(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked integral; saturates"
        )]
        (number.fract() == 0.0).then_some(number as i64)
    }

    /// A number; `None` when it is absent or not a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(to_number)
    }

    /// `true` or `false`; `None` when it is absent or something else.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name)?.parse().ok()
    }

    /// The members of an object written as `name[key]=value`.
    pub fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs
            .iter()
            .filter_map(move |(key, value)| Some((member_of(key, name)?, value.as_str())))
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Fails with Backstage's text unless the parameters fit the table.
    pub fn check(&self, spec: &[Param]) -> Result<()> {
        self.check_names(spec)?;
        let missing = spec
            .iter()
            .filter(|param| param.required && self.get(param.name).is_none());
        let missing = missing
            .map(|param| format!("request/query must have required property '{}'", param.name));
        let wrong = spec.iter().filter_map(|param| param.complaint(self));
        let complaints: Vec<String> = missing.chain(wrong).collect();
        if complaints.is_empty() {
            return Ok(());
        }
        Err(Error::input(complaints.join(", ")))
    }

    fn check_names(&self, spec: &[Param]) -> Result<()> {
        for (name, value) in &self.pairs {
            let Some(param) = spec.iter().find(|param| param.is_named(name)) else {
                let name = name.split('[').next().unwrap_or(name);
                return Err(Error::input(format!("Unknown query parameter '{name}'")));
            };
            // A repeated parameter is a list, and a list is not empty.
            if value.is_empty() && !param.allow_empty && self.all(name).nth(1).is_none() {
                return Err(Error::input(format!(
                    "Empty value found for query parameter '{name}'"
                )));
            }
        }
        Ok(())
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}

/// One row of an endpoint's table of query parameters.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    name: &'static str,
    kind: Kind,
    required: bool,
    allow_empty: bool,
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Choice(&'static [&'static str]),
    Integer,
    Number,
    Boolean,
    List,
    Members,
}

impl Param {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: false,
            allow_empty: false,
            min: None,
            max: None,
        }
    }

    /// A text, given at most once.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// One of a few texts.
    pub const fn choice(name: &'static str, values: &'static [&'static str]) -> Self {
        Self::new(name, Kind::Choice(values))
    }

    /// An integer.
    pub const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    /// A number.
    pub const fn number(name: &'static str) -> Self {
        Self::new(name, Kind::Number)
    }

    /// `true` or `false`.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// A list: the parameter may be repeated.
    pub const fn list(name: &'static str) -> Self {
        Self::new(name, Kind::List)
    }

    /// An object written as `name[key]=value`.
    pub const fn members(name: &'static str) -> Self {
        Self::new(name, Kind::Members)
    }

    /// The parameter must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The value may be empty.
    #[must_use]
    pub const fn allow_empty(mut self) -> Self {
        self.allow_empty = true;
        self
    }

    /// The least number allowed.
    #[must_use]
    pub const fn min(mut self, min: i64) -> Self {
        self.min = Some(min);
        self
    }

    /// The greatest number allowed.
    #[must_use]
    pub const fn max(mut self, max: i64) -> Self {
        self.max = Some(max);
        self
    }

    fn is_named(&self, key: &str) -> bool {
        key == self.name
            || (matches!(self.kind, Kind::Members) && member_of(key, self.name).is_some())
    }

    fn complaint(&self, params: &Params) -> Option<String> {
        let mut values = params.all(self.name);
        let value = values.next()?;
        let complaint = if values.next().is_some() {
            self.repeated_complaint()?
        } else {
            self.value_complaint(value)?
        };
        Some(format!("request/query/{} {complaint}", self.name))
    }

    fn repeated_complaint(&self) -> Option<Cow<'static, str>> {
        match self.kind {
            Kind::Text | Kind::Choice(_) => Some("must be string".into()),
            Kind::Integer => Some("must be integer".into()),
            Kind::Number => Some("must be number".into()),
            Kind::Boolean => Some("must be boolean".into()),
            Kind::List | Kind::Members => None,
        }
    }

    fn value_complaint(&self, value: &str) -> Option<Cow<'static, str>> {
        match self.kind {
            Kind::Text | Kind::List | Kind::Members => None,
            Kind::Choice(values) => (!values.contains(&value))
                .then_some("must be equal to one of the allowed values".into()),
            Kind::Boolean => {
                (!matches!(value, "true" | "false")).then_some("must be boolean".into())
            }
            Kind::Integer => match to_number(value) {
                Some(number) if number.fract() == 0.0 => self.range_complaint(number),
                _ => Some("must be integer".into()),
            },
            Kind::Number => match to_number(value) {
                Some(number) => self.range_complaint(number),
                None => Some("must be number".into()),
            },
        }
    }

    fn range_complaint(&self, number: f64) -> Option<Cow<'static, str>> {
        #[expect(clippy::cast_precision_loss, reason = "bounds are small")]
        let (min, max) = (
            self.min.map(|min| min as f64),
            self.max.map(|max| max as f64),
        );
        if min.is_some_and(|min| number < min) {
            return Some(format!("must be >= {}", self.min.unwrap_or_default()).into());
        }
        if max.is_some_and(|max| number > max) {
            return Some(format!("must be <= {}", self.max.unwrap_or_default()).into());
        }
        None
    }
}

/// `key` when the text is `name[key]`.
fn member_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?
        .strip_prefix('[')?
        .strip_suffix(']')
}

/// `a[]` and `a[12]` without the index.
fn without_index(name: Cow<'_, str>) -> String {
    let bare = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    match bare {
        Some((bare, index)) if !bare.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
            bare.to_owned()
        }
        _ => name.into_owned(),
    }
}

/// Decimal numbers as JavaScript's `Number()` reads them.
fn to_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plausible = text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let number: f64 = plausible.then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &[Param] = &[
        Param::integer("limit").min(0).max(500),
        Param::list("filter"),
        Param::list("facet").required(),
        Param::text("after"),
        Param::boolean("dry"),
        Param::number("rank"),
        Param::text("note").allow_empty(),
        Param::choice("order", &["asc", "desc"]),
        Param::members("filters"),
    ];

    #[test]
    fn pairs_are_decoded_and_kept() {
        let params =
            Params::parse("a=1&b=x+y&a=%2F%C3%A9&=no&c&types%5B0%5D=t&types[]=u&f[k]=v&x[y][0]=z");
        let pairs: Vec<_> = params.iter().collect();
        let expected = [
            ("a", "1"),
            ("b", "x y"),
            ("a", "/é"),
            ("c", ""),
            ("types", "t"),
            ("types", "u"),
            ("f[k]", "v"),
            ("x[y]", "z"),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(params.list("a"), ["1", "/é"]);
        assert_eq!(params.members("f").collect::<Vec<_>>(), [("k", "v")]);
    }

    #[test]
    fn the_number_of_pairs_is_bounded() {
        let params = Params::parse(&"a=1&".repeat(5_000));
        assert_eq!(params.all("a").count(), MAX_PAIRS);
    }

    #[test]
    fn complaints_read_as_in_backstage() {
        let cases = [
            ("facet=kind", ""),
            ("", "request/query must have required property 'facet'"),
            ("facet=k&limit=abc", "request/query/limit must be integer"),
            ("facet=k&limit=1.5", "request/query/limit must be integer"),
            (
                "facet=k&limit=1&limit=2",
                "request/query/limit must be integer",
            ),
            ("facet=k&limit=-1", "request/query/limit must be >= 0"),
            ("facet=k&limit=501", "request/query/limit must be <= 500"),
            ("facet=k&limit=1e2", ""),
            ("facet=k&limit=+20", ""),
            ("facet=k&limit=inf", "request/query/limit must be integer"),
            ("facet=k&rank=x", "request/query/rank must be number"),
            ("facet=k&rank=0.5", ""),
            ("facet=k&dry=yes", "request/query/dry must be boolean"),
            ("facet=k&dry=true", ""),
            (
                "facet=k&after=a&after=b",
                "request/query/after must be string",
            ),
            (
                "facet=k&order=up",
                "request/query/order must be equal to one of the allowed values",
            ),
            ("facet=k&filters[kind]=a", ""),
            ("facet=k&note=", ""),
            ("facet=k&x=1", "Unknown query parameter 'x'"),
            ("facet=k&x[y]=1", "Unknown query parameter 'x'"),
            ("x=1&filter=", "Unknown query parameter 'x'"),
            (
                "filter=&x=1",
                "Empty value found for query parameter 'filter'",
            ),
            ("facet=k&filter=&filter=a", ""),
            (
                "limit=x&dry=1",
                "request/query must have required property 'facet', request/query/limit must be integer, \
                 request/query/dry must be boolean",
            ),
        ];
        for (query, expected) in cases {
            let complaint = Params::parse(query).check(SPEC);
            let complaint =
                complaint.map_or_else(|error| error.message().to_owned(), |()| String::new());
            assert_eq!(complaint, expected, "?{query}");
        }
    }

    #[test]
    fn values_are_typed() {
        let params = Params::parse("limit=0020&dry=true&rank=1.5&bad=x");
        assert_eq!(params.integer("limit"), Some(20));
        assert_eq!(params.integer("rank"), None);
        assert_eq!(params.number("rank"), Some(1.5));
        assert_eq!(params.boolean("dry"), Some(true));
        assert_eq!(params.integer("bad"), None);
    }
}
