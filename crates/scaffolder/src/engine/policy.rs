//! `timeout` and `retry` of a step: how long one call of its action may take, and how often it is
//! tried.
//!
//! Invariant: only actions that may be repeated are tried again, because whether a failed call did
//! its work is not known.

use std::time::Duration;

use platform::config::HumanDuration;
use platform::{Code, Error, Result};
use serde::Deserialize;
use serde_json::Value;

/// Most tries of one step.
const MAX_TRIES: u32 = 20;

/// What a step says about its own trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub timeout: Option<Duration>,
    pub n_tries: u32,
    /// Time between two tries.
    pub delay: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    limit: u32,
    #[serde(default)]
    delay: HumanDuration,
}

impl Policy {
    /// The policy of a step; an error names the member that cannot be read.
    pub(crate) fn of(step: &Value) -> Result<Self> {
        let timeout: Option<HumanDuration> = member(step, "timeout")?;
        let retry: Option<Retry> = member(step, "retry")?;
        let n_retries = retry.as_ref().map_or(0, |retry| retry.limit);
        if n_retries >= MAX_TRIES {
            return Err(Error::input(format!(
                "`retry.limit` must be less than {MAX_TRIES}"
            )));
        }
        Ok(Self {
            timeout: timeout.map(HumanDuration::get),
            n_tries: 1 + n_retries,
            delay: retry.map_or(Duration::ZERO, |retry| retry.delay.get()),
        })
    }

    /// The policy for an action that is called once at most.
    pub(super) fn once(self) -> Self {
        Self { n_tries: 1, ..self }
    }

    /// Runs what may fail until it succeeds, as often as may be; `tell` hears of each failure.
    pub(super) async fn apply<F>(
        &self,
        mut run: impl FnMut() -> F,
        tell: impl Fn(&Error, u32),
    ) -> Result<Value>
    where
        F: Future<Output = Result<Value>>,
    {
        let mut n_tried = 0;
        loop {
            n_tried += 1;
            let result = match self.timeout {
                Some(limit) => tokio::time::timeout(limit, run())
                    .await
                    .unwrap_or_else(|_| Err(too_long(limit))),
                None => run().await,
            };
            match result {
                Err(error) if n_tried < self.n_tries && may_pass(&error) => {
                    tell(&error, n_tried);
                    tokio::time::sleep(self.delay).await;
                }
                result => return result,
            }
        }
    }
}

fn member<T: serde::de::DeserializeOwned>(step: &Value, name: &str) -> Result<Option<T>> {
    let Some(value) = step.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    serde_json::from_value(value.clone())
        .map(Some)
        .map_err(|error| Error::input(format!("`{name}` of the step cannot be read: {error}")))
}

fn too_long(limit: Duration) -> Error {
    Error::unavailable(format!("the step took longer than {limit:?}"))
}

/// Whether trying again can help.
fn may_pass(error: &Error) -> bool {
    !matches!(
        error.code(),
        Code::InvalidInput | Code::Unauthenticated | Code::Forbidden | Code::NotImplemented
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_steps_say() {
        let policy =
            Policy::of(&json!({"timeout": {"minutes": 5}, "retry": {"limit": 2, "delay": "3s"}}));
        let expected = Policy {
            timeout: Some(Duration::from_mins(5)),
            n_tries: 3,
            delay: Duration::from_secs(3),
        };
        assert_eq!(policy.unwrap(), expected);
        assert_eq!(Policy::of(&json!({})).unwrap().n_tries, 1);
        for wrong in [
            json!({"timeout": "soon"}),
            json!({"retry": 3}),
            json!({"retry": {"limit": 20}}),
            json!({"retry": {"limit": 1, "backoff": 2}}),
        ] {
            assert!(Policy::of(&wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn only_what_may_pass_is_tried_again() {
        let policy = Policy::of(&json!({"retry": {"limit": 2}})).unwrap();
        for (code, expected) in [
            (Code::Unavailable, 3),
            (Code::NotFound, 3),
            (Code::InvalidInput, 1),
        ] {
            let mut n_tried = 0;
            let result = policy
                .apply(
                    || {
                        n_tried += 1;
                        async move { Err(Error::new(code, "no")) }
                    },
                    |_, _| {},
                )
                .await;
            assert_eq!((result.unwrap_err().code(), n_tried), (code, expected));
        }
    }
}
