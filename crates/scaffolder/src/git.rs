//! The little of git that publishing needs: one commit of a folder, sent over smart HTTP; and the
//! newest commit of a branch with its folders, to put another one on it.
//!
//! There is no library for it that fits: `gix` cannot push, and `git2` brings libcurl and a second
//! TLS. What is here are three object formats, packs, and a request for each way; tests compare it
//! with git itself.
//!
//! Invariants: the same files, author and time give the same commit; nothing is sent where a branch
//! has other commits already.

pub(crate) mod fetch;
pub(crate) mod objects;
mod packets;
pub(crate) mod push;

pub(crate) use objects::{Author, Commit, commit_folder, commit_onto};
pub(crate) use push::{Remote, push};
