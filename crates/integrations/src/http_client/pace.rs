//! Pace: how many requests run at once, and pauses that hosts ask for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use platform::clock::millis;
use platform::{Clock, Millis};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::integration::authority;

/// Hosts remembered; idle ones are forgotten beyond that.
const MAX_HOSTS: usize = 1_024;
/// Pause when a host limits us and does not say for how long.
const UNKNOWN_PAUSE: Duration = Duration::from_mins(1);
/// Longest pause we believe in; limits are counted by the hour at most.
const MAX_PAUSE: Duration = Duration::from_hours(2);

/// Knows the hosts and how many requests may run.
pub(super) struct Pacer {
    clock: Clock,
    all: Arc<Semaphore>,
    per_host: usize,
    hosts: Mutex<HashMap<String, Arc<State>>>,
}

struct State {
    places: Arc<Semaphore>,
    /// No request before this time.
    not_before: AtomicI64,
}

/// One host, or one budget of a host that keeps several.
pub(super) struct Host {
    state: Arc<State>,
    clock: Clock,
}

/// The right to have one request running.
pub(super) struct Place {
    _permits: [Option<OwnedSemaphorePermit>; 2],
}

/// What an answer says about the next request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Advice {
    /// The answer is a refusal because of too many requests.
    pub(super) is_limit: bool,
    not_before: Option<Millis>,
}

impl Pacer {
    pub(super) fn new(clock: Clock, all: usize, per_host: usize) -> Self {
        let all = Arc::new(Semaphore::new(all.max(1)));
        Self {
            clock,
            all,
            per_host: per_host.max(1),
            hosts: Mutex::default(),
        }
    }

    /// The host of a URL.
    pub(super) fn host(&self, url: &Url, budget: &str) -> Host {
        let state = self.state(&format!("{}#{budget}", authority(url).unwrap_or_default()));
        Host {
            state,
            clock: self.clock.clone(),
        }
    }

    /// Waits until a request to the host may run.
    pub(super) async fn place(&self, host: &Host) -> Place {
        // The host's own limit comes first, so that a slow host does not hold the places of all.
        let own = Arc::clone(&host.state.places).acquire_owned().await.ok();
        let any = Arc::clone(&self.all).acquire_owned().await.ok();
        Place {
            _permits: [own, any],
        }
    }

    fn state(&self, key: &str) -> Arc<State> {
        let mut hosts = self.hosts.lock();
        if let Some(state) = hosts.get(key) {
            return Arc::clone(state);
        }
        if hosts.len() >= MAX_HOSTS {
            let now = self.clock.now();
            hosts.retain(|_, state| Arc::strong_count(state) > 1 || state.pause(now).is_some());
        }
        let places = Arc::new(Semaphore::new(self.per_host));
        let state = Arc::new(State {
            places,
            not_before: AtomicI64::new(0),
        });
        hosts.insert(key.to_owned(), Arc::clone(&state));
        state
    }
}

impl State {
    fn pause(&self, now: Millis) -> Option<Duration> {
        let left = self.not_before.load(Ordering::Relaxed).saturating_sub(now);
        u64::try_from(left)
            .ok()
            .filter(|left| *left > 0)
            .map(Duration::from_millis)
    }
}

impl Host {
    /// The rest of the pause the host asked for, if there is one.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.state.pause(self.clock.now())
    }

    /// Heeds what an answer said.
    pub(super) fn note(&self, advice: Advice) {
        if let Some(not_before) = advice.not_before {
            let latest = self.clock.now().saturating_add(millis(MAX_PAUSE));
            self.state
                .not_before
                .fetch_max(not_before.min(latest), Ordering::Relaxed);
        }
    }

    /// The present time.
    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }
}

impl Advice {
    /// A success that used up the limit is the last one until the limit is reset.
    pub(super) fn of_success(headers: &HeaderMap) -> Self {
        let not_before = if is_used_up(headers) {
            reset(headers)
        } else {
            None
        };
        Self {
            is_limit: false,
            not_before,
        }
    }

    /// Tells limits from other refusals.
    ///
    /// Some hosts refuse with 403 and tell by a used up counter, or in words only.
    pub(super) fn of_failure(
        status: StatusCode,
        headers: &HeaderMap,
        excerpt: &str,
        now: Millis,
    ) -> Self {
        let asked = retry_after(headers, now);
        let is_limit = match status.as_u16() {
            429 => true,
            403 => asked.is_some() || is_used_up(headers) || excerpt.contains("rate limit"),
            _ => false,
        };
        let not_before = match status.as_u16() {
            _ if is_limit => asked
                .or_else(|| is_used_up(headers).then(|| reset(headers)).flatten())
                .or(Some(now.saturating_add(millis(UNKNOWN_PAUSE)))),
            503 => asked,
            _ => None,
        };
        Self {
            is_limit,
            not_before,
        }
    }
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let text = text(headers, "retry-after")?;
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(now.saturating_add(millis(Duration::from_secs(seconds))));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(date.unix_timestamp().saturating_mul(1_000))
}

fn is_used_up(headers: &HeaderMap) -> bool {
    ["x-ratelimit-remaining", "ratelimit-remaining"]
        .into_iter()
        .any(|name| text(headers, name) == Some("0"))
}

/// When the counter starts again, as seconds since the epoch.
fn reset(headers: &HeaderMap) -> Option<Millis> {
    let mut names = ["x-ratelimit-reset", "ratelimit-reset"].into_iter();
    let seconds: i64 = names.find_map(|name| text(headers, name)?.parse().ok())?;
    Some(seconds.saturating_mul(1_000))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_445_412_480_000; // Wed, 21 Oct 2015 07:28:00 GMT

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parse = |text: &str| text.parse().unwrap();
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), parse(value)))
            .collect()
    }

    #[test]
    fn limits_are_told_from_other_refusals() {
        type Case = (
            u16,
            &'static [(&'static str, &'static str)],
            &'static str,
            bool,
            Option<i64>,
        );
        let cases: &[Case] = &[
            (429, &[("retry-after", "30")], "", true, Some(30_000)),
            (
                429,
                &[("retry-after", "Wed, 21 Oct 2015 07:29:00 GMT")],
                "",
                true,
                Some(60_000),
            ),
            (429, &[], "", true, Some(60_000)),
            (429, &[("retry-after", "soon")], "", true, Some(60_000)),
            (
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1445412500"),
                ],
                "",
                true,
                Some(20_000),
            ),
            (403, &[("retry-after", "5")], "", true, Some(5_000)),
            (
                403,
                &[],
                "you have exceeded a secondary rate limit",
                true,
                Some(60_000),
            ),
            (
                403,
                &[("x-ratelimit-remaining", "12")],
                "no access",
                false,
                None,
            ),
            (503, &[("retry-after", "7")], "", false, Some(7_000)),
            (503, &[], "", false, None),
            (404, &[("retry-after", "7")], "", false, None),
        ];
        for (status, pairs, excerpt, is_limit, pause) in cases {
            let status = StatusCode::from_u16(*status).unwrap();
            let advice = Advice::of_failure(status, &headers(pairs), excerpt, NOW);
            let expected = Advice {
                is_limit: *is_limit,
                not_before: pause.map(|ms| NOW + ms),
            };
            assert_eq!(advice, expected, "{status} {pairs:?} {excerpt}");
        }
    }

    #[test]
    fn a_pause_holds_until_its_end_and_is_per_budget() {
        let clock = Clock::fixed(NOW);
        let pacer = Pacer::new(clock.clone(), 2, 2);
        let url = Url::parse("https://api.example/").unwrap();
        pacer.host(&url, "a").note(Advice {
            is_limit: true,
            not_before: Some(NOW + 10_000),
        });
        assert_eq!(pacer.host(&url, "a").pause(), Some(Duration::from_secs(10)));
        assert_eq!(pacer.host(&url, "b").pause(), None);
        clock.advance(Duration::from_secs(10));
        assert_eq!(pacer.host(&url, "a").pause(), None);
    }

    #[test]
    fn a_pause_has_an_upper_bound() {
        let pacer = Pacer::new(Clock::fixed(NOW), 2, 2);
        let host = pacer.host(&Url::parse("https://api.example/").unwrap(), "");
        host.note(Advice {
            is_limit: true,
            not_before: Some(Millis::MAX),
        });
        assert_eq!(host.pause(), Some(MAX_PAUSE));
    }

    #[test]
    fn idle_hosts_are_forgotten_but_pauses_are_not() {
        let pacer = Pacer::new(Clock::fixed(NOW), 2, 2);
        let host = |name: usize| Url::parse(&format!("https://h{name}.example/")).unwrap();
        let advice = Advice {
            is_limit: true,
            not_before: Some(NOW + 10_000),
        };
        pacer.host(&host(0), "").note(advice);
        for name in 1..=MAX_HOSTS {
            pacer.host(&host(name), "");
        }
        assert!(pacer.hosts.lock().len() < MAX_HOSTS);
        assert!(pacer.host(&host(0), "").pause().is_some());
    }
}
