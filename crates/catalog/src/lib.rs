//! The software catalog: locations, ingestion, processing, stitching, the index, and its API.
//!
//! Data goes one way: providers and locations emit unprocessed entities (`ingest`); workers turn
//! them into processed ones (`process`); stitching joins those with relations and status into the
//! bytes that are served (`stitch`) and appends to a change log; every replica follows the log
//! into its index (`follow`) and answers all reads from it.
//!
//! Invariants: nothing that was acknowledged is lost by a crash; derived rows are a function of
//! the emitted ones; a read never sees an entity that the caller may not see.

mod actions;
mod bodies;
mod catalog;
mod check;
mod config;
mod facets;
mod feed;
mod flat;
mod follow;
mod guard;
mod http;
mod ingest;
mod metrics;
mod model;
mod offline;
mod operate;
mod parallel;
mod parents;
mod people;
pub mod permission;
mod process;
mod processor;
mod provider;
mod service;
mod snapshot;
mod stitch;
mod store;
mod transfer;
mod watch;
mod worker;

pub use actions::actions;
pub use bodies::BodyLimits;
pub use catalog::{Catalog, Parts};
pub use config::{ConfigLocation, MassDeletion, Settings};
pub use http::{OPENAPI, router};
pub use model::{Conflict, HeldMutation, Location, ProcessingError, Relation};
pub use offline::{FoundFiles, OfflineOptions, OfflineReport, find_files, validate_files};
pub use operate::Operator;
pub use process::rules::Rules;
pub use processor::{Emit, Processor};
pub use provider::{
    Applied, CONFIG_LOCATIONS, ConfigLocations, EntityProvider, Mutation, ProvidedEntity,
    REGISTERED_LOCATIONS, Schedule, SharedProvider,
};
pub use service::ingestion::EntityError;
pub use snapshot::SnapshotFile;
pub use store::MIGRATIONS;
pub use transfer::{
    BackstageDatabase, BackstageImport, Export, ExportOptions, FilesReport, ImportReport,
    import_backstage, import_files,
};
