//! The in-memory inverted index that answers every catalog read.
//!
//! Entities come in as flattened search rows ([`Document`]) and are queried with
//! [`model::Filter`]s: [`Index::count`], [`Index::page`] for cursor pages, [`Index::list`] for
//! offset pages and [`Index::facets`]. Answers are slots and database row ids; bodies live elsewhere.
//!
//! Invariants:
//! - pure data: no IO, no clock, no async; the owner holds the index in a read-write lock;
//! - the answer to a query depends on the present entities only, never on the order of changes;
//! - memory follows the live set: ids, texts and postings of what is gone are reused.
//!
//! Shape: every distinct `(key, value)` is a *term* with the set of entities that have it
//! (`terms`, `postings`); every distinct text is stored once (`values`); every entity knows its
//! terms (`forward`). What depends on text order or on whole texts — sorted terms (`column`), sorted
//! entities (`order`), text buffers (`text`) — is built per key on first use and patched from then on.

mod cache;
mod column;
mod cursor;
mod digest;
mod documents;
mod facets;
mod filter;
mod forward;
mod index;
mod keys;
mod like;
mod list;
mod order;
mod page;
mod postings;
mod runs;
mod set;
mod snapshot;
mod sort;
mod source;
mod terms;
mod text;
mod tight;
mod values;
mod write;

pub use cursor::{After, Cursor, CursorError, TextFilter};
pub use digest::{BucketDigest, bucket, fingerprint};
pub use documents::{Document, Etag, Hit, Meta, Row, version_of};
pub use facets::FacetValue;
pub use index::{Index, Matcher, Memory};
pub use list::{ListPage, ListRequest};
pub use page::{Page, PageRequest};
