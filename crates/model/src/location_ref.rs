//! Location references: `<type>:<target>`, for example `url:https://host/catalog-info.yaml`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::entity_ref::RefError;
use crate::javascript::trim;

/// A place that catalog data is read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocationRef {
    /// Type of the location, for example `url` or `file`.
    #[serde(rename = "type")]
    pub location_type: String,
    /// Where it is, in the terms of its type.
    pub target: String,
}

impl LocationRef {
    /// A location from its parts; empty parts and script targets are rejected.
    pub fn new(
        location_type: impl Into<String>,
        target: impl Into<String>,
    ) -> Result<Self, RefError> {
        let reference = Self {
            location_type: location_type.into(),
            target: target.into(),
        };
        if reference.location_type.is_empty() {
            return Err(RefError::malformed(
                "Unable to stringify location ref, empty type",
            ));
        }
        if reference.target.is_empty() {
            return Err(RefError::malformed(
                "Unable to stringify location ref, empty target",
            ));
        }
        if is_script_url(&reference.target) {
            return Err(script_target(&reference.to_string()));
        }
        Ok(reference)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, RefError> {
        let (location_type, target) = text.split_once(':').unwrap_or(("", ""));
        let (location_type, target) = (trim(location_type), trim(target));
        if location_type.is_empty() || target.is_empty() {
            return Err(RefError::malformed(format!(
                "Unable to parse location ref '{text}', expected '<type>:<target>', \
                 e.g. 'url:https://host/path'"
            )));
        }
        if matches!(location_type, "http" | "https") {
            return Err(RefError::malformed(format!(
                "Invalid location ref '{text}', please prefix it with 'url:', e.g. 'url:{text}'"
            )));
        }
        if is_script_url(target) {
            return Err(script_target(text));
        }
        Ok(Self {
            location_type: location_type.to_owned(),
            target: target.to_owned(),
        })
    }

    /// Name of the Location entity that the catalog generates for this location.
    pub fn entity_name(&self) -> String {
        location_entity_name(&self.location_type, &self.target)
    }
}

/// Name of the Location entity that the catalog generates for a location.
pub fn location_entity_name(location_type: &str, target: &str) -> String {
    let mut hash = Sha1::new();
    for part in [location_type, ":", target] {
        hash.update(part);
    }
    format!("generated-{}", hex::encode(hash.finalize()))
}

/// Whether a browser would run the URL as a script, however it is obfuscated.
///
/// Browsers skip control characters and spaces in front of the scheme and line breaks and tabs
/// inside it.
pub fn is_script_url(url: &str) -> bool {
    let mut characters = url
        .trim_start_matches(|c| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | '\t'));
    "javascript:".chars().all(|expected| {
        characters
            .next()
            .is_some_and(|c| c.eq_ignore_ascii_case(&expected))
    })
}

fn script_target(text: &str) -> RefError {
    RefError::malformed(format!(
        "Invalid location ref '{text}', target is a javascript: URL"
    ))
}

impl FromStr for LocationRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        Self::parse(text)
    }
}

impl fmt::Display for LocationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.location_type, self.target)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<(String, String), String> {
        LocationRef::parse(text)
            .map(|l| (l.location_type, l.target))
            .map_err(|e| e.message)
    }

    #[test]
    fn type_and_target_are_trimmed() {
        for (text, location_type, target) in [
            ("url:https://host/path", "url", "https://host/path"),
            (" file : /a:b ", "file", "/a:b"),
            ("bootstrap:bootstrap", "bootstrap", "bootstrap"),
        ] {
            assert_eq!(
                parsed(text).unwrap(),
                (location_type.to_owned(), target.to_owned())
            );
        }
    }

    #[test]
    fn messages_of_bad_locations() {
        // Recorded: cat-validate-badloc.
        assert_eq!(
            parsed("nope").unwrap_err(),
            "Unable to parse location ref 'nope', expected '<type>:<target>', e.g. 'url:https://host/path'"
        );
        for text in ["", ":", "url:", " : x", "url:  "] {
            assert!(
                parsed(text)
                    .unwrap_err()
                    .starts_with("Unable to parse location ref '")
            );
        }
        assert_eq!(
            parsed("https://host").unwrap_err(),
            "Invalid location ref 'https://host', please prefix it with 'url:', e.g. 'url:https://host'"
        );
        for target in ["javascript:alert()", "\u{1} jAva\nscr\tipt:x"] {
            let text = format!("url:{target}");
            assert_eq!(
                parsed(&text).unwrap_err(),
                format!("Invalid location ref '{text}', target is a javascript: URL")
            );
        }
        assert!(parsed("url:javascript").is_ok());
        LocationRef::new("", "x").unwrap_err();
        LocationRef::new("x", "").unwrap_err();
    }

    #[test]
    fn generated_names_are_stable() {
        let location = LocationRef::parse("url:http://127.0.0.1:9/catalog-info.yaml").unwrap();
        assert_eq!(
            location.entity_name(),
            "generated-75dad1db1b5d48accae556bd22b110c92b9ec335"
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_round_trips(text in ".{0,24}") {
            if let Ok(location) = LocationRef::parse(&text) {
                prop_assert_eq!(LocationRef::parse(&location.to_string()).unwrap(), location);
            }
        }
    }
}
