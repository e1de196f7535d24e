//! What a record costs: the same write with and without one, in turns, over a growing log.
//!
//! `cargo run --release -p audit --example cost`, and the same behind `scripts/with-postgres.sh`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark tells its figures"
)]

use std::time::{Duration, Instant};

use audit::{Event, Origin, Via};
use platform::Result;
use platform::db::{Db, Dialect, Migration, Tx};
use serde_json::json;
use testkit::TestDb;

const WRITES: i64 = 5_000;
/// What a use case changes.
const THINGS: Migration = Migration {
    feature: "lab",
    version: 1,
    name: "thing",
    sqlite: "create table lab_thing (id bigint primary key, body text not null)",
    postgres: "create table lab_thing (id bigint primary key, body text not null)",
};

fn change(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    let body = "x".repeat(1_000);
    let sql = "insert into lab_thing (id, body) values ($1, $2)";
    tx.execute(sql, &[id.into(), (&body).into()]).map(drop)
}

fn record(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    let after = json!({"id": id, "body": "x".repeat(1_000)});
    let event = Event::done("lab.thing.make", format!("thing:{id}")).changed(None, Some(&after));
    audit::record(tx, &Origin::internal(Via::Operator, "bench"), &event, id)
}

async fn timed(db: &Db, id: i64, is_recorded: bool) -> Duration {
    let begin = Instant::now();
    let write = move |tx: &mut Tx<'_>| {
        change(tx, id)?;
        if is_recorded { record(tx, id) } else { Ok(()) }
    };
    db.write(write).await.unwrap();
    begin.elapsed()
}

fn tell(database: &str, what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_micros();
    let total: Duration = times.iter().sum();
    let mean = total.as_micros() / times.len() as u128;
    println!(
        "| {database} | {what} | {} µs | {} µs | {mean} µs |",
        at(50),
        at(99)
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let migrations = [audit::MIGRATIONS, &[THINGS]].concat();
    let test = TestDb::new(&migrations).await;
    let database = match test.db.dialect() {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for number in 0..WRITES {
        plain.push(timed(&test.db, 2 * number, false).await);
        recorded.push(timed(&test.db, 2 * number + 1, true).await);
    }
    println!("| Database | Write | p50 | p99 | mean |\n|---|---|---|---|---|");
    tell(database, "without a record", &mut plain);
    tell(database, "with a record", &mut recorded);
}
