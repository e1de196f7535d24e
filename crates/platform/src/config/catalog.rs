//! `catalog`: where entities come from and what is done with them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::duration::HumanDuration;
use super::secret::Opaque;
use super::shape::{Interval, Toggle};

/// The software catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogConfig {
    /// Which kinds of entities may come from where.
    pub rules: Vec<CatalogRule>,
    /// Locations that are always in the catalog.
    pub locations: Vec<CatalogLocation>,
    /// Whether locations may only be given here, not through the API.
    pub readonly: bool,
    /// What happens to entities that nothing refers to any more.
    pub orphan_strategy: OrphanStrategy,
    /// What happens to entities of providers that are no longer configured.
    pub orphan_provider_strategy: OrphanStrategy,
    /// How often every entity is processed again; 100 to 150 seconds when absent.
    pub processing_interval: Option<Interval>,
    /// Timing of the step that joins entities with their relations.
    pub stitching_strategy: StitchingStrategy,
    /// What happens when a location is registered that exists already.
    pub default_location_conflict_strategy: LocationConflictStrategy,
    /// Leaves out the processors that read files and URLs.
    pub disable_default_processors: bool,
    /// Settings of processors by name.
    pub processor_options: BTreeMap<String, ProcessorOptions>,
    /// Settings of entity providers by name.
    pub provider_options: BTreeMap<String, ProviderOptions>,
    /// Entity providers by type; each provider reads its own settings.
    pub providers: BTreeMap<String, Opaque>,
    /// Reaction to events of source control hosts.
    pub scm_events: Toggle<ScmEvents>,
    /// Settings of the catalog's actions.
    pub actions: CatalogActions,
    /// Settings of the import page.
    pub import: ImportConfig,
    /// Guard against a provider that suddenly returns nothing.
    pub mass_deletion: MassDeletionGuard,
    /// Former settings of processors, by name.
    #[schemars(extend("x-ignored" = "processors take their settings from `integrations` and `catalog.providers`"))]
    pub processors: BTreeMap<String, Opaque>,
    /// Former switch of the batching of stitching.
    #[schemars(extend("x-ignored" = "entities are always stitched in batches"))]
    pub use_url_readers_search: Option<bool>,
}

impl Default for CatalogConfig {
    fn default() -> Self {
        let allow = ["Component", "API", "Location"]
            .map(KindMatcher::of_kind)
            .to_vec();
        Self {
            rules: vec![CatalogRule {
                allow,
                locations: None,
            }],
            locations: Vec::new(),
            readonly: false,
            orphan_strategy: OrphanStrategy::Delete,
            orphan_provider_strategy: OrphanStrategy::Delete,
            processing_interval: None,
            stitching_strategy: StitchingStrategy::default(),
            default_location_conflict_strategy: LocationConflictStrategy::Reject,
            disable_default_processors: false,
            processor_options: BTreeMap::new(),
            provider_options: BTreeMap::new(),
            providers: BTreeMap::new(),
            scm_events: Toggle::Off,
            actions: CatalogActions::default(),
            import: ImportConfig::default(),
            mass_deletion: MassDeletionGuard::default(),
            processors: BTreeMap::new(),
            use_url_readers_search: None,
        }
    }
}

/// Kinds that are allowed, optionally only from some locations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogRule {
    /// Kinds that are allowed, such as `Component` or `{ kind: Component, spec.type: service }`.
    pub allow: Vec<KindMatcher>,
    /// From where; everywhere when absent, nowhere when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<RuleLocation>>,
}

/// A kind of entity, optionally of one `spec.type` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindMatcher {
    /// The kind, compared without regard to case.
    pub kind: String,
    /// The only `spec.type` that matches.
    #[serde(rename = "spec.type", skip_serializing_if = "Option::is_none")]
    pub spec_type: Option<String>,
}

impl KindMatcher {
    fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            spec_type: None,
        }
    }
}

impl<'de> Deserialize<'de> for KindMatcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = KindMatcher;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind or an object with `kind` and `spec.type`")
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> Result<KindMatcher, E> {
        Ok(KindMatcher::of_kind(kind))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KindMatcher, A::Error> {
        let object = KindObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(KindMatcher {
            kind: object.kind,
            spec_type: object.spec_type,
        })
    }
}

/// A kind and a `spec.type`.
#[derive(Deserialize, JsonSchema)]
struct KindObject {
    /// The kind, compared without regard to case.
    kind: String,
    /// The only `spec.type` that matches.
    #[serde(default, rename = "spec.type")]
    spec_type: Option<String>,
}

impl JsonSchema for KindMatcher {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KindMatcher".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, generator.subschema_for::<KindObject>()] })
    }
}

/// A location, or a pattern of locations, a rule holds for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleLocation {
    /// Type of the location, such as `url`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The only target that matches.
    #[serde(default)]
    pub exact: Option<String>,
    /// Glob of targets that match.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// A location that is always in the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogLocation {
    /// `file` or `url`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Path or URL; may contain globs.
    pub target: String,
    /// Kinds that may come from this location besides those of `catalog.rules`.
    #[serde(default)]
    pub rules: Vec<LocationRule>,
}

/// Kinds that are allowed from one location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocationRule {
    /// Kinds that are allowed.
    pub allow: Vec<KindMatcher>,
}

/// What happens to entities that nothing refers to any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrphanStrategy {
    /// They stay, marked as orphans.
    Keep,
    /// They are deleted.
    Delete,
}

/// What happens when a location is registered that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LocationConflictStrategy {
    /// The request fails with 409.
    Reject,
    /// The existing location is refreshed.
    Refresh,
}

/// Timing of the step that joins entities with their relations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StitchingStrategy {
    /// How often the queue is looked at.
    pub polling_interval: HumanDuration,
    /// After which time the work on one entity is given to somebody else.
    pub stitch_timeout: HumanDuration,
    /// Former choice between immediate and deferred stitching.
    #[schemars(extend("x-ignored" = "stitching is always deferred"))]
    pub mode: Option<String>,
}

impl Default for StitchingStrategy {
    fn default() -> Self {
        Self {
            polling_interval: HumanDuration::from_secs(1),
            stitch_timeout: HumanDuration::from_secs(60),
            mode: None,
        }
    }
}

/// Settings of one processor.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessorOptions {
    /// Leaves the processor out.
    pub disabled: bool,
    /// Lower runs earlier; 20 when absent.
    pub priority: Option<f64>,
}

/// Settings of one entity provider.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProviderOptions {
    /// Leaves the provider out.
    pub disabled: bool,
}

/// Reactions to events of source control hosts; `true` stands for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmEvents {
    /// Processes changed files at once.
    #[serde(default)]
    pub refresh: bool,
    /// Removes the locations of deleted files and repositories.
    #[serde(default)]
    pub unregister: bool,
    /// Follows files and repositories that move.
    #[serde(default, rename = "move")]
    pub follow: bool,
}

impl Default for ScmEvents {
    fn default() -> Self {
        Self {
            refresh: true,
            unregister: true,
            follow: true,
        }
    }
}

/// Settings of the catalog's actions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogActions {
    /// Descriptions of catalog layers for language models.
    pub experimental_catalog_layers_descriptions: Switch,
}

/// Something that is on or off.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Switch {
    /// Whether it is on.
    pub enabled: bool,
}

/// Settings of the import page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportConfig {
    /// File that describes a repository.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub entity_filename: String,
    /// Branch of pull requests that add such a file.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub pull_request_branch_name: String,
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self {
            entity_filename: "catalog-info.yaml".to_owned(),
            pull_request_branch_name: "backstage-integration".to_owned(),
        }
    }
}

/// A refresh that would delete more than this is held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MassDeletionGuard {
    /// Most entities of a source that may go at once, in percent.
    #[schemars(range(max = 100))]
    pub max_percent: u8,
    /// Removals of this many entities or fewer are never held.
    pub min_entities: u32,
}

impl Default for MassDeletionGuard {
    fn default() -> Self {
        Self {
            max_percent: 20,
            min_entities: 10,
        }
    }
}
