//! Three portals on one PostgreSQL database, one of them killed every few seconds, while work goes
//! on through all of them. Needs `TEST_DATABASE_URL`.
//!
//! `REPLICA_SECONDS` is the length of the trial (20). From 60 on, leases and graces run out by
//! themselves at the end; in shorter trials the database is made older instead.

use std::time::{Duration, Instant};

use crate::database::Database;
use crate::environment;
use crate::portal::{Portal, Setup, Sources};
use crate::snapshot::{Snapshot, until_none};
use crate::workload::{Request, Workload};

const REPLICAS: usize = 3;
/// Time between two looks at a location.
const INTERVAL_S: u64 = 2;
/// All replicas show a write within this time, on a machine with much else to do. How long it took
/// is printed.
const LAG: Duration = Duration::from_secs(30);
/// More than all replicas together may use.
const CONNECTIONS: i64 = 20;
/// Longer than the lease of a claim and the grace of an orphan together with housekeeping.
const PATIENCE: Duration = Duration::from_secs(150);
const LONG_MS: i64 = 10 * 60 * 1000;

/// The replicas, of which one may be down.
struct Cluster {
    database: Database,
    setups: Vec<Setup>,
    portals: Vec<Portal>,
    most_connections: i64,
    slowest: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree_whatever_happens_to_them() {
    let Some(database) = Database::on_server() else {
        println!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let mut workload = Workload::new(environment::seed()).await;
    let mut cluster = Cluster::start(database, &workload).await;
    let deadlocks = cluster.database.deadlocks().await;
    let seconds = environment::number("REPLICA_SECONDS", 20);
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        cluster.work(&mut workload).await;
    }
    cluster.settle(&mut workload, seconds >= 60).await;
    cluster.measure_lag(&mut workload).await;
    cluster.expect_single_reads(&workload).await;
    assert_eq!(
        cluster.database.deadlocks().await,
        deadlocks,
        "the server broke deadlocks"
    );
    cluster.expect_quiet_logs();
    println!(
        "at most {} connections; a write showed everywhere within {:?}",
        cluster.most_connections, cluster.slowest
    );
}

impl Cluster {
    async fn start(database: Database, workload: &Workload) -> Self {
        let files = workload.globs();
        let host = workload.served.host();
        let sources = Sources {
            files: &files,
            host,
            interval_s: INTERVAL_S,
        };
        let setups: Vec<Setup> = (0..REPLICAS)
            .map(|_| Setup::new(&database, &sources))
            .collect();
        // All at once, so that they race for the migrations.
        let portals = futures::future::join_all(setups.iter().map(Setup::start)).await;
        Self {
            database,
            setups,
            portals,
            most_connections: 0,
            slowest: Duration::ZERO,
        }
    }

    /// Two or three seconds of work through random replicas; then one of them is killed in the
    /// middle of a request and started again.
    async fn work(&mut self, workload: &mut Workload) {
        let end = Instant::now() + Duration::from_millis(2000 + workload.below(1000));
        while Instant::now() < end {
            workload.change_source();
            let replica = &self.portals[random(workload)];
            let request = workload.next_request(&replica.client).await;
            let answer = request.send(&replica.client).await;
            workload.note(&request, &answer);
            // Who was answered sees what was promised, on the replica that answered.
            workload.check_promises(&replica.client).await;
            let pause = Duration::from_millis(workload.below(60));
            tokio::time::sleep(pause).await;
        }
        self.most_connections = self.most_connections.max(self.database.connections().await);
        let victim = random(workload);
        let request = workload.next_request(&self.portals[victim].client).await;
        let (sent, client) = (request.clone(), self.portals[victim].client.clone());
        let answer = tokio::spawn(async move { sent.send(&client).await });
        tokio::time::sleep(Duration::from_millis(workload.below(30))).await;
        self.portals[victim].kill();
        workload.note(&request, &answer.await.unwrap());
        self.portals[victim] = self.setups[victim].start().await;
        workload.check_promises(&self.portals[victim].client).await;
    }

    /// Waits until nothing is left to do, and compares all replicas and a fresh portal.
    async fn settle(&mut self, workload: &mut Workload, is_patient: bool) {
        workload.mend();
        if !is_patient {
            tokio::time::sleep(Duration::from_secs(3 * INTERVAL_S)).await;
            self.database.age(LONG_MS).await;
        }
        let fresh_database = Database::new();
        let files = workload.globs();
        let host = workload.served.host();
        let sources = Sources {
            files: &files,
            host,
            interval_s: INTERVAL_S,
        };
        let fresh = Setup::new(&fresh_database, &sources).start().await;
        workload.register_all(&fresh.client).await;
        until_none("it does not settle", PATIENCE, async || {
            let mut faults = self.database.faults().await;
            faults.extend(fresh_database.faults().await);
            faults.extend(workload.missing(&fresh.client).await);
            faults.extend(workload.missing(&self.portals[0].client).await);
            faults
        })
        .await;
        let fresh = Snapshot::take(&fresh.client).await.unwrap();
        until_none("replicas do not agree", LAG, async || {
            let mut differences = Vec::new();
            for portal in &self.portals {
                let snapshot = Snapshot::take(&portal.client).await.unwrap();
                differences.extend(fresh.differences(&snapshot));
            }
            differences
        })
        .await;
        for portal in &self.portals {
            let n = portal
                .client
                .metric("callboard_catalog_self_check_mismatches_total")
                .await;
            assert!(n == 0.0, "the self-check found {n} mismatches");
        }
        let connections = self.database.connections().await;
        assert!(
            connections <= CONNECTIONS,
            "{connections} connections to the server"
        );
    }

    /// Deletes entities through one replica and waits until none of them shows it any more.
    async fn measure_lag(&mut self, workload: &mut Workload) {
        for _ in 0..10 {
            let writer = random(workload);
            let client = &self.portals[writer].client;
            let Some(entity) = workload.random_component(client).await else {
                continue;
            };
            let uid = entity["metadata"]["uid"].as_str().unwrap().to_owned();
            let path = format!("/entities/by-uid/{uid}");
            let deleted = Request::Delete { uid }.send(client).await.unwrap();
            assert_eq!(deleted.status, 204);
            let started = Instant::now();
            until_none("a removal does not show", LAG, async || {
                let mut shown = Vec::new();
                for (n, portal) in self.portals.iter().enumerate() {
                    if portal.client.get(&path).await.unwrap().status != 404 {
                        shown.push(format!("replica {n} still has {path}"));
                    }
                }
                assert!(
                    !shown
                        .iter()
                        .any(|it| it.starts_with(&format!("replica {writer} ")))
                );
                shown
            })
            .await;
            self.slowest = self.slowest.max(started.elapsed());
        }
    }

    /// However many replicas there are, a location is read once in an interval.
    async fn expect_single_reads(&self, workload: &Workload) {
        let seconds = 10;
        workload.served.take_fetched();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let fetched = workload.served.take_fetched();
        let most = usize::try_from(seconds / INTERVAL_S + 1).unwrap();
        let urls = workload.registered_urls();
        assert!(!urls.is_empty(), "nothing is registered");
        for url in urls {
            let n = fetched.get(&url).copied().unwrap_or_default();
            assert!(
                (1..=most).contains(&n),
                "{url} was read {n} times in {seconds} s"
            );
        }
    }

    fn expect_quiet_logs(&self) {
        for setup in &self.setups {
            let log = setup.log();
            for word in ["40P01", "deadlock", "panicked"] {
                assert!(!log.contains(word), "{word}: {log}");
            }
        }
    }
}

fn random(workload: &mut Workload) -> usize {
    usize::try_from(workload.below(REPLICAS as u64)).unwrap()
}
