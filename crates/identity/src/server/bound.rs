//! Bounds of what anybody may add without credentials: questions, programs that wait, clients.
//!
//! Invariants: nobody is refused because others asked too much: at a bound the oldest go that no
//! user has agreed to, so that a flood pushes out itself; what a user agreed to stays.

use std::sync::atomic::{AtomicU32, Ordering};

use platform::Result;

use super::Server;
use super::device::PENDING;
use super::grant::{CLIENT, DEVICE, Grant, SESSION};
use crate::Identity;

/// Most grants of each kind that no user has agreed to.
const MAX_OPEN: u32 = 10_000;
/// Grants that are added between two looks at how many there are.
const PERIOD: u32 = 100;
/// State of a client that no user has let act for them.
const UNUSED: &str = "";
/// And of one that somebody has.
const KEPT: &str = "kept";
/// What strangers can add, and its state until a user agrees.
const OPEN: [(&str, &str); 3] = [(SESSION, UNUSED), (DEVICE, PENDING), (CLIENT, UNUSED)];

/// How many grants were added by strangers since the start.
#[derive(Debug, Default)]
pub(super) struct Additions(AtomicU32);

impl Additions {
    fn is_look_due(&self) -> bool {
        self.0
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(PERIOD)
    }
}

impl Identity {
    /// Keeps a grant that a stranger asked for.
    pub(super) async fn add_grant(&self, server: &Server, grant: Grant) -> Result<()> {
        self.store.insert_grant(grant).await?;
        if server.additions.is_look_due() {
            self.store.prune_grants(self.clock.now()).await?;
            for (kind, state) in OPEN {
                self.store.trim_grants(kind, state, MAX_OPEN).await?;
            }
        }
        Ok(())
    }

    /// A user let a client act for them: its registration, if it has one, makes room for no other.
    pub(super) async fn keep_client(&self, id: &str) -> Result<()> {
        let Some(grant) = self.store.find_grant(CLIENT, id).await? else {
            return Ok(());
        };
        let kept = Grant {
            digest: KEPT.to_owned(),
            ..grant
        };
        self.store.swap_grant(kept, UNUSED).await?;
        Ok(())
    }
}
