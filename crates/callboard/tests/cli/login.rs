//! `callboard login`, `whoami` and `logout` against a running portal.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::portal::Portal;
use crate::stage::Stage;

const USER: &str = "user:development/guest";

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn stage(port: u16, has_server: bool) -> Stage {
    Stage::configured(&json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": {"host": "127.0.0.1", "port": port},
        },
        "auth": {
            "providers": {"guest": {}},
            "clientIdMetadataDocuments": {"enabled": has_server},
            "experimentalRefreshToken": {
                "enabled": true, "dangerouslyDisableCatalogPresenceCheck": true,
            },
        },
    }))
}

/// Answers a code as the page of the portal does.
fn answer(base: &str, code: &str, answer: &str) -> u16 {
    let work = async {
        let client = reqwest::Client::builder().build().unwrap();
        let signed_in = client.get(format!("{base}/api/auth/guest/refresh"));
        let signed_in = signed_in.send().await.unwrap().bytes().await.unwrap();
        let signed_in: Value = serde_json::from_slice(&signed_in).unwrap();
        let token = signed_in["backstageIdentity"]["token"].as_str().unwrap();
        let url = format!("{base}/api/auth/v1/device/{code}/{answer}");
        let request = client.post(url).bearer_auth(token).body("{}");
        request.send().await.unwrap().status().as_u16()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// Logs in, and the user gives this answer; the code and what was said.
fn log_in(stage: &Stage, base: &str, said: &str) -> (i32, String) {
    let mut command = stage.command(&["login", base, "--scope", "catalog:read"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let code = line.trim().rsplit(' ').next().unwrap_or_default();
    assert_eq!(answer(base, code, said), 200, "{line}");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    (status.code().unwrap(), rest)
}

#[test]
fn somebody_logs_in_and_out() {
    let port = free_port();
    let stage = stage(port, true);
    let base = format!("http://127.0.0.1:{port}");
    let portal = Portal::start(&stage, port);
    portal.wait_for("/.backstage/health/v1/readiness", |it| it["status"] == "ok");
    let run = stage.run(&["whoami"]).expect(1);
    assert!(run.err.contains("not logged in"), "{}", run.err);

    let (code, said) = log_in(&stage, &base, "approve");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(&format!("you are {USER} at {base}")),
        "{said}"
    );
    let run = stage.run(&["whoami"]).expect(0);
    assert!(
        run.out.starts_with(&format!("{USER} at {base}\n")),
        "{}",
        run.out
    );
    let run = stage.run(&["whoami", "--format", "json"]).expect(0);
    assert_eq!(run.json()["sub"], USER);

    let file = stage.path("home/callboard/logins.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A token that has ended is renewed.
    let mut kept: Value = serde_json::from_str(&stage.read("home/callboard/logins.json")).unwrap();
    let first = kept[&base]["access_token"].take();
    kept[&base]["access_token"] = "ended".into();
    kept[&base]["expires_at"] = 0.into();
    std::fs::write(&file, kept.to_string()).unwrap();
    stage.run(&["whoami"]).expect(0);
    let renewed: Value = serde_json::from_str(&stage.read("home/callboard/logins.json")).unwrap();
    assert_ne!(renewed[&base]["access_token"], "ended");
    assert_ne!(renewed[&base]["access_token"], first);

    stage.run(&["logout"]).expect(0);
    assert!(!stage.read("home/callboard/logins.json").contains("token"));
    stage.run(&["whoami"]).expect(1);
    // The session is over, not only forgotten here.
    std::fs::write(&file, renewed.to_string()).unwrap();
    let mut ended = renewed;
    ended[&base]["expires_at"] = 0.into();
    std::fs::write(&file, ended.to_string()).unwrap();
    let run = stage.run(&["whoami"]).expect(1);
    assert!(run.err.contains("log in anew"), "{}", run.err);

    let (code, said) = log_in(&stage, &base, "reject");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the user said no"), "{said}");
}

#[test]
fn a_portal_without_the_server_says_what_to_switch_on() {
    let port = free_port();
    let stage = stage(port, false);
    let base = format!("http://127.0.0.1:{port}");
    let portal = Portal::start(&stage, port);
    portal.wait_for("/.backstage/health/v1/readiness", |it| it["status"] == "ok");
    let run = stage.run(&["login", &base]).expect(1);
    assert!(run.err.contains("clientIdMetadataDocuments"), "{}", run.err);
}
