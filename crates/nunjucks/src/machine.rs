//! What a rendering has besides names: the containers it made, and what it may still spend.
//!
//! Containers are kept in lists and never freed before the end: nothing is dropped recursively,
//! and the meter bounds how many there are.

mod member;
mod python;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::error::{Result, fault};
use crate::limits::{Limits, Meter};
use crate::number;
use crate::parser::is_reserved;
use crate::text;
use crate::value::{Array, ArrayId, LOOP_MEMBERS, Record, RecordId, RegexId, Text, Value};

/// Deepest nesting of containers that is written out.
pub(crate) const MAX_NESTING: usize = 256;
/// Most entries of one container.
const MAX_ENTRIES: usize = 100_000;

/// A regular expression, which remembers where its last match ended.
#[derive(Debug)]
pub(crate) struct RegexCell<'a> {
    pub source: &'a str,
    pub flags: &'a str,
    pub compiled: regex::Regex,
    /// In code units.
    pub last_index: usize,
}

/// A record that the template made.
type Members<'a> = IndexMap<Text<'a>, Value<'a>>;

#[derive(Debug)]
pub(crate) struct Machine<'a> {
    arrays: Vec<Vec<Value<'a>>>,
    records: Vec<Members<'a>>,
    regexes: Vec<RegexCell<'a>>,
    pub meter: Meter,
    /// Whether a text was cut inside of a surrogate pair.
    has_halves: bool,
    /// Whether a container holds something that can be called.
    holds_callables: bool,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            arrays: Vec::new(),
            records: Vec::new(),
            regexes: Vec::new(),
            meter: Meter::new(limits),
            has_halves: false,
            holds_callables: false,
        }
    }

    /// A new array.
    pub(crate) fn array(&mut self, items: Vec<Value<'a>>) -> Result<Value<'a>> {
        check_size(items.len())?;
        self.meter.work(items.len())?;
        self.note_callables(&items);
        let id = ArrayId(u32::try_from(self.arrays.len()).unwrap_or(u32::MAX));
        self.arrays.push(items);
        Ok(Value::Array(Array::Made(id)))
    }

    /// A new record; keys that are indices come first, as in JavaScript.
    pub(crate) fn record(
        &mut self,
        members: impl IntoIterator<Item = (Text<'a>, Value<'a>)>,
    ) -> Result<Value<'a>> {
        let mut entries = Members::default();
        for (name, value) in members {
            if is_reserved(&name) {
                return Err(fault(format!("the key `{}` is reserved", &*name)));
            }
            self.holds_callables |= matches!(value, Value::Callable(_));
            entries.insert(name, value);
        }
        check_size(entries.len())?;
        self.meter.work(entries.len())?;
        if entries.keys().any(|name| member::index_key(name).is_some()) {
            entries.sort_by_key(|name, _| member::index_key(name).unwrap_or(u32::MAX));
        }
        let id = RecordId(u32::try_from(self.records.len()).unwrap_or(u32::MAX));
        self.records.push(entries);
        Ok(Value::Record(Record::Made(id)))
    }

    fn note_callables(&mut self, items: &[Value<'a>]) {
        self.holds_callables |= items.iter().any(|item| matches!(item, Value::Callable(_)));
    }

    /// A new text, paid for.
    pub(crate) fn text(&mut self, text: String) -> Result<Value<'a>> {
        self.meter.scratch(text.len())?;
        Ok(Value::Text(text.into()))
    }

    /// A text out of pieces of another, which may have cut a pair.
    pub(crate) fn cut(&mut self, text: impl Into<String>) -> Result<Value<'a>> {
        let text = text.into();
        self.has_halves = self.has_halves || text::has_halves(&text);
        self.text(text)
    }

    /// Each code unit of a text as a text.
    pub(crate) fn unit_texts(&mut self, text: &str) -> Result<Vec<Value<'a>>> {
        self.meter.work(text.len())?;
        self.has_halves = self.has_halves || !text.is_ascii();
        Ok(text::split_units(text).map(Value::from).collect())
    }

    /// The output with the halves of pairs put together.
    pub(crate) fn finish(&self, output: String) -> String {
        if self.has_halves && text::has_halves(&output) {
            text::join_halves(&output)
        } else {
            output
        }
    }

    /// A new regular expression.
    pub(crate) fn regex(&mut self, cell: RegexCell<'a>) -> Value<'a> {
        let id = RegexId(u32::try_from(self.regexes.len()).unwrap_or(u32::MAX));
        self.regexes.push(cell);
        Value::Regex(id)
    }

    pub(crate) fn regex_cell(&self, id: RegexId) -> &RegexCell<'a> {
        &self.regexes[id.0 as usize]
    }

    pub(crate) fn regex_cell_mut(&mut self, id: RegexId) -> &mut RegexCell<'a> {
        &mut self.regexes[id.0 as usize]
    }

    pub(crate) fn array_len(&self, array: Array<'a>) -> usize {
        match array {
            Array::Given(items) => items.len(),
            Array::Made(id) => self.arrays[id.0 as usize].len(),
        }
    }

    /// An item, or undefined behind the end.
    pub(crate) fn item(&self, array: Array<'a>, index: usize) -> Value<'a> {
        match array {
            Array::Given(items) => items.get(index).map_or(Value::Undefined, Value::from),
            Array::Made(id) => self.arrays[id.0 as usize]
                .get(index)
                .cloned()
                .unwrap_or(Value::Undefined),
        }
    }

    /// A copy of the items.
    pub(crate) fn items(&mut self, array: Array<'a>) -> Result<Vec<Value<'a>>> {
        self.meter.work(self.array_len(array))?;
        Ok(match array {
            Array::Given(items) => items.iter().map(Value::from).collect(),
            Array::Made(id) => self.arrays[id.0 as usize].clone(),
        })
    }

    /// Replaces the items of an array that the template made, or that was copied for it.
    pub(crate) fn replace_items(&mut self, array: Array<'a>, items: Vec<Value<'a>>) -> Result<()> {
        let Array::Made(id) = array else {
            return Err(fault("this array cannot be changed"));
        };
        check_size(items.len())?;
        self.meter.work(items.len())?;
        for item in &items {
            self.check_containment(id, item, 0)?;
        }
        self.note_callables(&items);
        self.arrays[id.0 as usize] = items;
        Ok(())
    }

    /// An array must not come to hold itself.
    fn check_containment(&mut self, owner: ArrayId, value: &Value<'a>, depth: usize) -> Result<()> {
        check_nesting(depth)?;
        match value {
            Value::Array(Array::Made(id)) if *id == owner => {
                Err(fault("an array cannot hold itself"))
            }
            Value::Array(array @ Array::Made(_)) => {
                let items = self.items(*array)?;
                items
                    .iter()
                    .try_for_each(|item| self.check_containment(owner, item, depth + 1))
            }
            Value::Record(record @ Record::Made(_)) => {
                let entries = self.entries(*record)?;
                entries
                    .iter()
                    .try_for_each(|(_, item)| self.check_containment(owner, item, depth + 1))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn record_len(&self, record: Record<'a>) -> usize {
        match record {
            Record::Given(members) => members.len(),
            Record::Made(id) => self.records[id.0 as usize].len(),
            Record::Loop(_) => LOOP_MEMBERS.len(),
        }
    }

    /// A member, if the record has it.
    pub(crate) fn member(&self, record: Record<'a>, name: &str) -> Option<Value<'a>> {
        match record {
            Record::Given(_) | Record::Made(_) if is_reserved(name) => None,
            Record::Given(members) => members.get(name).map(Value::from),
            Record::Made(id) => self.records[id.0 as usize].get(name).cloned(),
            Record::Loop(state) => Record::loop_member(state, name),
        }
    }

    /// The members in the order of JavaScript.
    pub(crate) fn entries(&mut self, record: Record<'a>) -> Result<Vec<(Text<'a>, Value<'a>)>> {
        self.meter.work(self.record_len(record))?;
        Ok(match record {
            Record::Given(members) => ordered(members)
                .into_iter()
                .map(|(name, value)| (Text::Borrowed(name), Value::from(value)))
                .collect(),
            Record::Made(id) => self.records[id.0 as usize]
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            Record::Loop(state) => LOOP_MEMBERS
                .into_iter()
                .filter_map(|name| Some((name.into(), Record::loop_member(state, name)?)))
                .collect(),
        })
    }

    /// Refuses functions, also inside of containers: they are no data.
    pub(crate) fn check_data(&mut self, value: &Value<'a>) -> Result<()> {
        self.check_data_at(value, 0)
    }

    fn check_data_at(&mut self, value: &Value<'a>, depth: usize) -> Result<()> {
        match value {
            Value::Callable(_) => Err(fault("a function is not a value that can be used here")),
            Value::Array(array @ Array::Made(_)) if self.holds_callables => {
                check_nesting(depth)?;
                let items = self.items(*array)?;
                items
                    .iter()
                    .try_for_each(|item| self.check_data_at(item, depth + 1))
            }
            Value::Record(record @ Record::Made(_)) if self.holds_callables => {
                check_nesting(depth)?;
                let entries = self.entries(*record)?;
                entries
                    .iter()
                    .try_for_each(|(_, item)| self.check_data_at(item, depth + 1))
            }
            _ => Ok(()),
        }
    }

    /// A value of the host or of the context as one of the template's own, which it may change.
    pub(crate) fn adopt(&mut self, json: &Json) -> Result<Value<'a>> {
        self.adopt_at(json, 0)
    }

    fn adopt_at(&mut self, json: &Json, depth: usize) -> Result<Value<'a>> {
        check_nesting(depth)?;
        match json {
            Json::Null => Ok(Value::Null),
            Json::Bool(value) => Ok(Value::Bool(*value)),
            Json::Number(number) => Ok(Value::Number(number.as_f64().unwrap_or(f64::NAN))),
            Json::String(text) => self.text(text.clone()),
            Json::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.adopt_at(item, depth + 1))
                    .collect::<Result<Vec<_>>>()?;
                self.array(items)
            }
            Json::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| {
                        Ok((Text::from(name.clone()), self.adopt_at(value, depth + 1)?))
                    })
                    .collect::<Result<Vec<_>>>()?;
                self.record(members)
            }
        }
    }

    /// A value as JSON; `None` is undefined.
    pub(crate) fn json_of(&mut self, value: &Value<'a>) -> Result<Option<Json>> {
        self.check_data(value)?;
        self.json_at(value, 0)
    }

    fn json_at(&mut self, value: &Value<'a>, depth: usize) -> Result<Option<Json>> {
        check_nesting(depth)?;
        self.meter.work(1)?;
        Ok(Some(match value {
            Value::Undefined => return Ok(None),
            Value::Null | Value::Callable(_) => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => number::to_json(*number),
            Value::Text(text) | Value::Safe(text) => {
                self.meter.scratch(text.len())?;
                Json::String(self.finish(text.as_str().to_owned()))
            }
            Value::Regex(id) => Json::String(self.regex_text(*id)),
            Value::Array(array) => {
                let items = self.items(*array)?;
                let mut output = Vec::with_capacity(items.len());
                for item in &items {
                    output.push(self.json_at(item, depth + 1)?.unwrap_or_default());
                }
                Json::Array(output)
            }
            Value::Record(record) => {
                let mut output = Map::new();
                for (name, item) in self.entries(*record)? {
                    if let Some(item) = self.json_at(&item, depth + 1)? {
                        output.insert(self.finish(name.as_str().to_owned()), item);
                    }
                }
                Json::Object(output)
            }
        }))
    }

    /// A regular expression as JavaScript writes it.
    pub(crate) fn regex_text(&self, id: RegexId) -> String {
        let cell = self.regex_cell(id);
        let mut source = String::new();
        for c in cell.source.chars() {
            match c {
                '\n' => source.push_str("\\n"),
                '\r' => source.push_str("\\r"),
                '\u{2028}' => source.push_str("\\u2028"),
                '\u{2029}' => source.push_str("\\u2029"),
                c => source.push(c),
            }
        }
        if source.is_empty() {
            source.push_str("(?:)");
        }
        let flags: String = "gimy"
            .chars()
            .filter(|flag| cell.flags.contains(*flag))
            .collect();
        format!("/{source}/{flags}")
    }
}

/// Members in the order of JavaScript: indices by size, then names as they were added.
pub(crate) fn ordered(members: &Map<String, Json>) -> Vec<(&str, &Json)> {
    let mut entries: Vec<(&str, &Json)> = members
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    if entries
        .iter()
        .any(|(name, _)| member::index_key(name).is_some())
    {
        entries.sort_by_key(|(name, _)| member::index_key(name).unwrap_or(u32::MAX));
    }
    entries
}

pub(crate) fn check_nesting(depth: usize) -> Result<()> {
    if depth > MAX_NESTING {
        return Err(fault("the value is nested too deeply"));
    }
    Ok(())
}

pub(crate) fn check_size(len: usize) -> Result<()> {
    if len > MAX_ENTRIES {
        return Err(fault(format!(
            "a value cannot have more than {MAX_ENTRIES} entries"
        )));
    }
    Ok(())
}
