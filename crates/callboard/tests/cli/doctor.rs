//! `callboard doctor`

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::portal::Portal;
use crate::stage::{Stage, server};

/// A port that nobody has, as far as one can tell.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn configured(port: u16, locations: &Value) -> Stage {
    Stage::configured(&json!({
        "app": {"baseUrl": "http://127.0.0.1:7007"},
        "backend": {"listen": {"host": "127.0.0.1", "port": port}},
        "catalog": {"locations": locations},
    }))
}

fn status_of(findings: &Value, what: &str) -> String {
    let found = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["what"].as_str().unwrap().contains(what));
    let found = found.unwrap_or_else(|| panic!("nothing about {what}: {findings:#}"));
    found["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_healthy_portal_has_no_complaints() {
    let stage = configured(
        free_port(),
        &json!([{"type": "file", "target": "./all.yaml"}]),
    );
    stage.write("all.yaml", "");
    stage.run(&["migrate"]).expect(0);
    let run = stage.run(&["doctor", "--offline"]).expect(0);
    assert!(!run.out.contains('✗'), "{}", run.out);
    for what in [
        "schema is up to date",
        "can be written",
        "is free",
        "has credentials",
        "1 file",
    ] {
        assert!(run.out.contains(what), "{what} is not in\n{}", run.out);
    }
}

#[test]
fn what_is_wrong_is_told_with_a_fix() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let stage = configured(port, &json!([{"type": "file", "target": "./gone.yaml"}]));
    let run = stage
        .run(&["doctor", "--offline", "--format", "json"])
        .expect(1);
    let findings = run.json();
    assert_eq!(status_of(&findings, "is taken by another program"), "wrong");
    assert_eq!(status_of(&findings, "gone.yaml"), "wrong");
    for finding in findings.as_array().unwrap() {
        let is_fine = finding["status"] == "fine";
        assert_eq!(is_fine, finding.get("fix").is_none(), "{finding}");
    }
}

#[test]
fn a_database_that_does_not_answer_is_told_without_its_password() {
    let secret = crate::stage::SECRET;
    let url = format!("postgres://user:{secret}@127.0.0.1:{}/portal", free_port());
    let stage = Stage::configured(&json!({
        "backend": {"database": {"client": "pg", "connection": url}},
    }));
    let findings = stage
        .run(&["doctor", "--offline", "--format", "json"])
        .expect(1)
        .json();
    assert_eq!(status_of(&findings, "database cannot be reached"), "wrong");
}

#[test]
fn a_configuration_that_cannot_be_used_is_the_first_finding() {
    let stage = Stage::with(&[("app-config.yaml", "backend:\n  listen: {port: many}\n")]);
    let findings = stage
        .run(&["doctor", "--offline", "--format", "json"])
        .expect(1)
        .json();
    assert_eq!(status_of(&findings, "configuration: "), "wrong");
}

#[test]
fn a_portal_that_runs_is_recognised_whatever_it_speaks() {
    for https in [false, true] {
        let port = free_port();
        let stage = Stage::configured(&json!({
            "backend": {"https": https, "listen": {"host": "127.0.0.1", "port": port}},
        }));
        let portal = Portal::start(&stage, port);
        let what = format!("port {port}: a portal runs there");
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let run = stage.run(&["doctor", "--offline"]);
            if run.out.contains(&what) {
                break;
            }
            assert!(Instant::now() < end, "https {https}\n{}", run.out);
            std::thread::sleep(Duration::from_millis(200));
        }
        drop(portal);
    }
}

#[test]
fn a_postgres_database_that_the_portal_will_make_is_fine() {
    let Some(url) = server() else { return };
    let mut url = url::Url::parse(&url).unwrap();
    url.set_path("/callboard_is_not_there_yet");
    let stage = Stage::configured(&json!({
        "backend": {"database": {"client": "pg", "connection": url.as_str()}},
    }));
    let findings = stage
        .run(&["doctor", "--offline", "--format", "json"])
        .json();
    assert_eq!(status_of(&findings, "will be made"), "fine");
}
