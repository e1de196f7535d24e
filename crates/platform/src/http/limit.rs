//! `backend.rateLimit`: how often somebody may ask.
//!
//! Requests are counted in windows of fixed length, for each address, plugin or principal by itself.
//! Counters are kept in this process and bounded in number: when there are too many, those whose
//! window is over go, and who is new then shares one counter with all others that are new.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use parking_lot::Mutex;
use serde_json::json;

use crate::config::{Millis, PluginRateLimit, RateLimitConfig};

use super::reply::Json;

/// Counters at a time.
const MAX_COUNTERS: usize = 100_000;

/// Bits of an IPv6 address that are counted: who has one address has, as a rule, the whole subnet, and
/// could come from another one each time. Those of Backstage.
const IPV6_PREFIX: u32 = 56;

/// What requests of an address are counted under.
pub(super) fn counter_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let mask = u128::MAX << (u128::BITS - IPV6_PREFIX);
            let subnet = Ipv6Addr::from_bits(address.to_bits() & mask);
            format!("{subnet}/{IPV6_PREFIX}")
        }
    }
}

/// How often somebody may ask.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Length of a window.
    pub window: Duration,
    /// Requests in a window.
    pub requests: u32,
    /// Addresses that are not counted.
    pub exempt: Vec<IpAddr>,
    /// Does not count requests that succeed.
    pub skips_successful: bool,
    /// Does not count requests that fail.
    pub skips_failed: bool,
}

impl Limit {
    /// `requests` in each `window`, for everybody.
    pub fn new(requests: u32, window: Duration) -> Self {
        Self {
            window,
            requests,
            exempt: Vec::new(),
            skips_successful: false,
            skips_failed: false,
        }
    }
}

/// The limits by address: over all plugins, and of single ones.
#[derive(Debug, Clone, Default)]
pub struct RateLimits {
    /// Over all plugins.
    pub global: Option<Limit>,
    /// By plugin.
    pub plugins: Vec<(String, Limit)>,
}

impl From<&RateLimitConfig> for RateLimits {
    fn from(config: &RateLimitConfig) -> Self {
        let addresses = |list: &[String]| list.iter().filter_map(|it| it.parse().ok()).collect();
        let base = Limit {
            window: config.window.get(),
            requests: config.incoming_request_limit,
            exempt: addresses(&config.ip_allow_list),
            skips_successful: config.skip_successful_requests,
            skips_failed: config.skip_failed_requests,
        };
        let of_plugin = |own: &PluginRateLimit| Limit {
            window: own.window.map_or(base.window, Millis::get),
            requests: own.incoming_request_limit.unwrap_or(base.requests),
            exempt: match &own.ip_allow_list {
                Some(list) => addresses(list),
                None => base.exempt.clone(),
            },
            skips_successful: own
                .skip_successful_requests
                .unwrap_or(base.skips_successful),
            skips_failed: own.skip_failed_requests.unwrap_or(base.skips_failed),
        };
        let plugins = config.plugin.iter();
        Self {
            plugins: plugins
                .map(|(id, own)| (id.clone(), of_plugin(own)))
                .collect(),
            global: config.global.then_some(base),
        }
    }
}

struct Window {
    started: Instant,
    n_requests: u32,
}

/// Counts requests by key, and says when there are too many.
pub struct Limiter {
    limit: Limit,
    counters: Mutex<HashMap<Box<str>, Window>>,
    was_full: AtomicBool,
}

impl Limiter {
    /// Nobody has asked yet.
    pub fn new(limit: Limit) -> Self {
        Self {
            limit,
            counters: Mutex::default(),
            was_full: AtomicBool::new(false),
        }
    }

    /// Counts a request; the error is the time until the next window.
    pub fn admit(&self, key: &str) -> Result<(), Duration> {
        self.admit_at(key, Instant::now())
    }

    fn admit_at(&self, key: &str, now: Instant) -> Result<(), Duration> {
        let window = self.limit.window;
        let is_over = |it: &Window| now.saturating_duration_since(it.started) >= window;
        let mut counters = self.counters.lock();
        let mut key = key;
        if counters.len() >= MAX_COUNTERS && !counters.contains_key(key) {
            counters.retain(|_, it| !is_over(it));
            if counters.len() >= MAX_COUNTERS {
                self.say_full();
                key = "";
            }
        }
        let fresh = Window {
            started: now,
            n_requests: 0,
        };
        let counter = counters.entry(key.into()).or_insert(fresh);
        if is_over(counter) {
            counter.started = now;
            counter.n_requests = 0;
        }
        if counter.n_requests >= self.limit.requests {
            let passed = now.saturating_duration_since(counter.started);
            return Err(window.saturating_sub(passed));
        }
        counter.n_requests += 1;
        Ok(())
    }

    fn say_full(&self) {
        if !self.was_full.swap(true, Ordering::Relaxed) {
            tracing::warn!("too many clients to count the requests of each by itself");
        }
    }

    /// Does not count a request that was counted, when its answer is of the sort that is skipped.
    pub(super) fn settle(&self, key: &str, status: StatusCode) {
        let is_failed = status.is_client_error() || status.is_server_error();
        let is_skipped = if is_failed {
            self.limit.skips_failed
        } else {
            self.limit.skips_successful
        };
        if is_skipped && let Some(counter) = self.counters.lock().get_mut(key) {
            counter.n_requests = counter.n_requests.saturating_sub(1);
        }
    }

    pub(super) fn is_exempt(&self, address: IpAddr) -> bool {
        self.limit.exempt.contains(&address)
    }
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Limiter").field(&self.limit).finish()
    }
}

/// 429 with Backstage's body. Reference 3 §1.
pub(super) fn too_many(wait: Duration) -> Response {
    let body = json!({
        "error": { "name": "Error", "message": "Too many requests, please try again later" },
        "response": { "statusCode": 429 },
    });
    let seconds = wait.as_secs() + 1;
    let retry = [(RETRY_AFTER, seconds.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, retry, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_window_holds_so_many_requests_of_each() {
        let limiter = Limiter::new(Limit::new(2, SECOND));
        let start = Instant::now();
        let cases = [
            ("a", 0, Ok(())),
            ("a", 100, Ok(())),
            ("a", 200, Err(800)),
            ("b", 300, Ok(())),
            ("a", 999, Err(1)),
            ("a", 1_000, Ok(())),
            ("a", 1_100, Ok(())),
            ("a", 1_200, Err(800)),
        ];
        for (key, at, expected) in cases {
            let found = limiter.admit_at(key, start + Duration::from_millis(at));
            assert_eq!(found, expected.map_err(Duration::from_millis), "{key} {at}");
        }
    }

    #[test]
    fn requests_of_the_skipped_sort_are_given_back() {
        let mut limit = Limit::new(1, SECOND);
        limit.skips_successful = true;
        let limiter = Limiter::new(limit);
        assert!(limiter.admit("a").is_ok());
        limiter.settle("a", StatusCode::OK);
        assert!(limiter.admit("a").is_ok());
        limiter.settle("a", StatusCode::BAD_REQUEST);
        assert!(limiter.admit("a").is_err());
    }

    #[test]
    fn addresses_of_one_subnet_are_counted_together() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2300::1", "2001:db8:1:2300::/56"),
            ("2001:db8:1:23ff:1:2:3:4", "2001:db8:1:2300::/56"),
            ("2001:db8:1:2400::1", "2001:db8:1:2400::/56"),
        ] {
            assert_eq!(counter_of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn counters_are_bounded_and_newcomers_share_one() {
        let limiter = Limiter::new(Limit::new(1, SECOND));
        let start = Instant::now();
        for number in 0..MAX_COUNTERS {
            assert!(limiter.admit_at(&number.to_string(), start).is_ok());
        }
        assert!(limiter.admit_at("new", start).is_ok());
        assert!(limiter.admit_at("newer", start).is_err());
        assert!(limiter.counters.lock().len() <= MAX_COUNTERS + 1);
        assert!(limiter.admit_at("newer", start + SECOND).is_ok());
    }
}
