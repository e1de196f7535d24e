//! Where data is kept: the data folder, the database and its clock.

use std::path::Path;

use platform::Clock;
use platform::db::{Db, Dialect, Settings, acquire_lease, is_missing_database, release_lease};

use crate::cli::open::{Schema, Target, schema};
use crate::store;

use super::Finding;

/// Difference of clocks that leases bear, in milliseconds.
const MAX_SKEW: i64 = 5_000;
/// A time before which no binary of ours was built: 2026-01-01.
const FIRST: i64 = 1_767_225_600_000;

/// Whether the data folder can be written, or made.
pub(super) fn folder(folder: &Path) -> Finding {
    let name = folder.display();
    let existing = folder.ancestors().find(|folder| folder.exists());
    let existing = existing.unwrap_or(Path::new("."));
    let probe = existing.join(format!(".callboard-{}", std::process::id()));
    let written = std::fs::write(&probe, b"");
    // What is left of a probe that could not be removed is an empty file.
    let _ = std::fs::remove_file(&probe);
    match written {
        Ok(()) if folder.exists() => Finding::fine(format!("data folder `{name}` can be written")),
        Ok(()) => Finding::fine(format!("data folder `{name}` will be made")),
        Err(error) => Finding::wrong(
            format!("data folder `{name}` cannot be written: {error}"),
            "give the user of the portal the right to write there, or choose another `--data`",
        ),
    }
}

/// Whether the database answers, has our schema, can be written, and knows the time.
pub(super) async fn database(target: &Target) -> Vec<Finding> {
    if let Some(path) = target.missing_file() {
        let path = path.display();
        return vec![Finding::fine(format!("database `{path}` will be made"))];
    }
    let db = match target.connect().await {
        Ok(db) => db,
        Err(error) if will_be_made(target, &error) => {
            return vec![Finding::fine(
                "database (PostgreSQL): will be made, if its user may make databases",
            )];
        }
        Err(error) => {
            return vec![Finding::wrong(
                format!("database cannot be reached: {error:#}"),
                "check `backend.database` and whether the server runs",
            )];
        }
    };
    let mut findings = Vec::new();
    let kind = match db.dialect() {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    let found = schema(&db).await;
    findings.push(match &found {
        Ok(Schema::Current) => Finding::fine(format!("database ({kind}): schema is up to date")),
        Ok(Schema::Absent) => Finding::fine(format!(
            "database ({kind}): empty; the portal makes the schema"
        )),
        Ok(Schema::Older) => Finding::doubtful(
            format!("database ({kind}): schema of an older version"),
            "the portal updates it when it starts; `callboard migrate` does it now",
        ),
        Ok(Schema::Newer) => Finding::wrong(
            format!("database ({kind}): schema of a newer version of Callboard"),
            "run that version or a later one",
        ),
        Err(error) => Finding::wrong(
            format!("database ({kind}) cannot be read: {error:#}"),
            "check the rights of the user in `backend.database`",
        ),
    });
    if matches!(found, Ok(Schema::Current | Schema::Older)) {
        findings.push(can_write(&db).await);
    }
    findings.push(clock(&db).await);
    findings
}

/// Whether the server only lacks the database, which the portal makes when it starts.
fn will_be_made(target: &Target, error: &anyhow::Error) -> bool {
    let may_make = matches!(&target.settings, Settings::Postgres(it) if it.ensure_exists);
    let error = error.downcast_ref::<platform::Error>();
    may_make && error.is_some_and(is_missing_database)
}

async fn can_write(db: &Db) -> Finding {
    let now = Clock::system().now();
    let holder = format!("doctor-{}", std::process::id());
    let written = db
        .write(
            move |tx| match acquire_lease(tx, "doctor", &holder, now, 1000)? {
                Some(lease) => release_lease(tx, &lease),
                None => Ok(()),
            },
        )
        .await;
    match written {
        Ok(()) => Finding::fine("database can be written"),
        Err(error) => Finding::wrong(
            format!("database cannot be written: {}", error.chain()),
            "check the rights of its user, the free space and whether the file is read-only",
        ),
    }
}

async fn clock(db: &Db) -> Finding {
    let fix = "synchronise the clock, for example with NTP";
    let ours = Clock::system().now();
    if ours < FIRST {
        return Finding::wrong("the clock of this machine is years late", fix);
    }
    match db.read(store::load_time).await {
        Ok(Some(theirs)) if (theirs - ours).abs() > MAX_SKEW => Finding::wrong(
            format!(
                "the clock differs from that of the database by {} ms",
                theirs - ours
            ),
            fix,
        ),
        Ok(Some(_)) => Finding::fine("the clock agrees with that of the database"),
        _ => Finding::fine("the clock is plausible"),
    }
}
