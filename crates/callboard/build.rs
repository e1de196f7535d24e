//! Tells the binary which commit it was built from, and when if somebody says so.
//!
//! The date is only taken from `SOURCE_DATE_EPOCH`, so that equal sources give equal binaries.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rerun-if-env-changed=CALLBOARD_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    // Only a release has to know its commit exactly; elsewhere every commit would cost a build.
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        for file in ["../../.git/HEAD", "../../.git/logs/HEAD"] {
            if Path::new(file).exists() {
                println!("cargo::rerun-if-changed={file}");
            }
        }
    }
    let commit = given_commit().or_else(commit_of_checkout);
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CALLBOARD_COMMIT={commit}");
    if let Some(date) =
        std::env::var_os("SOURCE_DATE_EPOCH").and_then(|date| date.into_string().ok())
    {
        println!("cargo::rustc-env=CALLBOARD_BUILT_AT={date}");
    }
}

/// A commit that the build names, because the sources are no checkout.
fn given_commit() -> Option<String> {
    let commit = std::env::var_os("CALLBOARD_COMMIT")?.into_string().ok()?;
    (!commit.is_empty()).then_some(commit)
}

fn commit_of_checkout() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
