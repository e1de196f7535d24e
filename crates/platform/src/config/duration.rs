//! Durations as Backstage's configuration spells them: ISO 8601 (`PT10M`), `ms` style (`2 hours`)
//! and objects (`{ minutes: 10 }`).
//!
//! Invariant: a duration is never negative and never longer than a thousand years, so that adding it
//! to a time cannot overflow.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

const SECOND: f64 = 1000.0;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;
const MONTH: f64 = 30.0 * DAY;
const YEAR: f64 = 365.0 * DAY;
/// A year of the `ms` spelling, before its whole years become [`YEAR`]s.
const MS_YEAR: f64 = 365.25 * DAY;
const MAX_MILLIS: f64 = 1000.0 * YEAR;
const MAX_TEXT: usize = 100;

/// The units of the object form, in the order in which Backstage lists them.
const UNITS: [&str; 8] = [
    "years",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
];
/// Their lengths.
const LENGTHS: [f64; 8] = [YEAR, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, 1.0];

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Only digits: nobody knows which unit was meant.
    #[error("a duration needs a unit, such as `500ms` or `30 seconds`")]
    NoUnit,
    /// Neither spelling fits.
    #[error("not a duration; write `PT10M`, `10 minutes` or an object such as `{{ minutes: 10 }}`")]
    Malformed,
    /// Time does not run backwards here.
    #[error("a duration must not be negative")]
    Negative,
    /// More than a thousand years.
    #[error("a duration must be shorter than 1000 years")]
    TooLong,
}

/// A length of time in any of Backstage's three spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// Whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// As the standard library counts.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err(DurationError::Malformed);
        }
        let millis = match text.strip_prefix('P') {
            Some(rest) => iso_millis(rest)?,
            None => ms_millis(text)?,
        };
        from_millis(millis).map(Self)
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_secs();
        let (days, hours) = (total / 86_400, total / 3600 % 24);
        let (minutes, seconds, nanos) = (total / 60 % 60, total % 60, self.0.subsec_nanos());
        f.write_char('P')?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if days > 0 && total.is_multiple_of(86_400) && nanos == 0 {
            return Ok(());
        }
        f.write_char('T')?;
        for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        if nanos > 0 {
            let fraction = format!("{nanos:09}");
            write!(f, "{seconds}.{}S", fraction.trim_end_matches('0'))
        } else if seconds > 0 || total == 0 {
            write!(f, "{seconds}S")
        } else {
            Ok(())
        }
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Spelling { numbers: false })
            .map(Self)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let units: serde_json::Map<_, _> = UNITS
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({ "type": "number" })))
            .collect();
        json_schema!({
            "description": "A duration: ISO 8601 (`PT10M`), a number with a unit (`2 hours`) or an object (`{ minutes: 10 }`).",
            "x-type": "duration",
            "x-check": "duration",
            "anyOf": [
                { "type": "string" },
                { "type": "object", "properties": units, "additionalProperties": false }
            ]
        })
    }
}

/// A [`HumanDuration`] that may also be a plain number of milliseconds, as Node's server options are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(HumanDuration);

impl Millis {
    /// Whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(HumanDuration::from_secs(secs))
    }

    /// As the standard library counts.
    pub const fn get(self) -> Duration {
        self.0.get()
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let duration = deserializer.deserialize_any(Spelling { numbers: true })?;
        Ok(Self(HumanDuration(duration)))
    }
}

impl JsonSchema for Millis {
    fn schema_name() -> Cow<'static, str> {
        "DurationOrMilliseconds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, or a number of milliseconds.",
            "x-type": "duration or milliseconds",
            "x-check": "duration-or-milliseconds",
            "anyOf": [{ "type": "number" }, generator.subschema_for::<HumanDuration>()]
        })
    }
}

/// Reads every spelling; plain numbers only where they mean milliseconds.
pub(super) struct Spelling {
    pub(super) numbers: bool,
}

impl Spelling {
    fn number<E: de::Error>(&self, millis: f64) -> Result<Duration, E> {
        if !self.numbers {
            return Err(E::custom(DurationError::NoUnit));
        }
        from_millis(millis).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for Spelling {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `PT10M`, `10 minutes` or `{ minutes: 10 }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        text.parse::<HumanDuration>()
            .map(HumanDuration::get)
            .map_err(E::custom)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "more than 2^53 ms is refused anyway"
    )]
    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Duration, E> {
        self.number(millis as f64)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "more than 2^53 ms is refused anyway"
    )]
    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Duration, E> {
        self.number(millis as f64)
    }

    fn visit_f64<E: de::Error>(self, millis: f64) -> Result<Duration, E> {
        self.number(millis)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Duration, A::Error> {
        let mut millis = None;
        while let Some(key) = map.next_key::<String>()? {
            let Some(unit) = UNITS.iter().position(|name| *name == key) else {
                return Err(de::Error::unknown_field(&key, &UNITS));
            };
            *millis.get_or_insert(0.0) += LENGTHS[unit] * map.next_value::<f64>()?;
        }
        let millis = millis.ok_or_else(|| de::Error::custom(DurationError::Malformed))?;
        from_millis(millis).map_err(de::Error::custom)
    }
}

fn from_millis(millis: f64) -> Result<Duration, DurationError> {
    if millis.is_nan() {
        return Err(DurationError::Malformed);
    }
    if millis < 0.0 {
        return Err(DurationError::Negative);
    }
    if millis > MAX_MILLIS {
        return Err(DurationError::TooLong);
    }
    if millis.fract() != 0.0 {
        return Duration::try_from_secs_f64(millis / SECOND).map_err(|_| DurationError::TooLong);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number between 0 and MAX_MILLIS"
    )]
    let whole = millis as u64;
    Ok(Duration::from_millis(whole))
}

/// `10 minutes`, `1.5h`: a number, spaces, a unit.
fn ms_millis(text: &str) -> Result<f64, DurationError> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError::NoUnit);
    }
    let digits = text
        .bytes()
        .take_while(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9'))
        .count();
    let (number, unit) = text.split_at(digits);
    let number = decimal(number).ok_or(DurationError::Malformed)?;
    let unit = match unit.trim_start_matches(' ').to_ascii_lowercase().as_str() {
        "" | "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1.0,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => WEEK,
        "y" | "yr" | "yrs" | "year" | "years" => MS_YEAR,
        _ => return Err(DurationError::Malformed),
    };
    let millis = number * unit;
    // Whole years of this spelling become calendar years of 365 days, as in Backstage.
    let years = (millis / MS_YEAR).floor().max(0.0);
    Ok(millis - years * (MS_YEAR - YEAR))
}

/// `-1.5`, `.5`, `7`; not `1.` and not `1e3`.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let well_formed = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
        && digits
            .bytes()
            .next_back()
            .is_some_and(|byte| byte.is_ascii_digit());
    well_formed.then(|| text.parse().ok()).flatten()
}

/// What follows the `P` of an ISO 8601 duration.
fn iso_millis(text: &str) -> Result<f64, DurationError> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return Err(DurationError::Malformed),
        None => (text, ""),
    };
    let date_units = [('Y', YEAR), ('M', MONTH), ('W', WEEK), ('D', DAY)];
    let time_units = [('H', HOUR), ('M', MINUTE), ('S', SECOND)];
    let parts = [iso_part(date, &date_units)?, iso_part(time, &time_units)?];
    parts
        .into_iter()
        .flatten()
        .reduce(|a, b| a + b)
        .ok_or(DurationError::Malformed)
}

/// Numbers with units, each unit at most once and in order; `None` when the part is empty.
fn iso_part(mut text: &str, units: &[(char, f64)]) -> Result<Option<f64>, DurationError> {
    let mut units = units.iter();
    let mut total = None;
    while !text.is_empty() {
        let end = text
            .find(|c: char| c.is_ascii_uppercase())
            .ok_or(DurationError::Malformed)?;
        let name = text[end..].chars().next();
        let (_, unit) = units
            .find(|(unit, _)| Some(*unit) == name)
            .ok_or(DurationError::Malformed)?;
        let number = text[..end].replace(',', ".");
        let number = decimal(&number).ok_or(DurationError::Malformed)?;
        *total.get_or_insert(0.0) += number * unit;
        text = &text[end + 1..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let table = [
            (json!("PT10M"), 600_000),
            (json!("P1D"), 86_400_000),
            (json!("P2DT6H"), 194_400_000),
            (json!("P1Y2M3W4DT5H6M7.089S"), 38_898_367_089_u64),
            (json!("PT1,5S"), 1500),
            (json!("PT0S"), 0),
            (json!("P1DT-1H"), 82_800_000),
            (json!("30m"), 1_800_000),
            (json!("2 hours"), 7_200_000),
            (json!("  1d "), 86_400_000),
            (json!("1.5h"), 5_400_000),
            (json!(".5s"), 500),
            (json!("10 MINUTES"), 600_000),
            (json!("1y"), 31_536_000_000),
            (json!("1w"), 604_800_000),
            (json!("100ms"), 100),
            (json!({ "minutes": 10 }), 600_000),
            (
                json!({ "hours": 1, "minutes": 30, "seconds": 1.5 }),
                5_401_500,
            ),
            (json!({ "years": 1, "months": 1 }), 34_128_000_000),
        ];
        for (spelling, millis) in table {
            let read: HumanDuration = serde_json::from_value(spelling.clone()).unwrap();
            assert_eq!(read, HumanDuration::from_millis(millis), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_reason() {
        let table = [
            (json!("10"), "needs a unit"),
            (json!(10), "needs a unit"),
            (json!(""), "not a duration"),
            (json!("soon"), "not a duration"),
            (json!("1 fortnight"), "not a duration"),
            (json!("1e3s"), "not a duration"),
            (json!("1."), "not a duration"),
            (json!("P"), "not a duration"),
            (json!("PT"), "not a duration"),
            (json!("P1M1Y"), "not a duration"),
            (json!("PT1"), "not a duration"),
            (json!("-1s"), "must not be negative"),
            (json!("P-1D"), "must not be negative"),
            (json!("P1001Y"), "shorter than 1000 years"),
            (json!({}), "not a duration"),
            (json!({ "minutes": -1 }), "must not be negative"),
            (json!({ "minute": 1 }), "unknown field `minute`"),
            (json!(true), "expected a duration"),
        ];
        for (spelling, reason) in table {
            let error = serde_json::from_value::<HumanDuration>(spelling.clone()).unwrap_err();
            assert!(error.to_string().contains(reason), "{spelling}: {error}");
        }
    }

    #[test]
    fn numbers_are_milliseconds_only_where_that_is_meant() {
        let read = |value: Value| serde_json::from_value::<Millis>(value).unwrap().get();
        assert_eq!(read(json!(1500)), Duration::from_millis(1500));
        assert_eq!(read(json!("PT1S")), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(millis in 0_u64..30_000_000_000_000) {
            let duration = HumanDuration::from_millis(millis);
            prop_assert_eq!(duration.to_string().parse::<HumanDuration>(), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(P|-|)[0-9YMWDTHS.,a-z -]{0,20}|.{0,30}") {
            if let Ok(duration) = text.parse::<HumanDuration>() {
                prop_assert!(duration.get() <= Duration::from_hours(1000 * 365 * 24));
            }
        }
    }
}
