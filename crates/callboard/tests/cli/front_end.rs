//! A front end of Backstage, served by the binary.

use serde_json::json;

use crate::doctor::free_port;
use crate::portal::Portal;
use crate::stage::{SECRET, Stage};

#[test]
fn a_front_end_is_served_with_the_configuration_for_browsers_and_its_socket_connects() {
    let port = free_port();
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/testdata/dist");
    let stage = Stage::configured(&json!({
        "app": { "title": "Front end", "baseUrl": format!("http://127.0.0.1:{port}/sub") },
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}/sub"),
            "listen": { "host": "127.0.0.1", "port": port },
        },
        "callboard": { "app": { "dist": dist } },
    }));
    let portal = Portal::start(&stage, port);
    portal.wait_for("/sub/api/signals/health", |answer| answer["status"] == "ok");

    let page = portal.ask("/sub/catalog");
    for part in [
        "content-security-policy: default-src 'self'",
        "x-frame-options: DENY",
        "<title>Front end</title>",
        "src=\"/sub/static/main.0a1b2c.js\"",
        "\"host\": \"github.com\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains(SECRET));

    let script = portal.ask("/sub/static/main.0a1b2c.js");
    assert!(script.contains("front end"), "{script}");

    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (token, status) in [(None, "101"), (Some("garbage"), "401")] {
        let token = token.map(|token| ("sec-websocket-protocol", token));
        let headers: Vec<_> = upgrade.into_iter().chain(token).collect();
        let head = portal.head("/sub/api/signals", &headers);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}
