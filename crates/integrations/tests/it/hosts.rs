//! Each product's documented API: paths, credentials, listings and versions.

use axum::response::Response;
use integrations::settings::{
    AzureCredential, AzureSettings, BitbucketCloudSettings, BitbucketServerSettings, GiteaSettings,
    GithubSettings, GitlabSettings,
};
use integrations::{ReadError, ReadRequest, ReadUrl, SearchOutcome, Settings, UrlReaders};
use platform::config::Secret;
use url::Url;

use crate::server::{Seen, Server, gone, limits, ok, read, readers, reply};

const COMMIT: &str = "5bcc9b5c1de9a1d46f9b3f9e6a8c9d4f0e1a2b3c";

/// Answers by request line; everything else is gone.
async fn serve(answers: &'static [(&'static str, &'static str)]) -> Server {
    let find = |line: &str| answers.iter().find(|(asked, _)| *asked == line);
    Server::start(move |seen: &Seen| find(&seen.line).map_or_else(gone, |(_, body)| ok(*body)))
        .await
}

fn base() -> Settings {
    Settings {
        limits: limits(),
        ..Settings::default()
    }
}

fn github(server: &Server, token: Option<&str>) -> Settings {
    let github = GithubSettings {
        host: "ghe.test".to_owned(),
        api_base_url: Some(server.url("/api/v3").into()),
        token: token.map(Secret::new),
        ..GithubSettings::default()
    };
    Settings {
        github: vec![github],
        ..base()
    }
}

fn gitlab(server: &Server) -> Settings {
    let gitlab = GitlabSettings {
        host: format!("127.0.0.1:{}", server.port),
        base_url: Some(server.url("/gitlab").into()),
        token: Some(Secret::new("glpat")),
        ..GitlabSettings::default()
    };
    Settings {
        gitlab: vec![gitlab],
        ..base()
    }
}

fn gitea(server: &Server, username: Option<&str>) -> Settings {
    let gitea = GiteaSettings {
        host: format!("127.0.0.1:{}", server.port),
        base_url: Some(server.url("").into()),
        username: username.map(str::to_owned),
        password: Some(Secret::new("secret")),
    };
    Settings {
        gitea: vec![gitea],
        ..base()
    }
}

fn bitbucket_cloud(server: &Server) -> BitbucketCloudSettings {
    BitbucketCloudSettings {
        api_base_url: Some(server.url("/2.0").into()),
        token_url: Some(server.url("/oauth2/access_token").into()),
        ..BitbucketCloudSettings::default()
    }
}

fn bitbucket_server(server: &Server) -> Settings {
    let bitbucket = BitbucketServerSettings {
        host: format!("127.0.0.1:{}", server.port),
        api_base_url: Some(server.url("/rest/api/1.0").into()),
        token: Some(Secret::new("http-token")),
        ..BitbucketServerSettings::default()
    };
    Settings {
        bitbucket_server: vec![bitbucket],
        ..base()
    }
}

fn azure(server: &Server, credentials: Vec<AzureCredential>) -> Settings {
    let azure = AzureSettings {
        host: format!("127.0.0.1:{}", server.port),
        base_url: Some(server.url("").into()),
        credentials,
    };
    Settings {
        azure: vec![azure],
        ..base()
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

async fn search(readers: &UrlReaders, url: &Url, etag: Option<&str>) -> Found {
    let request = ReadRequest::new(url.clone()).with_etag(etag.map(str::to_owned));
    match readers.search(&request).await.unwrap() {
        SearchOutcome::NotModified => Found::NotModified,
        SearchOutcome::Found { files, etag } => {
            let file = |file: integrations::FoundFile| {
                (
                    file.url.to_string(),
                    String::from_utf8(file.bytes.to_vec()).unwrap(),
                )
            };
            Found::Files(files.into_iter().map(file).collect(), etag)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    NotModified,
    Files(Vec<(String, String)>, Option<String>),
}

fn files(files: &[(&str, &str)]) -> Found {
    let owned = |(url, body): &(&str, &str)| ((*url).to_owned(), (*body).to_owned());
    Found::Files(files.iter().map(owned).collect(), Some(COMMIT.to_owned()))
}

fn authorizations(server: &Server) -> Vec<Option<String>> {
    server
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn github_files() {
    let line = "GET /api/v3/repos/o/r/contents/a%20b/x.yaml?ref=feature%2Fx";
    let server = Server::start(move |seen| match (&*seen.line, seen.header("accept")) {
        (asked, Some("application/vnd.github.v3.raw")) if asked == line => ok("kind: A"),
        _ => gone(),
    })
    .await;
    let readers = readers(&github(&server, Some("ghp")));
    let file = url("https://ghe.test/o/r/blob/feature%2Fx/a%20b/x.yaml");
    assert_eq!(read(&readers, &file).await.unwrap().bytes, "kind: A");
    assert_eq!(authorizations(&server), [Some("Bearer ghp".to_owned())]);

    let private = url("https://ghe.test/o/private/blob/main/x.yaml");
    let error = read(&readers, &private).await.unwrap_err();
    let api = server.url("/api/v3/repos/o/private/contents/x.yaml?ref=main");
    assert!(error.is_gone());
    assert_eq!(
        error.to_string(),
        format!("Request failed for {api}, 404 Not Found")
    );
}

#[tokio::test]
async fn github_without_credentials_downloads_raw_files() {
    let server = serve(&[("GET /raw/o/r/main/a/x.yaml", "kind: A")]).await;
    let mut settings = github(&server, None);
    settings.github[0].raw_base_url = Some(server.url("/raw").into());
    let readers = readers(&settings);
    let file = url("https://ghe.test/o/r/blob/main/a/x.yaml");
    assert_eq!(read(&readers, &file).await.unwrap().bytes, "kind: A");
    assert_eq!(authorizations(&server), [None]);
}

#[tokio::test]
async fn github_limits_come_with_403() {
    let headers = [
        ("x-ratelimit-limit", "60"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "99"),
    ];
    let server = Server::start(move |_| reply(403, &headers, "")).await;
    let readers = readers(&github(&server, Some("ghp")));
    let error = read(&readers, &url("https://ghe.test/o/r/blob/m/x"))
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::RateLimited { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("403 Forbidden (rate limit exceeded)"),
        "{error}"
    );
}

/// A GitHub repository at one commit.
fn github_repository(seen: &Seen) -> Response {
    const TREE: &str = r#"{"sha":"x","truncated":false,"tree":[
        {"path":"catalog-info.yaml","type":"blob","sha":"b1"},
        {"path":"a","type":"tree","sha":"t1"},
        {"path":"a/catalog-info.yaml","type":"blob","sha":"b2"},
        {"path":"a/.hidden/catalog-info.yaml","type":"blob","sha":"b3"},
        {"path":"a/README.md","type":"blob","sha":"b4"}]}"#;
    let path = seen
        .line
        .strip_prefix("GET /api/v3/repos/o/r/")
        .unwrap_or_default();
    match path {
        "commits/main" if seen.header("if-none-match") == Some(&format!("\"{COMMIT}\"")) => {
            reply(304, &[], "")
        }
        "commits/main" => ok(COMMIT),
        "git/blobs/b1" => ok("kind: A"),
        "git/blobs/b2" => ok("kind: B"),
        _ if path == format!("git/trees/{COMMIT}?recursive=1") => ok(TREE),
        _ => gone(),
    }
}

#[tokio::test]
async fn github_globs_take_one_listing_and_only_new_blobs() {
    let server = Server::start(github_repository).await;
    let readers = readers(&github(&server, Some("ghp")));
    let glob = url("https://ghe.test/o/r/blob/main/**/catalog-info.yaml");
    let expected = files(&[
        (
            "https://ghe.test/o/r/blob/main/a/catalog-info.yaml",
            "kind: B",
        ),
        (
            "https://ghe.test/o/r/blob/main/catalog-info.yaml",
            "kind: A",
        ),
    ]);
    assert_eq!(search(&readers, &glob, None).await, expected);
    assert_eq!(server.seen().len(), 4, "{:?}", server.lines());

    assert_eq!(search(&readers, &glob, Some("other")).await, expected);
    assert_eq!(
        server.seen().len(),
        6,
        "blobs that are known are not fetched again"
    );

    assert_eq!(
        search(&readers, &glob, Some(COMMIT)).await,
        Found::NotModified
    );
    assert_eq!(
        server.seen().len(),
        7,
        "an unchanged branch takes one conditional request"
    );

    let none = url("https://ghe.test/o/r/blob/main/*.json");
    assert_eq!(search(&readers, &none, None).await, files(&[]));
    let absent = url("https://ghe.test/o/absent/blob/main/*.yaml");
    assert_eq!(
        search(&readers, &absent, None).await,
        Found::Files(Vec::new(), None)
    );
}

#[tokio::test]
async fn github_listings_that_are_cut_off_are_never_taken_for_whole() {
    let server = Server::start(|seen| match seen.line.rsplit('/').next().unwrap() {
        "main" => ok(COMMIT),
        "root?recursive=1" => ok(r#"{"truncated":true,"tree":[]}"#),
        "t-a" => ok(r#"{"tree":[{"path":"x.yaml","type":"blob","sha":"b1"}]}"#),
        "b1" => ok("kind: A"),
        line if line == format!("{COMMIT}?recursive=1") => ok(r#"{"truncated":true,"tree":[]}"#),
        line if line == COMMIT => ok(r#"{"tree":[{"path":"a","type":"tree","sha":"t-a"}]}"#),
        _ => gone(),
    })
    .await;
    let readers = readers(&github(&server, Some("ghp")));
    let flat = url("https://ghe.test/o/r/blob/main/a/*.yaml");
    let expected = files(&[("https://ghe.test/o/r/blob/main/a/x.yaml", "kind: A")]);
    assert_eq!(search(&readers, &flat, None).await, expected);
    let deep = ReadRequest::new(url("https://ghe.test/o/r/blob/main/**/*.yaml"));
    let error = readers.search(&deep).await.unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_listed_file_that_fails_fails_the_search() {
    for (status, is_limit) in [(404, false), (429, true), (500, false)] {
        let server = Server::start(move |seen| {
            if seen.line.contains("/blobs/") {
                reply(status, &[], "")
            } else {
                github_repository(seen)
            }
        })
        .await;
        let readers = readers(&github(&server, Some("ghp")));
        let glob = ReadRequest::new(url("https://ghe.test/o/r/blob/main/*.yaml"));
        let error = readers.search(&glob).await.unwrap_err();
        assert!(
            !error.is_gone() && error.is_temporary(),
            "{status}: {error}"
        );
        assert_eq!(matches!(error, ReadError::RateLimited { .. }), is_limit);
    }
}

#[tokio::test]
async fn gitlab_files_and_globs() {
    let server = Server::start(|seen| {
        let project = "GET /gitlab/api/v4/projects/g%2Fs%2Fr/repository/";
        let path = seen.line.strip_prefix(project).unwrap_or_default();
        let page = |page: &str| {
            format!("tree?recursive=true&per_page=100&ref={COMMIT}&path=a&page={page}")
        };
        match path {
            "files/a%2Fx.yaml/raw?ref=main" => ok("kind: X"),
            "commits?per_page=1&ref_name=main&path=a" => ok(format!(r#"[{{"id":"{COMMIT}"}}]"#)),
            "blobs/b1/raw" => ok("kind: A"),
            "blobs/b2/raw" => ok("kind: B"),
            _ if path == page("1") => reply(
                200,
                &[("x-next-page", "2")],
                r#"[{"id":"t","path":"a/b","type":"tree"},{"id":"b1","path":"a/b/x.yaml","type":"blob"}]"#,
            ),
            _ if path == page("2") => reply(
                200,
                &[("x-next-page", "")],
                r#"[{"id":"b2","path":"a/c/x.yaml","type":"blob"}]"#,
            ),
            _ => gone(),
        }
    })
    .await;
    let readers = readers(&gitlab(&server));
    let file = |path: &str| server.url(&format!("/gitlab/g/s/r/-/blob/main/{path}"));
    assert_eq!(
        read(&readers, &file("a/x.yaml")).await.unwrap().bytes,
        "kind: X"
    );
    assert_eq!(authorizations(&server), [Some("Bearer glpat".to_owned())]);
    let expected = files(&[
        (file("a/b/x.yaml").as_str(), "kind: A"),
        (file("a/c/x.yaml").as_str(), "kind: B"),
    ]);
    assert_eq!(search(&readers, &file("a/*/x.yaml"), None).await, expected);
    assert_eq!(
        search(&readers, &file("a/*/x.yaml"), Some(COMMIT)).await,
        Found::NotModified
    );

    let missing = file("none.yaml");
    let api =
        server.url("/gitlab/api/v4/projects/g%2Fs%2Fr/repository/files/none.yaml/raw?ref=main");
    let error = read(&readers, &missing).await.unwrap_err();
    assert!(error.is_gone());
    assert_eq!(
        error.to_string(),
        format!("{missing} could not be read as {api}, 404 Not Found")
    );
}

#[tokio::test]
async fn gitea_files_and_globs() {
    const ROOT: &str = "/api/v1/repos/o/r";
    let server = Server::start(|seen| {
        let path = seen
            .line
            .strip_prefix("GET ")
            .and_then(|line| line.strip_prefix(ROOT));
        let tree =
            |page: &str| format!("/git/trees/{COMMIT}?recursive=true&per_page=1000&page={page}");
        match path.unwrap_or_default() {
            "/raw/a/x.yaml?ref=main" => ok("kind: X"),
            "/git/commits/main?stat=false&verification=false&files=false" => {
                ok(format!(r#"{{"sha":"{COMMIT}"}}"#))
            }
            path if path == format!("/raw/a/x.yaml?ref={COMMIT}") => ok("kind: A"),
            path if path == tree("1") => {
                ok(r#"{"truncated":true,"tree":[{"path":"a","type":"tree"}]}"#)
            }
            path if path == tree("2") => {
                ok(r#"{"truncated":false,"tree":[{"path":"a/x.yaml","type":"blob"}]}"#)
            }
            _ => gone(),
        }
    })
    .await;
    let file = |path: &str| server.url(&format!("/o/r/src/branch/main/{path}"));
    let found = files(&[(file("a/x.yaml").as_str(), "kind: A")]);
    for (username, expected) in [
        (None, "token secret"),
        (Some("ann"), "Basic YW5uOnNlY3JldA=="),
    ] {
        let readers = readers(&gitea(&server, username));
        assert_eq!(
            read(&readers, &file("a/x.yaml")).await.unwrap().bytes,
            "kind: X"
        );
        assert_eq!(
            authorizations(&server).pop().unwrap().as_deref(),
            Some(expected)
        );
        assert_eq!(search(&readers, &file("*/x.yaml"), None).await, found);
    }
}

#[tokio::test]
async fn bitbucket_cloud_files_and_globs() {
    let server = Server::start(|seen| {
        let host = seen.header("host").unwrap();
        let path = seen
            .line
            .strip_prefix("GET /2.0/repositories/w/r/")
            .unwrap_or_default();
        match path {
            "src/main/a/x.yaml" => ok("kind: X"),
            "commits/main?pagelen=1" => ok(format!(r#"{{"values":[{{"hash":"{COMMIT}"}}]}}"#)),
            _ if path == format!("src/{COMMIT}/a/?max_depth=2&pagelen=100") => ok(format!(
                r#"{{"values":[{{"path":"a/b","type":"commit_directory"}}],
                   "next":"http://{host}/2.0/repositories/w/r/src/{COMMIT}/a/?page=2"}}"#
            )),
            _ if path == format!("src/{COMMIT}/a/?page=2") => {
                ok(r#"{"values":[{"path":"a/x.yaml","type":"commit_file"}]}"#)
            }
            _ if path == format!("src/{COMMIT}/a/x.yaml") => ok("kind: A"),
            _ => gone(),
        }
    })
    .await;
    let text = |text: &str| Some(text.to_owned());
    let secret = |text: &str| Some(Secret::new(text));
    let plain = bitbucket_cloud(&server);
    let file = url("https://bitbucket.org/w/r/src/main/a/x.yaml");
    for (settings, expected) in [
        (plain.clone(), None),
        (
            BitbucketCloudSettings {
                token: secret("t"),
                ..plain.clone()
            },
            Some("Bearer t"),
        ),
        (
            BitbucketCloudSettings {
                username: text("u"),
                token: secret("t"),
                ..plain.clone()
            },
            Some("Basic dTp0"),
        ),
        (
            BitbucketCloudSettings {
                username: text("u"),
                app_password: secret("p"),
                ..plain
            },
            Some("Basic dTpw"),
        ),
    ] {
        let readers = readers(&Settings {
            bitbucket_cloud: vec![settings],
            ..base()
        });
        assert_eq!(read(&readers, &file).await.unwrap().bytes, "kind: X");
        assert_eq!(authorizations(&server).pop().unwrap().as_deref(), expected);
        let glob = url("https://bitbucket.org/w/r/src/main/a/*.yaml");
        let found = files(&[("https://bitbucket.org/w/r/src/main/a/x.yaml", "kind: A")]);
        assert_eq!(search(&readers, &glob, None).await, found);
    }
}

#[tokio::test]
async fn bitbucket_cloud_tokens_are_fetched_once_and_their_trouble_is_not_news_of_the_file() {
    let server = Server::start(|seen| match &*seen.line {
        "POST /oauth2/access_token"
            if seen.header("authorization") == Some("Basic aWQ6c2VjcmV0") =>
        {
            ok(r#"{"access_token":"minted","expires_in":7200}"#)
        }
        "POST /oauth2/access_token" => gone(),
        _ => ok("kind: X"),
    })
    .await;
    let consumer = |secret: &str| BitbucketCloudSettings {
        client_id: Some("id".to_owned()),
        client_secret: Some(Secret::new(secret)),
        ..bitbucket_cloud(&server)
    };
    let file = url("https://bitbucket.org/w/r/src/main/x.yaml");
    let good = readers(&Settings {
        bitbucket_cloud: vec![consumer("secret")],
        ..base()
    });
    let (first, second) = tokio::join!(read(&good, &file), read(&good, &file));
    assert!(first.is_ok() && second.is_ok());
    let lines = server.lines();
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("POST")).count(),
        1,
        "{lines:?}"
    );
    assert_eq!(
        authorizations(&server).pop().unwrap().as_deref(),
        Some("Bearer minted")
    );

    let bad = readers(&Settings {
        bitbucket_cloud: vec![consumer("wrong")],
        ..base()
    });
    let error = read(&bad, &file).await.unwrap_err();
    assert!(matches!(error, ReadError::Denied { .. }), "{error}");
}

#[tokio::test]
async fn bitbucket_server_files_and_globs() {
    let server = Server::start(|seen| {
        let root = "GET /rest/api/1.0/projects/P/repos/r/";
        let path = seen.line.strip_prefix(root).unwrap_or_default();
        let page = |start: u32| format!("files/a?at={COMMIT}&limit=1000&start={start}");
        match path {
            "raw/a/x.yaml?at=dev" => ok("kind: X"),
            "commits?limit=1&until=dev&path=a" => ok(format!(
                r#"{{"values":[{{"id":"{COMMIT}"}}],"isLastPage":false}}"#
            )),
            _ if path == page(0) => {
                ok(r#"{"values":["b/x.yaml"],"isLastPage":false,"nextPageStart":1}"#)
            }
            _ if path == page(1) => {
                ok(r#"{"values":["x.yaml"],"isLastPage":true,"nextPageStart":null}"#)
            }
            _ if path == format!("raw/a/x.yaml?at={COMMIT}") => ok("kind: A"),
            _ => gone(),
        }
    })
    .await;
    let readers = readers(&bitbucket_server(&server));
    let file = |path: &str| server.url(&format!("/projects/P/repos/r/browse/{path}?at=dev"));
    assert_eq!(
        read(&readers, &file("a/x.yaml")).await.unwrap().bytes,
        "kind: X"
    );
    assert_eq!(
        authorizations(&server),
        [Some("Bearer http-token".to_owned())]
    );
    let expected = files(&[(file("a/x.yaml").as_str(), "kind: A")]);
    assert_eq!(search(&readers, &file("a/*.yaml"), None).await, expected);
    assert_eq!(
        search(&readers, &file("a/*.yaml"), Some(COMMIT)).await,
        Found::NotModified
    );
}

#[tokio::test]
async fn azure_files_and_globs() {
    let server = Server::start(|seen| {
        let root = "GET /org/proj/_apis/git/repositories/r/";
        let path = seen.line.strip_prefix(root).unwrap_or_default();
        let at_commit =
            format!("versionDescriptor.version={COMMIT}&versionDescriptor.versionType=commit");
        match path {
            "items?api-version=6.0&path=%2Fa%2Fx.yaml&versionDescriptor.version=main\
             &versionDescriptor.versionType=branch" => ok("kind: X"),
            "commits?api-version=6.0&searchCriteria.%24top=1&searchCriteria.itemPath=%2Fa\
             &searchCriteria.itemVersion.version=main\
             &searchCriteria.itemVersion.versionType=branch" => ok(format!(
                r#"{{"count":1,"value":[{{"commitId":"{COMMIT}"}}]}}"#
            )),
            _ if path
                == format!(
                    "items?api-version=6.0&recursionLevel=full&scopePath=%2Fa&{at_commit}"
                ) =>
            {
                ok(
                    r#"{"value":[{"path":"/a","isFolder":true,"gitObjectType":"tree"},
                     {"path":"/a/x.yaml","gitObjectType":"blob"}]}"#,
                )
            }
            _ if path == format!("items?api-version=6.0&path=%2Fa%2Fx.yaml&{at_commit}") => {
                ok("kind: A")
            }
            _ => gone(),
        }
    })
    .await;
    let pat = |organization: &[&str], token: &str| AzureCredential {
        organizations: organization.iter().map(|name| (*name).to_owned()).collect(),
        personal_access_token: Some(Secret::new(token)),
        ..AzureCredential::default()
    };
    let readers = readers(&azure(
        &server,
        vec![pat(&["other"], "no"), pat(&[], "d"), pat(&["org"], "p")],
    ));
    let file = |path: &str| server.url(&format!("/org/proj/_git/r?path={path}&version=GBmain"));
    assert_eq!(
        read(&readers, &file("%2Fa%2Fx.yaml")).await.unwrap().bytes,
        "kind: X"
    );
    assert_eq!(authorizations(&server), [Some("Basic OnA=".to_owned())]);
    let expected = files(&[(file("%2Fa%2Fx.yaml").as_str(), "kind: A")]);
    assert_eq!(
        search(&readers, &file("%2Fa%2F*.yaml"), None).await,
        expected
    );
    assert_eq!(
        search(&readers, &file("%2Fa%2F*.yaml"), Some(COMMIT)).await,
        Found::NotModified
    );
}

#[tokio::test]
async fn azure_sign_in_pages_are_no_content() {
    for (status, headers) in [
        (203, &[][..]),
        (302, &[("location", "https://login.example/signin")][..]),
    ] {
        let server = Server::start(move |_| reply(status, headers, "<html>Sign in</html>")).await;
        let readers = readers(&azure(&server, Vec::new()));
        let file = server.url("/org/proj/_git/r?path=/x");
        let error = read(&readers, &file).await.unwrap_err();
        let is_refused = matches!(
            error,
            ReadError::Denied { .. } | ReadError::NotAllowed { .. }
        );
        assert!(is_refused, "{status}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_content_is_no_empty_file() {
    let server = Server::start(|_| reply(204, &[], "")).await;
    let readers = readers(&azure(&server, Vec::new()));
    let file = server.url("/org/proj/_git/r?path=/x");
    let error = read(&readers, &file).await.unwrap_err();
    assert!(error.to_string().contains("204"), "{error}");
    assert!(!matches!(error, ReadError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn azure_service_principals_get_tokens() {
    let server = Server::start(|seen| match &*seen.line {
        "POST /login/tenant/oauth2/v2.0/token" => {
            ok(r#"{"access_token":"minted","expires_in":3599}"#)
        }
        _ => ok("kind: X"),
    })
    .await;
    let principal = AzureCredential {
        client_id: Some("id".to_owned()),
        client_secret: Some(Secret::new("secret")),
        tenant_id: Some("tenant".to_owned()),
        login_base_url: Some(server.url("/login").into()),
        ..AzureCredential::default()
    };
    let readers = readers(&azure(&server, vec![principal]));
    let file = server.url("/org/proj/_git/r?path=/x");
    assert_eq!(read(&readers, &file).await.unwrap().bytes, "kind: X");
    assert_eq!(
        authorizations(&server).pop().unwrap().as_deref(),
        Some("Bearer minted")
    );
}

#[tokio::test]
async fn urls_that_name_no_file_are_explained() {
    let readers = readers(&base());
    for (target, expected) in [
        ("https://github.com/o/r", "Invalid GitHub URL or file path"),
        (
            "https://gitlab.com/g/r/-/issues",
            "Invalid GitLab URL or file path",
        ),
        (
            "https://github.com/o/r/blob/main/",
            "Invalid GitHub URL or file path",
        ),
        ("https://github.com/o", "the URL must point to a repository"),
        (
            "https://github.com/o/r/blob/main/%2e%2e%2fx",
            "Invalid SCM URL: path traversal is not allowed in the URL",
        ),
    ] {
        let error = read(&readers, &url(target)).await.unwrap_err();
        assert!(matches!(error, ReadError::Invalid { .. }));
        assert_eq!(
            error.to_string(),
            format!("Incorrect URL: {target}, Error: {expected}")
        );
    }
}
