//! What a Location says that cannot read its target: why, and what to do about it.

use std::time::Duration;

use integrations::ReadError;
use model::{ErrorInfo, LocationRef, Problem};

use super::{Failure, Pipeline};

/// When to try again after a failure that may pass, unless the host says otherwise.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// A target that could not be read.
pub(super) fn failure(pipeline: &Pipeline, target: &LocationRef, error: &ReadError) -> Failure {
    let name = if error.is_gone() {
        "NotFoundError"
    } else {
        "Error"
    };
    let message = if target.location_type == "file" {
        error.to_string()
    } else {
        format!("Unable to read {}, {error}", target.location_type)
    };
    let retry_at = error.is_temporary().then(|| {
        let pause = error.retry_after().unwrap_or(RETRY_PAUSE);
        pipeline.clock.now() + platform::clock::millis(pause)
    });
    let problem = Problem::error("location.unreadable", "/spec/target", message.clone())
        .with_hint(hint(target, error));
    Failure {
        retry_at,
        ..Failure::of(ErrorInfo::new(name, message), Some(problem))
    }
}

/// A Location whose type is neither `file` nor `url`.
pub(super) fn unknown_type(location_type: &str) -> Failure {
    let message =
        format!("No processor was able to handle reading of location type {location_type}");
    let problem = Problem::error("location.unreadable", "/spec/type", message.clone())
        .with_hint("use `type: file` for paths and `type: url` for addresses");
    Failure::of(ErrorInfo::new("Error", message), Some(problem))
}

fn hint(target: &LocationRef, error: &ReadError) -> &'static str {
    let is_file = target.location_type == "file";
    match error {
        ReadError::NotFound { .. } if !is_file => {
            "check repository, branch and path; a private repository looks as if it were not there \
             until `integrations` has a token that may read it"
        }
        ReadError::NotFound { .. } if target.target.contains(['*', '?', '[', '{']) => {
            "no file matches the pattern: check it, and whether the folder is mounted"
        }
        ReadError::NotFound { .. } => {
            "check the path and whether its folder is mounted; a relative one starts at the folder \
             of the file it is in, in `catalog.locations` at the working folder"
        }
        ReadError::NotAllowed { .. } => {
            "allow the host in `backend.reading.allow`, or configure it below `integrations`"
        }
        ReadError::Denied { .. } => {
            "check the token of this host below `integrations`: it may have expired, or lack the \
             right to read the repository"
        }
        ReadError::RateLimited { .. } => {
            "it is tried again by itself; a token below `integrations` raises the limit of the host"
        }
        ReadError::Unavailable { .. } if is_file => {
            "let the user of the portal read the file and its folders"
        }
        ReadError::Unavailable { .. } | ReadError::Timeout { .. } => {
            "it is tried again by itself; check that the portal reaches the host, see `callboard \
             doctor`"
        }
        ReadError::TooLarge { .. } => "split it into smaller files",
        ReadError::Invalid { .. } => "correct the target",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_to_do() {
        let target = |kind: &str, target: &str| LocationRef {
            location_type: kind.into(),
            target: target.into(),
        };
        let message = || "no".to_owned();
        let cases = [
            (
                target("file", "/a/*.yaml"),
                ReadError::NotFound { message: message() },
                "matches the pattern",
            ),
            (
                target("file", "/a/b.yaml"),
                ReadError::NotFound { message: message() },
                "check the path",
            ),
            (
                target("url", "https://git.example/b.yaml"),
                ReadError::NotFound { message: message() },
                "repository",
            ),
            (
                target("url", "https://git.example/b.yaml"),
                ReadError::NotAllowed { message: message() },
                "`backend.reading.allow`",
            ),
            (
                target("url", "https://git.example/b.yaml"),
                ReadError::Denied { message: message() },
                "token",
            ),
            (
                target("url", "https://git.example/b.yaml"),
                ReadError::Timeout { message: message() },
                "tried again",
            ),
        ];
        for (target, error, expected) in cases {
            let hint = hint(&target, &error);
            assert!(hint.contains(expected), "{target} {error:?}: {hint}");
        }
    }
}
