//! Kills the portal at random moments; whatever it promised must be kept, and what it derived must
//! be what a fresh portal derives from the same sources.
//!
//! `CRASHES` is the number of kills (12).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::environment;
use crate::portal::{Portal, Setup, Sources};
use crate::snapshot::{self, Snapshot, until_none};
use crate::workload::Workload;

/// After so many kills the whole state is compared.
const ROUND: u64 = 25;
/// Longest time between an action and the kill.
const KILL_MS: u64 = 300;
/// Longer than any lease and any grace of the catalog.
const LONG_MS: i64 = 10 * 60 * 1000;
/// Housekeeping begins ten seconds after a start. What becomes an orphan only now, because its
/// location was in the claim of a killed process, has the whole grace of a minute.
const SETTLE: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_portal_keeps_its_promises_and_derives_the_same_again() {
    let mut workload = Workload::new(environment::seed()).await;
    let database = Database::new();
    let setup = setup(&database, &workload);
    let mut portal = setup.start().await;
    let mut left = environment::number("CRASHES", 12);
    while left > 0 {
        let round = left.min(ROUND);
        for _ in 0..round {
            crash_at_work(&mut workload, &mut portal).await;
            portal = setup.start().await;
            workload.check_promises(&portal.client).await;
        }
        left -= round;
        portal = verify(&mut workload, &setup, &database, portal).await;
        println!("{left} kills left");
    }
    assert!(!setup.log().contains("panicked"), "{}", setup.log());
}

fn setup(database: &Database, workload: &Workload) -> Setup {
    let files = workload.globs();
    let host = workload.served.host();
    Setup::new(
        database,
        &Sources {
            files: &files,
            host,
            interval_s: 1,
        },
    )
}

/// Some actions, and a kill during the last one or shortly afterwards.
async fn crash_at_work(workload: &mut Workload, portal: &mut Portal) {
    for _ in 0..workload.below(4) {
        workload.change_source();
        let request = workload.next_request(&portal.client).await;
        let answer = request.send(&portal.client).await;
        workload.note(&request, &answer);
    }
    workload.change_source();
    let request = workload.next_request(&portal.client).await;
    let client = portal.client.clone();
    let sent = request.clone();
    let answer = tokio::spawn(async move { sent.send(&client).await });
    let pause = Duration::from_millis(workload.below(KILL_MS));
    tokio::time::sleep(pause).await;
    portal.kill();
    workload.note(&request, &answer.await.unwrap());
}

/// Lets everything settle, and compares it with a portal that has seen none of the crashes.
async fn verify(
    workload: &mut Workload,
    setup: &Setup,
    database: &Database,
    mut portal: Portal,
) -> Portal {
    workload.mend();
    // Two looks, so that everything is noticed before time passes.
    tokio::time::sleep(Duration::from_secs(4)).await;
    portal.kill();
    database.age(LONG_MS).await;
    let portal = setup.start().await;

    let fresh_database = Database::new();
    let fresh_setup = self::setup(&fresh_database, workload);
    let fresh = fresh_setup.start().await;
    workload.register_all(&fresh.client).await;

    let started = Instant::now();
    until_none("it does not settle", SETTLE, async || {
        let mut faults = database.faults().await;
        faults.extend(fresh_database.faults().await);
        faults.extend(workload.missing(&portal.client).await);
        faults
    })
    .await;
    println!("settled in {:.1?}", started.elapsed());
    until_none(
        "it is not what a fresh portal derives",
        SETTLE,
        async || {
            let crashed = Snapshot::take(&portal.client).await.unwrap();
            crashed.differences(&Snapshot::take(&fresh.client).await.unwrap())
        },
    )
    .await;
    compare_with_stored(&portal, database).await;
    until_none("it tells no sizes", SETTLE, async || {
        // They are read now and then.
        let n = portal.client.metric("catalog_entities_count").await;
        Vec::from_iter((n == 0.0).then(|| "no entities".to_owned()))
    })
    .await;
    for portal in [&portal, &fresh] {
        let n = portal
            .client
            .metric("callboard_catalog_self_check_mismatches_total")
            .await;
        assert!(
            n == 0.0,
            "the self-check found {n} mismatches: {}",
            setup.log()
        );
    }
    portal
}

/// What the index answers is what is stored, uids included.
async fn compare_with_stored(portal: &Portal, database: &Database) {
    let answered = portal.client.get("/entities").await.unwrap().body;
    let answered = answered.as_array().unwrap();
    let stored = database.bodies().await;
    let uids = |entities: &[serde_json::Value]| -> BTreeSet<String> {
        entities
            .iter()
            .map(|entity| entity["metadata"]["uid"].to_string())
            .collect()
    };
    assert_eq!(uids(answered), uids(&stored));
    let differences = snapshot::differences(
        &snapshot::by_ref(answered.clone()),
        &snapshot::by_ref(stored),
    );
    assert!(
        differences.is_empty(),
        "the index differs from the database: {differences:?}"
    );
}
