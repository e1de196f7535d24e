//! Whole catalogs in and out: import of a Backstage database or of a folder, and export.
//!
//! Invariants: importing twice gives what importing once gives; an import is a row of small
//! transactions, each of which leaves a catalog that works; the source is never written to; what
//! is imported is what its source emitted, so that the source takes over without a gap.

mod backstage;
mod export;
mod files;

pub use crate::store::backstage::BackstageDatabase;
pub use backstage::{BackstageImport, ImportReport, import_backstage};
pub use export::{Export, ExportOptions};
pub use files::{FilesReport, import_files};
