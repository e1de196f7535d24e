//! SQL of the scaffolder.

pub(crate) mod events;
pub(crate) mod journal;
pub(crate) mod sealed;
pub(crate) mod tasks;

use platform::db::Migration;

pub use sealed::{Reencrypted, reencrypt};

/// Wakes workers: there is something to do, or a task was cancelled.
pub(crate) const WORK: &str = "scaffolder_work";
/// Wakes those who watch tasks.
pub(crate) const EVENTS: &str = "scaffolder_events";

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        feature: "scaffolder",
        version: 1,
        name: "task",
        sqlite: include_str!("../migrations/0001_task.sqlite.sql"),
        postgres: include_str!("../migrations/0001_task.postgres.sql"),
    },
    Migration {
        feature: "scaffolder",
        version: 2,
        name: "approval",
        sqlite: include_str!("../migrations/0002_approval.sql"),
        postgres: include_str!("../migrations/0002_approval.sql"),
    },
    Migration {
        feature: "scaffolder",
        version: 3,
        name: "mask",
        sqlite: include_str!("../migrations/0003_mask.sql"),
        postgres: include_str!("../migrations/0003_mask.sql"),
    },
];
