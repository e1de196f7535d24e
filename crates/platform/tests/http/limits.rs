//! Too many requests, and requests that another site sends.

use std::sync::Arc;
use std::time::Duration;

use platform::config::TrustProxy;
use platform::http::NoContent;
use platform::http::{HttpSettings, Limit, Limiter, Mount, Plugin, RateLimits, Routes, mount_with};

use crate::server::{Everything, TestServer, Tokens, settings};

const MINUTE: Duration = Duration::from_mins(1);

fn limited(global: Option<u32>, lab: Option<u32>) -> HttpSettings {
    let limit = |requests| Limit::new(requests, MINUTE);
    HttpSettings {
        rate_limits: Some(RateLimits {
            global: global.map(limit),
            plugins: lab
                .map(|n| ("lab".to_owned(), limit(n)))
                .into_iter()
                .collect(),
        }),
        trust_proxy: TrustProxy::Everybody,
        ..settings()
    }
}

/// Statuses of as many requests as there are addresses.
async fn statuses(server: &TestServer, path: &str, addresses: &[&str]) -> Vec<u16> {
    let mut found = Vec::new();
    for address in addresses {
        let headers = [
            ("authorization", "Bearer good"),
            ("x-forwarded-for", *address),
        ];
        found.push(
            server
                .send(&format!("GET {path}"), &headers, "")
                .await
                .status,
        );
    }
    found
}

#[tokio::test]
async fn each_address_may_ask_so_often() {
    const THINGS: &str = "/api/lab/things";
    let server = TestServer::ready(limited(Some(2), None)).await;
    let found = statuses(
        &server,
        THINGS,
        &["1.1.1.1", "1.1.1.1", "1.1.1.1", "2.2.2.2"],
    )
    .await;
    assert_eq!(found, [200, 200, 429, 200]);
    let reply = server
        .send(
            &format!("GET {THINGS}"),
            &[("x-forwarded-for", "1.1.1.1")],
            "",
        )
        .await;
    assert_eq!(
        reply.text(),
        r#"{"error":{"name":"Error","message":"Too many requests, please try again later"},"response":{"statusCode":429}}"#
    );
    assert!(reply.headers.iter().any(|(name, _)| name == "retry-after"));
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, _)| name == "content-security-policy")
    );
    let probes = statuses(&server, "/.backstage/health/v1/liveness", &["1.1.1.1"; 5]).await;
    assert_eq!(probes, [200; 5]);
}

#[tokio::test]
async fn a_plugin_may_have_a_limit_of_its_own() {
    let server = TestServer::ready(limited(None, Some(1))).await;
    let found = statuses(&server, "/api/lab/things", &["1.1.1.1", "1.1.1.1"]).await;
    assert_eq!(found, [200, 429]);
    let pages = statuses(&server, "/page", &["1.1.1.1"; 3]).await;
    assert_eq!(pages, [200; 3]);
}

#[tokio::test]
async fn exempt_addresses_are_not_counted() {
    let mut settings = limited(Some(1), None);
    let limits = settings.rate_limits.as_mut().unwrap();
    limits.global.as_mut().unwrap().exempt = vec!["1.1.1.1".parse().unwrap()];
    let server = TestServer::ready(settings).await;
    let found = statuses(
        &server,
        "/api/lab/things",
        &["1.1.1.1", "1.1.1.1", "2.2.2.2", "2.2.2.2"],
    )
    .await;
    assert_eq!(found, [200, 200, 200, 429]);
}

#[tokio::test]
async fn each_principal_may_ask_so_often_from_wherever() {
    let server = TestServer::starting(HttpSettings {
        trust_proxy: TrustProxy::Everybody,
        ..settings()
    })
    .await;
    let plugin = Plugin {
        id: "lab",
        router: axum::Router::new().route("/things", axum::routing::get(async || NoContent)),
        open_paths: &[],
    };
    let mount = Mount {
        limiter: Some(Arc::new(Limiter::new(Limit::new(2, MINUTE)))),
        ..Mount::new(Arc::new(Tokens), Arc::new(Everything))
    };
    server
        .front
        .open(Routes::new().plugin("lab", mount_with(plugin, mount)));
    let found = statuses(
        &server,
        "/api/lab/things",
        &["1.1.1.1", "2.2.2.2", "3.3.3.3"],
    )
    .await;
    assert_eq!(found, [204, 204, 429]);
}

#[tokio::test]
async fn other_sites_change_nothing_in_the_name_of_a_cookie() {
    let server = TestServer::ready(settings()).await;
    let forged = [
        ("cookie", "backstage-auth=a"),
        ("origin", "https://evil.example"),
    ];
    let reply = server.send("POST /api/lab/things", &forged, "").await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (403, "The request comes from another site")
    );
    let own = [("cookie", "backstage-auth=a"), ("origin", "http://test")];
    assert_eq!(
        server.send("POST /api/lab/things", &own, "").await.status,
        401
    );
}
