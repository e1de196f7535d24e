//! Checking the chain: is every record there, and is it the one that was written?

use serde::Serialize;

use crate::record::Record;
use crate::store::Head;

/// Faults beyond this number are counted only.
const MAX_FAULTS: usize = 100;

/// What is wrong at one place of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "camelCase")]
pub enum Fault {
    /// The record is not the one that was written.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// Records are gone.
    Missing {
        /// Number of the first.
        from: i64,
        /// Number of the last.
        to: i64,
    },
    /// There are records after the last one that is known.
    Unknown {
        /// Number of the first.
        from: i64,
    },
    /// The last record is not the one that was expected.
    OtherEnd,
}

/// The result of a check of the whole chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Records that were read.
    pub n_records: u64,
    /// Number and hash of the last record: keep them elsewhere to compare later.
    pub last: i64,
    /// Hash of the last record.
    pub hash: String,
    /// What is wrong; the first of them, when there are many.
    pub faults: Vec<Fault>,
    /// How many things are wrong.
    pub n_faults: u64,
}

/// A check that is under way.
pub(crate) struct Check {
    head: Head,
    next: i64,
    previous: String,
    found: Verification,
}

impl Check {
    pub(crate) fn new(head: Head) -> Self {
        let found = Verification {
            last: head.seq,
            hash: head.hash.clone(),
            ..Verification::default()
        };
        Self {
            next: head.horizon_seq + 1,
            previous: head.horizon_hash.clone(),
            head,
            found,
        }
    }

    /// The number from which on records are to be read.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// The next records, ascending.
    pub(crate) fn add(&mut self, records: &[Record]) {
        for record in records {
            self.found.n_records += 1;
            if record.seq > self.head.seq {
                if self.next <= self.head.seq + 1 {
                    self.fault(Fault::Unknown { from: record.seq });
                }
                self.next = record.seq + 1;
                continue;
            }
            if record.seq > self.next {
                self.fault(Fault::Missing {
                    from: self.next,
                    to: record.seq - 1,
                });
            } else if record.hash_after(&self.previous) != record.hash {
                // What comes after a gap has no hash to follow.
                self.fault(Fault::Changed { seq: record.seq });
            }
            self.next = record.seq + 1;
            // One changed record is one fault.
            self.previous.clone_from(&record.hash);
        }
    }

    /// All records have been added.
    pub(crate) fn finish(mut self, expected: Option<&str>) -> Verification {
        if self.next <= self.head.seq {
            self.fault(Fault::Missing {
                from: self.next,
                to: self.head.seq,
            });
        } else if self.next == self.head.seq + 1 && self.previous != self.head.hash {
            self.fault(Fault::Changed { seq: self.head.seq });
        }
        if expected.is_some_and(|expected| expected != self.head.hash) {
            self.fault(Fault::OtherEnd);
        }
        self.found
    }

    fn fault(&mut self, fault: Fault) {
        self.found.n_faults += 1;
        if self.found.faults.len() < MAX_FAULTS {
            self.found.faults.push(fault);
        }
    }
}
