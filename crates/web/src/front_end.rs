//! A Backstage front end in place of our own: the folder that `backstage-cli` builds, with the
//! configuration in its page. Reference 3 §7, `app`.
//!
//! Invariants: only files that were there at the start are served, none of them hidden; a page has
//! no more of the configuration than the schemas of the build mark for browsers.

mod files;
mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_FRAME_OPTIONS};
use http::{StatusCode, Uri};
use platform::config::{Config, FrontEndSchemas, frontend};
use platform::http::weak_etag;
use platform::{Error, Result};
use serde_json::{Value, json};

use files::Files;

const SCHEMAS: &str = ".config-schema.json";
const TEMPLATE: &str = "index.html.tmpl";
const PAGE: &str = "index.html";
/// Where the build puts the configuration: before the end of the head.
const HEAD_END: &str = "</head>";
const STATIC: &str = "static/";

const NEVER: HeaderValue = HeaderValue::from_static("no-store, max-age=0");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const DENY: HeaderValue = HeaderValue::from_static("DENY");

/// A front end that was built elsewhere.
#[derive(Debug, Clone)]
pub struct FrontEnd {
    /// The folder with `index.html`.
    pub folder: PathBuf,
    /// Path of the portal below its host.
    pub base_path: String,
    /// Leaves the page as it was built.
    pub is_configured: bool,
}

struct Site {
    files: Files,
    page: Bytes,
}

/// All routes outside of `/api`, for a front end that was built elsewhere.
pub fn front_end_router(built: &FrontEnd, config: &Config) -> Result<Router> {
    let site = Site {
        page: page(built, config)?.into(),
        files: Files::list(&built.folder)?,
    };
    Ok(Router::new()
        .fallback(get(answer))
        .with_state(Arc::new(site)))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let mut response = site.answer(request.uri()).await;
    response.headers_mut().insert(X_FRAME_OPTIONS, DENY);
    response
}

impl Site {
    async fn answer(&self, uri: &Uri) -> Response {
        let path = uri.path().trim_start_matches('/');
        if let Some(file) = self.files.find(path).filter(|_| path != PAGE) {
            return file.answer().await;
        }
        if path.starts_with(STATIC) {
            return StatusCode::NOT_FOUND.into_response();
        }
        let mut response = self.page.clone().into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HTML);
        headers.insert(CACHE_CONTROL, NEVER);
        headers.insert(http::header::ETAG, weak_etag(&self.page));
        response
    }
}

/// The page that starts the front end.
fn page(built: &FrontEnd, config: &Config) -> Result<String> {
    if built.is_configured {
        return read(&built.folder, PAGE);
    }
    let template = read(&built.folder, TEMPLATE)?;
    let visible = match fs::read(built.folder.join(SCHEMAS)) {
        Ok(text) => FrontEndSchemas::parse(&text)?.visible(config),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => frontend(config),
        Err(error) => return Err(unreadable(&built.folder, SCHEMAS).with_source(error)),
    };
    let html = template::render(&template, &built.base_path, &visible).map_err(|problem| {
        Error::input(format!(
            "`{TEMPLATE}` of the front end: {problem}; `app.disableConfigInjection: true` serves \
             the page as it was built"
        ))
    })?;
    Ok(with_config(&html, &visible))
}

/// The page with the configuration, where the front end looks for it.
fn with_config(html: &str, visible: &Value) -> String {
    let configs = json!([{ "context": "app", "data": visible }]);
    let text = serde_json::to_string_pretty(&configs).unwrap_or_else(|_| "[]".to_owned());
    // Nothing in it can end the script element.
    let text = text.replace('<', "\\u003c");
    let script = format!("\n<script type=\"backstage.io/config\">\n{text}\n</script>\n{HEAD_END}");
    html.replacen(HEAD_END, &script, 1)
}

fn read(folder: &Path, name: &str) -> Result<String> {
    fs::read_to_string(folder.join(name))
        .map_err(|error| unreadable(folder, name).with_source(error))
}

fn unreadable(folder: &Path, name: &str) -> Error {
    Error::input(format!(
        "`callboard.app.dist`: cannot read `{name}` in `{}`, which should be what \
         `backstage-cli package build` left of the front end",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::header::ETAG;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn fixture() -> FrontEnd {
        FrontEnd {
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dist"),
            base_path: "/portal".to_owned(),
            is_configured: false,
        }
    }

    fn config() -> Config {
        Config::from(json!({
            "app": {
                "title": "Stage",
                "baseUrl": "https://stage.example/portal",
                "extensions": [{ "page:catalog": { "config": { "path": "/" } } }, "</script>"],
                "secretPlan": "hunter22",
            },
            "backend": { "baseUrl": "https://stage.example", "auth": { "keys": [{ "secret": "hunter22" }] } },
            "integrations": { "github": [{ "host": "git.example", "token": "hunter22" }] },
        }))
    }

    async fn ask(app: &Router, path: &str) -> (Response<()>, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        (Response::from_parts(head, ()), text)
    }

    #[tokio::test]
    async fn every_path_has_its_file_or_the_page() {
        const NO_CACHE: &str = "no-store, max-age=0";
        const JS: &str = "text/javascript; charset=utf-8";
        const HTML: &str = "text/html; charset=utf-8";
        let app = front_end_router(&fixture(), &config()).unwrap();
        for (path, status, kind, control, part) in [
            ("/", 200, HTML, NO_CACHE, "<title>Stage</title>"),
            ("/index.html", 200, HTML, NO_CACHE, "<title>Stage</title>"),
            (
                "/catalog/default/component/x",
                200,
                HTML,
                NO_CACHE,
                "<title>Stage</title>",
            ),
            (
                "/static/main.0a1b2c.js",
                200,
                JS,
                "public, max-age=1209600",
                "front end",
            ),
            ("/static/nope.js", 404, "", "", ""),
            (
                "/robots.txt",
                200,
                "text/plain; charset=utf-8",
                "public, max-age=0",
                "User-agent",
            ),
            ("/other.html", 200, HTML, NO_CACHE, "Another page"),
            // Hidden files and ways out of the folder are paths like any other.
            (
                "/.config-schema.json",
                200,
                HTML,
                NO_CACHE,
                "<title>Stage</title>",
            ),
            (
                "/.hidden/notes.txt",
                200,
                HTML,
                NO_CACHE,
                "<title>Stage</title>",
            ),
            (
                "/../Cargo.toml",
                200,
                HTML,
                NO_CACHE,
                "<title>Stage</title>",
            ),
            ("/static/../../../Cargo.toml", 404, "", "", ""),
        ] {
            let (head, body) = ask(&app, path).await;
            let header = |name| {
                head.headers()
                    .get(name)
                    .map_or("", |it| it.to_str().unwrap())
            };
            assert_eq!(head.status(), status, "{path}");
            assert_eq!(header(CONTENT_TYPE), kind, "{path}");
            assert_eq!(header(CACHE_CONTROL), control, "{path}");
            assert!(body.contains(part), "{path}: {body}");
            assert_eq!(head.headers()[X_FRAME_OPTIONS], DENY);
            assert_eq!(head.headers().contains_key(ETAG), status == 200, "{path}");
        }
    }

    #[tokio::test]
    async fn the_page_has_what_browsers_may_see_and_no_secret() {
        let app = front_end_router(&fixture(), &config()).unwrap();
        let (_, page) = ask(&app, "/").await;
        let (_, rest) = page
            .split_once("<script type=\"backstage.io/config\">")
            .unwrap();
        let (text, rest) = rest.split_once("</script>").unwrap();
        let injected: Value = serde_json::from_str(text).unwrap();
        let expected = json!({
            "app": {
                "title": "Stage",
                "baseUrl": "https://stage.example/portal",
                "extensions": [{ "page:catalog": { "config": { "path": "/" } } }, "</script>"],
            },
            "backend": { "baseUrl": "https://stage.example" },
            "integrations": { "github": [{ "host": "git.example" }] },
        });
        assert_eq!(injected, json!([{ "context": "app", "data": expected }]));
        assert!(rest.starts_with("\n</head>"));
        assert!(!page.contains("hunter22") && !page.contains("analytics"));
        assert!(page.contains("src=\"/portal/static/main.0a1b2c.js\""));
    }

    #[tokio::test]
    async fn without_schemas_only_what_is_known_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TEMPLATE), "<html><head></head></html>").unwrap();
        let built = FrontEnd {
            folder: folder.path().to_owned(),
            ..fixture()
        };
        let app = front_end_router(&built, &config()).unwrap();
        let (_, page) = ask(&app, "/").await;
        assert!(page.contains("https://stage.example/portal"));
        assert!(
            page.contains("git.example") && !page.contains("\"hunter22\""),
            "{page}"
        );
    }

    #[tokio::test]
    async fn a_page_can_stay_as_it_was_built() {
        let built = FrontEnd {
            is_configured: true,
            ..fixture()
        };
        let app = front_end_router(&built, &config()).unwrap();
        let (_, page) = ask(&app, "/catalog").await;
        assert!(page.contains("As it was built") && !page.contains("backstage.io/config"));
    }

    #[test]
    fn a_folder_that_is_no_front_end_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let built = FrontEnd {
            folder: folder.path().to_owned(),
            ..fixture()
        };
        let error = front_end_router(&built, &config()).unwrap_err().to_string();
        for part in [
            "callboard.app.dist",
            TEMPLATE,
            "backstage-cli package build",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
