//! Notifications: what they say, how important they are, whom they are for.

use model::{DEFAULT_NAMESPACE, EntityRef};
use platform::{Error, Millis, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

/// Characters of a title.
const MAX_TITLE: usize = 1_000;
/// Characters of a description.
const MAX_DESCRIPTION: usize = 10_000;
/// Characters of a link.
const MAX_LINK: usize = 2_000;
/// Characters of everything else.
const MAX_NAME: usize = 255;
/// Entities that one request names.
const MAX_ENTITIES: usize = 1_000;

/// How important a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For when there is time.
    Low,
    /// As most are.
    #[default]
    Normal,
    /// Sooner than others.
    High,
    /// Now.
    Critical,
}

impl Severity {
    const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Its place in the order, as it is stored.
    pub(crate) fn rank(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Critical => 3,
        }
    }

    pub(crate) fn of_rank(rank: i64) -> Self {
        let found = Self::ALL.into_iter().find(|it| it.rank() == rank);
        found.unwrap_or_default()
    }
}

/// What a notification says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Payload {
    /// The line that everybody sees.
    pub title: String,
    /// The text below.
    pub description: Option<String>,
    /// Where it leads: an address of the web, or a path of the portal.
    pub link: Option<String>,
    /// How important it is.
    pub severity: Option<Severity>,
    /// What it is about, for settings and filters.
    pub topic: Option<String>,
    /// What it takes the place of: the one before with the same.
    pub scope: Option<String>,
    /// The name of an icon.
    pub icon: Option<String>,
}

impl Payload {
    /// Fails if a part is too long, or leads to what is no page.
    pub(crate) fn check(&self) -> Result<()> {
        let parts = [
            ("title", Some(&self.title), MAX_TITLE),
            ("description", self.description.as_ref(), MAX_DESCRIPTION),
            ("link", self.link.as_ref(), MAX_LINK),
            ("topic", self.topic.as_ref(), MAX_NAME),
            ("scope", self.scope.as_ref(), MAX_NAME),
            ("icon", self.icon.as_ref(), MAX_NAME),
        ];
        for (name, text, limit) in parts {
            if text.is_some_and(|text| text.chars().count() > limit) {
                let message = format!("the {name} has more than {limit} characters");
                return Err(Error::input(message));
            }
        }
        self.link.as_deref().map_or(Ok(()), check_link)
    }

    /// What was said, and the severity.
    fn said(&self) -> Value {
        let mut said = Map::new();
        for (name, value) in self.members() {
            if !value.is_null() {
                said.insert(name.to_owned(), value);
            }
        }
        said.into()
    }

    fn members(&self) -> [(&'static str, Value); 7] {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        [
            ("title", self.title.as_str().into()),
            ("description", text(&self.description)),
            ("link", text(&self.link)),
            ("topic", text(&self.topic)),
            ("severity", self.severity.unwrap_or_default().name().into()),
            ("scope", text(&self.scope)),
            ("icon", text(&self.icon)),
        ]
    }
}

/// A link must lead to a page of the portal or of the web: a browser would run some others.
fn check_link(link: &str) -> Result<()> {
    let base = Url::parse("http://localhost/");
    let parsed = base.and_then(|base| base.join(link));
    let cause = match parsed {
        Ok(url) if matches!(url.scheme(), "http" | "https") => return Ok(()),
        Ok(_) => "Only HTTP/HTTPS links are allowed",
        Err(_) => "Invalid URL",
    };
    let message = format!("Invalid link provided; caused by Error: {cause}");
    let field = json!({ "name": "Error", "message": cause });
    Err(Error::input(message).with_field("cause", field))
}

/// Whom a notification is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Everybody,
    /// The users behind some entities, without those behind others.
    Entities {
        /// References of entities.
        refs: Vec<String>,
        /// References of entities whose users are left out.
        excluded: Vec<String>,
    },
}

impl Audience {
    /// Reads `recipients` of a request.
    pub(crate) fn of_json(recipients: &Value) -> Result<Self> {
        if recipients["type"] == "broadcast" {
            return Ok(Self::Everybody);
        }
        let refs = refs_of(&recipients["entityRef"], "entityRef")?;
        if refs.is_empty() {
            return Err(Error::input(
                "request/body/recipients must have required property 'entityRef'",
            ));
        }
        let excluded = refs_of(&recipients["excludeEntityRef"], "excludeEntityRef")?;
        Self::of_refs(refs, excluded)
    }

    /// The users behind entities whose references are as people write them.
    pub(crate) fn of_refs(refs: Vec<String>, excluded: Vec<String>) -> Result<Self> {
        if refs.len() + excluded.len() > MAX_ENTITIES {
            return Err(Error::input(format!("more than {MAX_ENTITIES} entities")));
        }
        let parse = |list: Vec<String>| -> Result<Vec<String>> {
            let parsed = list.iter().map(|entity_ref| {
                EntityRef::parse(entity_ref, None, DEFAULT_NAMESPACE)
                    .map(|it| it.to_string().to_lowercase())
                    .map_err(|error| Error::input(error.to_string()))
            });
            parsed.collect()
        };
        Ok(Self::Entities {
            refs: parse(refs)?,
            excluded: parse(excluded)?,
        })
    }
}

/// One reference, several, or none.
fn refs_of(value: &Value, name: &str) -> Result<Vec<String>> {
    let wrong = || {
        Error::input(format!(
            "request/body/recipients/{name} must be string,array"
        ))
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(list) => {
            let texts = list.iter().map(|it| it.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// A notification as a user has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub id: String,
    /// Whose it is; everybody's without.
    pub user_ref: Option<String>,
    pub origin: String,
    pub payload: Payload,
    pub created_at: Millis,
    pub updated_at: Option<Millis>,
    pub read_at: Option<Millis>,
    pub saved_at: Option<Millis>,
    /// Whether it was made just now, and did not take the place of another one.
    pub is_new: bool,
}

impl Notification {
    /// The notification as answers have it: what is new tells only what was said.
    pub(crate) fn to_json(&self) -> Value {
        if self.is_new {
            return json!({
                "payload": self.payload.said(),
                "origin": self.origin,
                "created": timestamp(self.created_at),
                "id": self.id,
                "user": self.user_ref,
            });
        }
        let payload: Map<String, Value> = self
            .payload
            .members()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        json!({
            "id": self.id,
            "user": self.user_ref,
            "created": timestamp(self.created_at),
            "saved": self.saved_at,
            "read": self.read_at,
            "updated": self.updated_at,
            "origin": self.origin,
            "payload": payload,
        })
    }
}

/// RFC 3339 with milliseconds.
fn timestamp(at: Millis) -> Value {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&format).ok())
        .map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages() {
        for good in [
            "/catalog",
            "https://example.com/x",
            "http://a",
            "docs?x=1",
            "#a",
        ] {
            assert!(check_link(good).is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a/b",
            "http://[x",
        ] {
            assert!(check_link(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn severities_have_an_order() {
        for severity in Severity::ALL {
            assert_eq!(Severity::of_name(severity.name()), Some(severity));
            assert_eq!(Severity::of_rank(severity.rank()), severity);
        }
        assert!(Severity::Critical > Severity::Low);
        assert_eq!(Severity::of_name("urgent"), None);
    }

    #[test]
    fn recipients_are_read_as_they_are_written() {
        let one = Audience::of_json(&json!({"type": "entity", "entityRef": "user:Ada"})).unwrap();
        let Audience::Entities { refs, .. } = one else {
            unreachable!("it is for an entity")
        };
        assert_eq!(refs, ["user:default/ada"]);
        let everybody = Audience::of_json(&json!({"type": "broadcast"})).unwrap();
        assert_eq!(everybody, Audience::Everybody);
        for wrong in [
            json!({"type": "entity"}),
            json!({"type": "entity", "entityRef": 1}),
            json!({"type": "entity", "entityRef": ["user:a", 2]}),
            json!({"type": "entity", "entityRef": "ada"}),
        ] {
            assert!(Audience::of_json(&wrong).is_err(), "{wrong}");
        }
    }
}
