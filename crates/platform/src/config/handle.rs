//! The loaded configuration as the rest of the program sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use model::{Position, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::de;
use super::duration::HumanDuration;
use super::files::{FileSet, Sources};
use super::path;
use super::tree::Mark;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// File, or variable, as shown to people.
    pub file: Arc<str>,
    /// Place of the key in the file.
    pub position: Option<Position>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.position {
            Some(position) => write!(f, ":{}:{}", position.line, position.column),
            None => Ok(()),
        }
    }
}

/// A value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// JSON pointer to the value.
    pub pointer: String,
    /// What is wrong; never contains the value.
    pub message: String,
    /// Where it was written.
    pub origin: Option<Origin>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        write!(f, "`{}`: {}", path::of_pointer(&self.pointer), self.message)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        let mut problem = Self::error("config.value", error.pointer, error.message);
        if let Some(origin) = error.origin {
            problem = problem.at(&*origin.file, origin.position);
        }
        problem
    }
}

/// A loaded configuration; cheap to clone.
#[derive(Clone)]
pub struct Config {
    inner: Arc<Inner>,
}

struct Inner {
    root: Value,
    marks: BTreeMap<String, Mark>,
    files: FileSet,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = &self.inner.files.sources;
        f.debug_struct("Config")
            .field("sources", sources)
            .finish_non_exhaustive()
    }
}

impl From<Value> for Config {
    /// A configuration that comes from no file: for tests.
    fn from(root: Value) -> Self {
        Self::new(root, BTreeMap::new(), FileSet::default())
    }
}

impl Config {
    pub(super) fn new(root: Value, marks: BTreeMap<String, Mark>, files: FileSet) -> Self {
        Self {
            inner: Arc::new(Inner { root, marks, files }),
        }
    }

    /// Everything, with secrets: not to be shown to anybody.
    pub fn root(&self) -> &Value {
        &self.inner.root
    }

    /// The files that were read, included ones too.
    pub fn files(&self) -> &[PathBuf] {
        &self.inner.files.paths
    }

    /// What values come from.
    pub(super) fn sources(&self) -> &Sources {
        &self.inner.files.sources
    }

    /// The value at a path such as `backend.baseUrl`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.inner
            .root
            .pointer(&path::to_pointer(path))
            .filter(|value| !value.is_null())
    }

    /// Where the value at a path was written.
    pub fn origin_of(&self, path: &str) -> Option<Origin> {
        self.origin_at(&path::to_pointer(path))
    }

    /// Where the value at a JSON pointer was written, or the closest object around it.
    pub(super) fn origin_at(&self, pointer: &str) -> Option<Origin> {
        let mut pointer = pointer;
        loop {
            if let Some(mark) = self.inner.marks.get(pointer) {
                return self.inner.files.sources.origin(*mark);
            }
            pointer = &pointer[..pointer.rfind('/').filter(|at| *at > 0)?];
        }
    }

    /// A typed section; an absent one is read like an empty one.
    pub fn section<T: DeserializeOwned>(&self, path: &str) -> Result<T, ConfigError> {
        let empty = Value::Object(Map::new());
        self.typed(path, self.get(path).unwrap_or(&empty))
    }

    /// A typed value, `None` when it is absent.
    pub fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ConfigError> {
        self.get(path)
            .map(|value| self.typed(path, value))
            .transpose()
    }

    fn typed<T: DeserializeOwned>(&self, path: &str, value: &Value) -> Result<T, ConfigError> {
        de::from_value(value)
            .map_err(|misfit| self.error(path::to_pointer(path) + &misfit.pointer, misfit.message))
    }

    fn error(&self, pointer: String, message: String) -> ConfigError {
        let origin = self.origin_at(&pointer);
        ConfigError {
            pointer,
            message,
            origin,
        }
    }

    /// A string that must be there.
    pub fn string(&self, path: &str) -> Result<String, ConfigError> {
        let missing = || self.error(path::to_pointer(path), "the value is missing".to_owned());
        self.opt_string(path)?.ok_or_else(missing)
    }

    /// A string.
    pub fn opt_string(&self, path: &str) -> Result<Option<String>, ConfigError> {
        self.read(path)
    }

    /// A boolean.
    pub fn bool(&self, path: &str) -> Result<Option<bool>, ConfigError> {
        self.read(path)
    }

    /// A number.
    pub fn number(&self, path: &str) -> Result<Option<f64>, ConfigError> {
        self.read(path)
    }

    /// A duration in any spelling.
    pub fn duration(&self, path: &str) -> Result<Option<HumanDuration>, ConfigError> {
        self.read(path)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::environment::Environment;
    use super::super::load::load_text;
    use super::*;

    #[test]
    fn values_are_read_with_conversion() {
        let config = Config::from(json!({
            "a": { "text": 10, "flag": "true", "count": "1.5", "time": "5m", "gone": null }
        }));
        assert_eq!(config.string("a.text").unwrap(), "10");
        assert_eq!(config.bool("a.flag").unwrap(), Some(true));
        assert_eq!(config.number("a.count").unwrap(), Some(1.5));
        assert_eq!(
            config.duration("a.time").unwrap().unwrap().get(),
            Duration::from_mins(5)
        );
        assert_eq!(config.opt_string("a.gone").unwrap(), None);
        assert_eq!(config.opt_string("b.c").unwrap(), None);
        assert_eq!(
            config.string("b.c").unwrap_err().to_string(),
            "`b.c`: the value is missing"
        );
    }

    #[test]
    fn errors_name_file_and_line() {
        let text = "backend:\n  listen:\n    port: seven\n";
        let (config, _) = load_text("app-config.yaml", text, &Environment::default());
        let error = config
            .section::<super::super::BackendConfig>("backend")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "app-config.yaml:3:5: `backend.listen.port`: expected a whole number, found a string"
        );
        assert_eq!(
            config.origin_of("backend.listen").unwrap().to_string(),
            "app-config.yaml:2:3"
        );
        assert_eq!(config.origin_of("app"), None);
    }

    #[test]
    fn debug_shows_sources_only() {
        let text = "backend: {token: hunter22}";
        let (config, _) = load_text("app-config.yaml", text, &Environment::default());
        assert_eq!(
            format!("{config:?}"),
            r#"Config { sources: ["app-config.yaml"], .. }"#
        );
    }
}
