//! Unix sockets, TLS and HTTP/2.

use std::os::unix::fs::PermissionsExt as _;

use http::Version;
use platform::http::{HttpSettings, Listen, Tls};
use reqwest::{Certificate, Client, ClientBuilder};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use crate::server::{TestServer, read_reply, request, settings};

#[tokio::test]
async fn unix_sockets_are_served_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.sock");
    let listen = vec![Listen::Unix {
        path: path.clone(),
        mode: 0o600,
    }];
    let server = TestServer::ready(HttpSettings {
        listen,
        ..settings()
    })
    .await;
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let mut stream = UnixStream::connect(&path).await.unwrap();
    let text = request("GET /api/lab/id", &[("authorization", "Bearer good")], "");
    stream.write_all(text.as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 200);

    server.shutdown.cancel();
    server.task.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_self_signed_certificate_serves_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::SelfSigned {
        host: "localhost".to_owned(),
        folder: folder.path().to_owned(),
    };
    let server = TestServer::ready(HttpSettings {
        tls: Some(tls),
        ..settings()
    })
    .await;
    let pem = std::fs::read(folder.path().join("self-signed-localhost.pem")).unwrap();
    let trusting = || Client::builder().add_root_certificate(Certificate::from_pem(&pem).unwrap());

    check(&server, "https", trusting(), Version::HTTP_2).await;
    check(&server, "https", trusting().http1_only(), Version::HTTP_11).await;
    let stranger = Client::builder()
        .build()
        .unwrap()
        .get(url(&server, "https"));
    assert!(stranger.send().await.is_err(), "nobody else signed it");
}

#[tokio::test]
async fn http2_needs_no_tls() {
    let server = TestServer::ready(settings()).await;
    let prior_knowledge = Client::builder().http2_prior_knowledge();
    check(&server, "http", prior_knowledge, Version::HTTP_2).await;
    check(&server, "http", Client::builder(), Version::HTTP_11).await;
}

async fn check(server: &TestServer, scheme: &str, client: ClientBuilder, version: Version) {
    let client = client.build().unwrap();
    let get = client.get(url(server, scheme)).bearer_auth("good").send();
    let reply = get.await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.version()), (200, version));
    assert_eq!(reply.headers()["x-frame-options"], "SAMEORIGIN");
    assert_eq!(reply.text().await.unwrap().len(), 20_002);

    let head = client
        .head(url(server, scheme))
        .bearer_auth("good")
        .send()
        .await
        .unwrap();
    assert_eq!(head.headers()["content-length"], "20002");
    assert_eq!(head.text().await.unwrap(), "");
}

fn url(server: &TestServer, scheme: &str) -> String {
    format!("{scheme}://localhost:{}/api/lab/big", server.address.port())
}
