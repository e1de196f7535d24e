//! Use cases of the catalog: permission first, then index or store.

pub(crate) mod changes;
pub(crate) mod entities;
pub(crate) mod former;
pub(crate) mod ingestion;
pub(crate) mod locations;
mod preview;
pub(crate) mod providers;
mod templates;
