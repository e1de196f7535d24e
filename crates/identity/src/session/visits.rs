//! Who came without a session: guests, and whoever a proxy vouches for. Each page they open lets them
//! in anew; the audit log is told of the first in a while.

use platform::Millis;
use platform::ctx::Client;
use quick_cache::sync::Cache;

use super::address_of;
use crate::digest::Digest;

/// Visitors that are remembered, those of late.
const MAX_VISITORS: usize = 10_000;
/// Who stays away for as long begins anew.
const AWAY: Millis = 12 * 3_600_000;

/// When somebody was here last with a browser, by a digest of both.
pub(crate) struct Visits(Cache<Digest, Millis>);

impl Default for Visits {
    fn default() -> Self {
        Self(Cache::new(MAX_VISITORS))
    }
}

impl Visits {
    /// Whether somebody begins now, and does not only go on.
    pub(crate) fn begins(
        &self,
        provider: &str,
        user_ref: &str,
        client: &Client,
        now: Millis,
    ) -> bool {
        let agent = client.agent.as_deref().unwrap_or_default();
        let address = address_of(client);
        let visitor = Digest::of(&format!("{provider}\n{user_ref}\n{address}\n{agent}"));
        let last = self.0.get(&visitor);
        self.0.insert(visitor, now);
        last.is_none_or(|last| now.saturating_sub(last) >= AWAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_begins_once() {
        let visits = Visits::default();
        let client = |agent: &str| Client {
            address: None,
            agent: Some(agent.into()),
        };
        let guest = "user:default/guest";
        let begins = |user, agent, now| visits.begins("guest", user, &client(agent), now);
        assert!(begins(guest, "a", 0));
        assert!(begins(guest, "b", 0));
        assert!(begins("user:default/ann", "a", 0));
        assert!(!begins(guest, "a", AWAY - 1));
        assert!(!begins(guest, "a", 2 * AWAY - 2));
        assert!(begins(guest, "a", 3 * AWAY - 2));
    }
}
