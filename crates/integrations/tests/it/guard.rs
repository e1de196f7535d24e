//! Where requests and credentials may go.

use std::time::Duration;

use integrations::settings::{GiteaSettings, GitlabSettings, ReadingSettings};
use integrations::{ReadError, Settings, UrlReaders};
use platform::Clock;
use platform::config::Secret;
use url::Url;

use crate::server::{Names, Server, limits, ok, read, readers, readers_at, reply};

fn allow(hosts: &[String]) -> Settings {
    let rule = |host: &String| ReadingSettings {
        host: host.clone(),
        paths: None,
    };
    let reading = hosts.iter().map(rule).collect();
    Settings {
        reading,
        limits: limits(),
        ..Settings::default()
    }
}

fn with_names(settings: &Settings, names: &[(&'static str, &[&str])]) -> UrlReaders {
    readers_at(settings, Clock::system(), Names::new(names))
}

async fn refusal(readers: &UrlReaders, url: &Url) -> String {
    match read(readers, url).await {
        Err(ReadError::NotAllowed { message }) => message,
        other => panic!("{url} should be refused, but: {other:?}"),
    }
}

#[tokio::test]
async fn hosts_that_nobody_configured_are_refused_in_recorded_words() {
    let readers = readers(&allow(&[]));
    let url = Url::parse("https://git.example.com/x/catalog-info.yaml").unwrap();
    assert_eq!(
        refusal(&readers, &url).await,
        "Reading from 'https://git.example.com/x/catalog-info.yaml' is not allowed. You may need to \
         configure an integration for the target host, or add it to the configured list of allowed \
         hosts at 'backend.reading.allow'"
    );
}

#[tokio::test]
async fn other_schemes_and_logins_in_urls_are_refused() {
    let readers = readers(&allow(&["example.com".to_owned()]));
    for url in [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "data:text/plain,x",
    ] {
        refusal(&readers, &Url::parse(url).unwrap()).await;
    }
    let message = refusal(
        &readers,
        &Url::parse("https://u:hunter2@example.com/").unwrap(),
    )
    .await;
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn names_may_lead_as_far_as_configuration_trusts_them() {
    let server = Server::start(|_| ok("hello")).await;
    let port = server.port;
    let mut settings = allow(&[format!("named.test:{port}"), format!("*.wild.test:{port}")]);
    settings.limits.connect_timeout = Duration::from_millis(300);
    // name, its addresses, whether this machine may be reached through it
    for (host, addresses, is_reached) in [
        ("named.test", &["127.0.0.1"][..], true),
        ("a.wild.test", &["127.0.0.1"][..], false),
        ("a.wild.test", &["::ffff:127.0.0.1"][..], false),
        ("named.test", &["169.254.169.254"][..], false),
        ("named.test", &["0.0.0.0"][..], false),
        // The allowed address does not answer; the other one must not be tried.
        ("a.wild.test", &["10.255.255.1", "127.0.0.1"][..], false),
    ] {
        let readers = with_names(&settings, &[(host, addresses)]);
        let before = server.seen().len();
        let result = read(&readers, &server.named(host, "/x")).await;
        assert_eq!(
            result.is_ok(),
            is_reached,
            "{host} at {addresses:?}: {result:?}"
        );
        assert_eq!(
            server.seen().len() > before,
            is_reached,
            "{host} at {addresses:?}"
        );
        if let (Err(error), 1) = (&result, addresses.len()) {
            let expected = format!(
                "Reading is not allowed: `{host}` leads to an internal address, which is not allowed"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_inside_the_list_only() {
    let secret = Server::start(|_| ok("internal")).await;
    let target = secret.port;
    let server = Server::start(move |seen| {
        let internal = format!("http://127.0.0.1:{target}/");
        let to = |location: &str| reply(302, &[("location", location)], "");
        match &*seen.line {
            "GET /inside" => to("/file"),
            "GET /file" => ok("hello"),
            "GET /literal" => to(&internal),
            "GET /metadata" => to("http://169.254.169.254/latest/meta-data/"),
            "GET /login" => to("http://user:hunter2@named.test/"),
            "GET /scheme" => to("file:///etc/passwd"),
            _ => to("/loop"),
        }
    })
    .await;
    let settings = allow(&[
        format!("named.test:{}", server.port),
        "named.test".to_owned(),
    ]);
    let readers = with_names(&settings, &[("named.test", &["127.0.0.1"])]);
    let at = |path: &str| server.named("named.test", path);

    assert_eq!(read(&readers, &at("/inside")).await.unwrap().bytes, "hello");
    for path in ["/literal", "/metadata", "/login"] {
        let message = refusal(&readers, &at(path)).await;
        assert!(
            message.contains("is not allowed") && !message.contains("hunter2"),
            "{message}"
        );
    }
    assert!(matches!(
        read(&readers, &at("/scheme")).await,
        Err(ReadError::Denied { .. })
    ));
    assert!(
        secret.seen().is_empty(),
        "no request may reach the internal server"
    );

    let before = server.seen().len();
    let error = read(&readers, &at("/loop")).await.unwrap_err();
    assert!(matches!(error, ReadError::Invalid { .. }), "{error}");
    assert!(error.to_string().ends_with("too many redirects"), "{error}");
    assert_eq!(
        server.seen().len() - before,
        6,
        "five redirects after the request"
    );
}

#[tokio::test]
async fn a_redirect_to_an_allowed_name_that_became_internal_is_refused() {
    let server = Server::start(|seen| match &*seen.line {
        "GET /start" => {
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            reply(
                302,
                &[("location", &format!("http://rebound.wild.test:{port}/x"))],
                "",
            )
        }
        _ => ok("internal"),
    })
    .await;
    let port = server.port;
    let settings = allow(&[format!("named.test:{port}"), format!("*.wild.test:{port}")]);
    let names: &[(&str, &[&str])] = &[
        ("named.test", &["127.0.0.1"]),
        ("rebound.wild.test", &["127.0.0.1"]),
    ];
    let readers = with_names(&settings, names);
    let message = refusal(&readers, &server.named("named.test", "/start")).await;
    assert!(
        message.contains("`rebound.wild.test` leads to an internal address"),
        "{message}"
    );
    assert_eq!(server.lines(), ["GET /start"]);
}

#[tokio::test]
async fn credentials_stay_with_their_host() {
    let store = Server::start(|_| ok("from the store")).await;
    let target = store.url("/object").to_string();
    let server = Server::start(move |seen| {
        if seen.line.contains("/moved%2Fx") {
            let location = "/api/v4/projects/new/repository/files/x/raw?ref=main";
            reply(301, &[("location", location)], "")
        } else if seen.line.contains("/stored%2Fx") {
            reply(302, &[("location", &target)], "")
        } else {
            ok("moved")
        }
    })
    .await;
    let gitlab = GitlabSettings {
        host: format!("127.0.0.1:{}", server.port),
        base_url: Some(server.url("").to_string()),
        token: Some(Secret::new("glpat-secret")),
        ..GitlabSettings::default()
    };
    let settings = |hosts: &[String]| Settings {
        gitlab: vec![gitlab.clone()],
        ..allow(hosts)
    };
    let stored = server.url("/g/r/-/blob/main/stored/x");

    // Another host is visited only if it is on the list, and never with the token.
    refusal(&readers(&settings(&[])), &stored).await;
    assert!(store.seen().is_empty());
    let readers = readers(&settings(&[format!("127.0.0.1:{}", store.port)]));
    assert_eq!(
        read(&readers, &stored).await.unwrap().bytes,
        "from the store"
    );
    assert_eq!(store.seen()[0].header("authorization"), None);

    let moved = server.url("/g/r/-/blob/main/moved/x");
    assert_eq!(read(&readers, &moved).await.unwrap().bytes, "moved");
    for seen in server.seen() {
        assert_eq!(
            seen.header("authorization"),
            Some("Bearer glpat-secret"),
            "{}",
            seen.line
        );
    }
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let gitea = GiteaSettings {
        host: "127.0.0.1:1".to_owned(),
        username: Some("ann".to_owned()),
        password: Some(Secret::new("hunter2")),
        ..GiteaSettings::default()
    };
    let settings = Settings {
        gitea: vec![gitea],
        ..allow(&[])
    };
    let readers = readers(&settings);
    let url = Url::parse("https://127.0.0.1:1/o/r/src/branch/main/x").unwrap();
    let error = read(&readers, &url).await.unwrap_err();
    // "ann:hunter2" in base64
    for shown in [
        format!("{settings:?}"),
        format!("{:?}", readers.integrations()),
        format!("{error:?}"),
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("YW5uOmh1bnRlcjI"),
            "{shown}"
        );
    }
}
