//! The manifest of the app's build: which files a source module became, and what it needs.

use std::collections::HashMap;

use platform::{Error, Result};
use serde::Deserialize;

/// One built module.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    is_entry: bool,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    css: Vec<String>,
}

/// Files a page has to name, in the order in which they are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    /// The module that starts everything.
    pub entry: String,
    /// Modules that will be imported.
    pub scripts: Vec<String>,
    /// Style sheets.
    pub styles: Vec<String>,
}

/// The manifest as the bundler writes it.
#[derive(Debug, Clone)]
pub(crate) struct Manifest(HashMap<String, Chunk>);

impl Manifest {
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Error::internal("the manifest of the web app is broken").with_source(error)
        })
    }

    /// The files of a page whose first view is in the source file `module`.
    pub(crate) fn files(&self, module: Option<&str>) -> Result<Files> {
        let entry = self.0.iter().find(|(_, chunk)| chunk.is_entry);
        let (name, chunk) = entry.ok_or_else(|| Error::internal("the web app has no entry"))?;
        let mut files = Files {
            entry: chunk.file.clone(),
            ..Files::default()
        };
        let mut seen = vec![name.as_str()];
        self.collect(chunk, &mut seen, &mut files);
        if let Some((name, chunk)) = module.and_then(|name| self.0.get_key_value(name)) {
            seen.push(name);
            files.scripts.push(chunk.file.clone());
            self.collect(chunk, &mut seen, &mut files);
        }
        Ok(files)
    }

    fn collect<'a>(&'a self, chunk: &'a Chunk, seen: &mut Vec<&'a str>, files: &mut Files) {
        for style in &chunk.css {
            if !files.styles.contains(style) {
                files.styles.push(style.clone());
            }
        }
        for name in &chunk.imports {
            let Some(import) = self.0.get(name) else {
                continue;
            };
            if !seen.contains(&name.as_str()) {
                seen.push(name);
                if !import.is_entry {
                    files.scripts.push(import.file.clone());
                }
                self.collect(import, seen, files);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "src/main.tsx": {"file": "static/main.js", "isEntry": true, "imports": ["_a.js"], "css": ["static/main.css"]},
        "_a.js": {"file": "static/a.js", "imports": ["_b.js"]},
        "_b.js": {"file": "static/b.js", "imports": ["_a.js"], "css": ["static/b.css"]},
        "src/page.tsx": {"file": "static/page.js", "imports": ["src/main.tsx", "_b.js", "_c.js"], "css": ["static/b.css"]},
        "_c.js": {"file": "static/c.js"}
    }"#;

    #[test]
    fn a_page_names_each_file_once() {
        let manifest = Manifest::parse(TEXT.as_bytes()).unwrap();
        for (module, scripts) in [
            (None, vec!["static/a.js", "static/b.js"]),
            (Some("src/gone.tsx"), vec!["static/a.js", "static/b.js"]),
            (
                Some("src/page.tsx"),
                vec![
                    "static/a.js",
                    "static/b.js",
                    "static/page.js",
                    "static/c.js",
                ],
            ),
        ] {
            let files = manifest.files(module).unwrap();
            assert_eq!(files.entry, "static/main.js");
            assert_eq!(files.scripts, scripts, "{module:?}");
            assert_eq!(files.styles, ["static/main.css", "static/b.css"]);
        }
    }
}
