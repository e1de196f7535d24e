//! The little of git that publishing needs: one commit of a folder, sent over smart HTTP.
//!
//! There is no library for it that fits: `gix` cannot push, and `git2` brings libcurl and a second
//! TLS. What is here are three object formats, a pack without deltas, and one request; tests compare
//! it with git itself.
//!
//! Invariants: the same files, author and time give the same commit; nothing is sent where a branch
//! has other commits already.

pub(crate) mod objects;
mod packets;
pub(crate) mod push;

pub(crate) use objects::{Author, Commit, commit_folder};
pub(crate) use push::{Remote, push};
