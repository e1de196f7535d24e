//! Vocabulary of the software catalog: entities, references, relations, filters and problems.
//!
//! Invariants: no IO, no async, no clock. Parsing of what users wrote never fails as a whole: it
//! returns what could be read together with a list of [`Problem`]s that name place and fix.

mod entity_ref;
mod envelope;
mod error_info;
mod field_format;
mod fields;
mod filter;
mod findings;
mod flatten;
mod javascript;
mod kinds;
mod location_query;
mod location_ref;
mod nearest;
mod order;
mod placeholder;
pub mod pointer;
mod predicate;
mod problem;
mod relations;
mod schema;
#[cfg(test)]
mod testing;
mod validation;
mod wire_filter;
mod yaml;

pub use entity_ref::{DEFAULT_NAMESPACE, EntityRef, RefError};
pub use error_info::{ErrorInfo, InputError};
pub use fields::Projection;
pub use filter::{Direction, Filter, OrderField};
pub use flatten::{Flattener, Row, flatten};
pub use location_query::{LocationFields, LocationQuery};
pub use location_ref::{LocationRef, is_script_url, location_entity_name};
pub use order::{parse_order, parse_order_fields};
pub use placeholder::{Placeholder, PlaceholderKind, find_placeholders, replace_placeholder};
pub use predicate::{Matcher, Predicate, Primitive};
pub use problem::{Position, Problem, Severity};
pub use relations::{Relation, find_malformed, relations_of};
pub use validation::{ValidationError, find_mistakes, normalise, validate, validate_envelope};
pub use wire_filter::parse_filter_params;
pub use yaml::{
    DocumentPlace, YamlDocument, YamlDocuments, YamlLimits, for_each_document, locate,
    parse_documents, to_yaml,
};
