//! What the engine of tasks adds to the work of steps, and many tasks at once without losing an
//! event: `cargo bench -p scaffolder`. It prints a table for `docs/BENCHMARKS.md`, and fails if an
//! event is missing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench shows what it found, and ends at what it did not expect"
)]

#[expect(dead_code, reason = "it serves tests of many kinds")]
#[path = "../tests/it/bench.rs"]
mod bench;

use std::time::{Duration, Instant};

use bench::Bench;
use scaffolder::{Case, RepoHosts, template_host};
use serde_json::{Value, json};

/// Tasks whose time is taken one by one.
const N_SINGLE: usize = 50;
/// Tasks that are there at once.
const N_AT_ONCE: usize = 200;
const N_STEPS: usize = 5;
const RENDERING: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!("| What | Measured | Target |\n|---|---|---|");
    println!(
        "| small renders | {} per second and core | 100,000 |",
        renders()
    );
    runtime.block_on(async {
        let bench = Bench::new().await;
        let step = |n: usize| {
            json!({"id": format!("s{n}"), "action": "debug:log",
                   "input": {"message": "step ${{ parameters.name }}"}})
        };
        let steps: Vec<Value> = (0..N_STEPS).map(step).collect();
        bench
            .template("t", json!({"type": "x", "steps": steps}))
            .await;
        let n_events = single(&bench).await;
        at_once(&bench, n_events).await;
    });
}

/// Renders of an input's text in a second.
fn renders() -> usize {
    let host = template_host(RepoHosts::default());
    let case: Case = serde_json::from_value(json!({
        "id": 1, "kind": "value", "source": "${{ parameters.name | upper }}-${{ parameters.env }}",
        "ctx": {"parameters": {"name": "shop", "env": "dev"}},
    }))
    .unwrap();
    let started = Instant::now();
    let mut n_rendered = 0;
    while started.elapsed() < RENDERING {
        for _ in 0..100 {
            std::hint::black_box(case.render(&host));
        }
        n_rendered += 100;
    }
    n_rendered / usize::try_from(RENDERING.as_secs()).unwrap()
}

/// Waits for the end of a task; how many events it has.
async fn end(bench: &Bench, id: &str) -> usize {
    let (status, events) = bench.wait(id).await;
    assert_eq!(status, "completed");
    events.len()
}

/// One task after the other; the events of each.
async fn single(bench: &Bench) -> usize {
    let mut times = Vec::new();
    let mut n_events = 0;
    for _ in 0..N_SINGLE {
        let started = Instant::now();
        let id = bench.create("t", json!({"name": "x"}), json!({})).await;
        n_events = end(bench, &id).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median = times[N_SINGLE / 2];
    println!(
        "| a task of {N_STEPS} steps that do nothing, until its end is seen | {median:.1?} | 300 ms |"
    );
    n_events
}

async fn at_once(bench: &Bench, n_events: usize) {
    let started = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..N_AT_ONCE {
        ids.push(bench.create("t", json!({"name": "x"}), json!({})).await);
    }
    let accepted = started.elapsed();
    for id in &ids {
        assert_eq!(end(bench, id).await, n_events, "events of {id}");
    }
    let seconds = started.elapsed().as_secs_f64();
    let n_events = N_AT_ONCE * n_events;
    println!("| {N_AT_ONCE} tasks at once: all accepted | {accepted:.1?} |  |");
    println!(
        "| {N_AT_ONCE} tasks at once: all {n_events} events there | {seconds:.2} s | none lost |"
    );
}
