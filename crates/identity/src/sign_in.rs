//! From a person whom a provider knows to a user of the catalog.
//!
//! Invariants: only [`Facts`] that a provider vouches for are looked at; the first resolver that
//! finds a user wins, and nothing but "no such user" lets the next one try; what went wrong is told
//! in full to operators and never to the person who tried.

mod attempt;
mod claims;
mod facts;
mod resolver;

pub use attempt::{FailedSignIn, FailedStep};
pub(crate) use claims::{Claims, Trust, openid_facts};
pub(crate) use facts::{Fact, Facts};
pub(crate) use resolver::{Named, Refusal, Resolved, Resolver, Rule, Unresolved, resolve};
