//! The template language of golden paths: Nunjucks as the scaffolder of Backstage 1.55 speaks it.
//!
//! [`Template::parse`] once, then [`Template::render`] (files, file names) or
//! [`Template::render_value`] (inputs of steps, which keep their type) as often as needed.
//!
//! Invariants: no IO, no async, no clock, and no way from a template to anything but its context
//! and what [`Host`] adds. Everything is bounded ([`Limits`]): source, tree, nesting, steps, texts,
//! output; regular expressions run in linear time. Nothing here panics, whatever the source and
//! the context are. Every error names its place.

mod ast;
mod coerce;
mod error;
mod eval;
mod filters;
mod host;
mod lexer;
mod limits;
mod machine;
mod methods;
mod nearest;
mod number;
mod parser;
mod pattern;
mod predicate;
mod references;
mod scan;
mod template;
mod text;
mod value;

pub use error::{Error, ErrorKind, Position};
pub use filters::filter_names;
pub use host::Host;
pub use limits::Limits;
pub use nearest::nearest;
pub use predicate::test_names;
pub use references::{Reference, ReferenceKind};
pub use template::{Syntax, Template, check};
