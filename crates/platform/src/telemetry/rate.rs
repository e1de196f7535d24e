//! A bound on the number of log lines, so that a flood cannot stop the service.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write it.
    Pass,
    /// Say how many lines were left out, then write it.
    PassAfter(u64),
    /// Leave it out.
    Drop,
}

/// Counts lines by second; errors always pass.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_second: u32,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    lines: u32,
    dropped: u64,
}

impl RateLimit {
    pub(super) fn new(per_second: u32) -> Self {
        let window = Window {
            began: Instant::now(),
            lines: 0,
            dropped: 0,
        };
        Self {
            per_second,
            window: Mutex::new(window),
        }
    }

    pub(super) fn check(&self, is_error: bool) -> Verdict {
        self.check_at(Instant::now(), is_error)
    }

    fn check_at(&self, now: Instant, is_error: bool) -> Verdict {
        let mut window = self.window.lock();
        let mut dropped = 0;
        if now.duration_since(window.began) >= Duration::from_secs(1) {
            dropped = window.dropped;
            *window = Window {
                began: now,
                lines: 0,
                dropped: 0,
            };
        }
        window.lines = window.lines.saturating_add(1);
        if window.lines > self.per_second && !is_error {
            window.dropped += 1;
            return Verdict::Drop;
        }
        if dropped > 0 {
            Verdict::PassAfter(dropped)
        } else {
            Verdict::Pass
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let limit = RateLimit::new(2);
        let now = Instant::now();
        let check =
            |after: u64, is_error| limit.check_at(now + Duration::from_millis(after), is_error);
        assert_eq!(check(0, false), Verdict::Pass);
        assert_eq!(check(1, false), Verdict::Pass);
        assert_eq!(check(2, false), Verdict::Drop);
        assert_eq!(check(3, true), Verdict::Pass);
        assert_eq!(check(4, false), Verdict::Drop);
        assert_eq!(check(1500, false), Verdict::PassAfter(2));
        assert_eq!(check(1501, false), Verdict::Pass);
    }
}
