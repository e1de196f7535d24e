//! What the host adds to the language: filters, functions and values.
//!
//! A template reaches nothing of the host but these.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value as Json;

/// A function of the host over JSON; `None` is undefined, and an error becomes one of the template.
type Function = Box<dyn Fn(&[Option<Json>]) -> Result<Option<Json>, String> + Send + Sync>;

/// Filters, functions and values that templates may use.
#[derive(Default)]
pub struct Host {
    filters: HashMap<String, Function>,
    functions: Vec<(String, Function)>,
    values: HashMap<String, Json>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("filters", &self.filters.keys())
            .field("functions", &self.functions.len())
            .field("values", &self.values.keys())
            .finish()
    }
}

impl Host {
    /// A host that adds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a filter; the first argument is the filtered value. It hides a built-in one.
    #[must_use]
    pub fn with_filter(
        mut self,
        name: impl Into<String>,
        filter: impl Fn(&[Option<Json>]) -> Result<Option<Json>, String> + Send + Sync + 'static,
    ) -> Self {
        self.filters.insert(name.into(), Box::new(filter));
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn with_function(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[Option<Json>]) -> Result<Option<Json>, String> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        self.functions.retain(|(known, _)| *known != name);
        self.functions.push((name, Box::new(function)));
        self
    }

    /// Adds a value; the context hides it.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<String>, value: Json) -> Self {
        self.values.insert(name.into(), value);
        self
    }

    /// Names of the filters that were added.
    pub fn filter_names(&self) -> impl Iterator<Item = &str> {
        self.filters.keys().map(String::as_str)
    }

    /// Names of the functions and values that were added.
    pub fn global_names(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.iter().map(|(name, _)| name.as_str());
        functions.chain(self.values.keys().map(String::as_str))
    }

    pub(crate) fn filter(&self, name: &str) -> Option<&Function> {
        self.filters.get(name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Json> {
        self.values.get(name)
    }

    pub(crate) fn function_index(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|(known, _)| known == name)
    }

    pub(crate) fn function(&self, index: usize) -> Option<&(String, Function)> {
        self.functions.get(index)
    }
}
