//! When sessions were used, until that is written: many in one transaction, so that a morning on
//! which everybody opens the portal does not write a row with each page.

use std::collections::HashMap;

use parking_lot::Mutex;
use platform::Millis;

/// Time between two transactions.
const WRITE_EVERY: Millis = 10_000;
/// Sessions that wait at most.
const MAX_WAITING: usize = 5_000;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct Uses(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    used: HashMap<String, Millis>,
    written_at: Millis,
}

impl Uses {
    /// Remembers that a session was used; gives all that waits when it is time to write.
    pub(super) fn add(&self, id: &str, now: Millis) -> Vec<(String, Millis)> {
        let mut waiting = self.0.lock();
        waiting.used.insert(id.to_owned(), now);
        let is_due = now.saturating_sub(waiting.written_at) >= WRITE_EVERY;
        if !is_due && waiting.used.len() < MAX_WAITING {
            return Vec::new();
        }
        waiting.written_at = now;
        waiting.used.drain().collect()
    }

    /// All that waits.
    pub(super) fn take(&self) -> Vec<(String, Millis)> {
        self.0.lock().used.drain().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_uses_are_one_write() {
        let uses = Uses::default();
        let now = 1_000_000;
        assert_eq!(uses.add("first", now).len(), 1);
        for n in 0..500 {
            assert_eq!(uses.add(&format!("s{n}"), now + n), []);
        }
        assert_eq!(uses.add("s1", now + WRITE_EVERY).len(), 500);
        assert_eq!(uses.take(), []);
        for n in 1..MAX_WAITING {
            assert_eq!(uses.add(&format!("s{n}"), now + WRITE_EVERY), []);
        }
        assert_eq!(uses.add("last", now + WRITE_EVERY).len(), MAX_WAITING);
    }
}
