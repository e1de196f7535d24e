//! Types that only the catalog knows.

use model::ErrorInfo;
use platform::Millis;
use serde::Serialize;

/// An entity that a provider or another entity emitted, before processing.
#[derive(Debug, Clone)]
pub(crate) struct Deferred {
    /// The entity as written, with its location annotations: JSON text, which takes a fifth of the
    /// memory of a value, because a Location may emit very many.
    pub entity: String,
    /// Canonical reference of the entity.
    pub entity_ref: String,
    /// Who may replace it: usually the location it was read from.
    pub location_key: Option<String>,
    /// Line of the source at which its document starts.
    pub line: Option<u32>,
}

/// Who emitted an entity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// An entity provider, by name.
    Provider(String),
    /// An entity, by canonical reference.
    Entity(String),
}

impl Source {
    /// Its name: the provider's or the reference.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Provider(name) | Self::Entity(name) => name,
        }
    }

    /// Whether it is a provider.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self, Self::Provider(_))
    }
}

/// An entity whose turn has come to be processed.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    /// Row id.
    pub id: i64,
    /// Canonical reference.
    pub entity_ref: String,
    /// JSON of the entity as emitted.
    pub unprocessed: String,
    /// Hash of the last outcome; `None` when it must be written whatever it is.
    pub result_hash: Option<String>,
    /// Whether the last outcome was a failure.
    pub has_failed: bool,
    /// What the processors want to remember.
    pub state: Option<String>,
    /// Fencing token: the outcome is dropped when another claim came later.
    pub claim: i64,
    /// Line of the source at which its document starts.
    pub line: Option<u32>,
}

/// What processing an entity gave.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The claim it answers.
    pub claimed: Claimed,
    /// Result, or what went wrong.
    pub result: Result<Completed, Vec<ProcessingError>>,
    /// What the processors want to remember; `None` keeps what there was.
    pub state: Option<String>,
    /// When to look at it again; `None` for "when it changes".
    pub next_at: Option<Millis>,
    /// Hash over all of the above, to tell "as before".
    pub result_hash: String,
    /// What makes it due when it changes.
    pub refresh_keys: Vec<String>,
}

/// A successfully processed entity.
#[derive(Debug, Clone)]
pub(crate) struct Completed {
    /// JSON of the processed entity.
    pub entity: String,
    /// Relations it gives rise to, in both directions.
    pub relations: Vec<Relation>,
    /// Entities it emits; `None` when they are the same as last time.
    pub deferred: Option<Vec<Deferred>>,
}

/// A relation as it is stored: canonical references.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The entity that shows it.
    pub source: String,
    /// Type, for example `ownedBy`.
    pub kind: String,
    /// The entity it points at; it need not exist.
    pub target: String,
}

/// An error of processing, with the place where the user can fix it.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct ProcessingError {
    /// Error as Backstage serialises it.
    #[serde(flatten)]
    pub error: ErrorInfo,
    /// The place and the fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<model::Problem>,
}

/// A registered location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Identifier, a UUID.
    pub id: String,
    /// Type, usually `url`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Target, usually a URL.
    pub target: String,
    /// Reference of the Location entity made for it.
    pub entity_ref: String,
}

/// Two sources that claim one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The entity.
    pub entity_ref: String,
    /// Location key of the source that has it.
    pub existing_location_key: Option<String>,
    /// Location key of the source that was turned away.
    pub conflicting_location_key: String,
    /// Provider or entity that was turned away.
    pub conflicting_source: String,
    /// First time, in milliseconds since the epoch.
    pub first_conflict_at: Millis,
    /// Last time, in milliseconds since the epoch.
    pub last_conflict_at: Millis,
}

/// A removal that waits for approval because it is too large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldMutation {
    /// The provider, or the reference of the location whose files hold less than before.
    pub provider: String,
    /// Where that location leads to, for example `file:/catalog/*.yaml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Entities it has now.
    pub entities_before: i64,
    /// Entities that would go.
    pub entities_removed: i64,
    /// References of the first hundred of those.
    pub sample: Vec<String>,
    /// Whether the next equal mutation may pass.
    pub approved: bool,
    /// Since when, in milliseconds since the epoch.
    pub held_at: Millis,
}
