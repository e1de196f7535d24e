//! Tells operators what could not be processed, and what can be again.
//!
//! Invariant: a failure is told when it is new or another one, not at every look.

use model::Problem;

use crate::model::{Outcome, ProcessingError};

/// Most failures of one batch that are told one by one.
const MOST: usize = 20;

/// Tells about outcomes that were written.
pub(super) fn report(outcomes: &[Outcome]) {
    let news = outcomes.iter().filter(|outcome| is_new(outcome));
    let mut failed = Vec::new();
    for outcome in news {
        match &outcome.result {
            Err(errors) => failed.push((outcome.claimed.entity_ref.as_str(), errors)),
            Ok(_) if outcome.claimed.has_failed => {
                tracing::info!(entity = outcome.claimed.entity_ref, "processed again");
            }
            Ok(_) => {}
        }
    }
    for (entity, errors) in failed.iter().take(MOST) {
        errors.iter().for_each(|error| tell(entity, error));
    }
    let n_more = failed.len().saturating_sub(MOST);
    if n_more > 0 {
        tracing::warn!(
            n_more,
            "more entities could not be processed; see `callboard catalog errors`"
        );
    }
}

fn is_new(outcome: &Outcome) -> bool {
    outcome.claimed.result_hash.as_deref() != Some(outcome.result_hash.as_str())
}

fn tell(entity: &str, error: &ProcessingError) {
    let problem = error.problem.as_ref();
    let at = problem.map(place).unwrap_or_default();
    let hint = problem.and_then(|problem| problem.hint.as_deref());
    let message = problem.map_or(&error.error.message, |problem| &problem.message);
    tracing::warn!(
        entity,
        at,
        hint,
        error = message.as_str(),
        "entity could not be processed"
    );
}

/// `file:line:column`, as far as it is known.
fn place(problem: &Problem) -> String {
    let file = problem.file.as_deref().unwrap_or_default();
    match problem.position {
        Some(at) => format!("{file}:{}:{}", at.line, at.column),
        None => file.to_owned(),
    }
}
