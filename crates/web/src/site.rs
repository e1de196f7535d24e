//! The routes outside of `/api`: files of the app, and its page for every other path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};
use platform::Result;
use platform::ctx::{Authenticator, Caller, Ctx};
use platform::permission::Authorizer;

use crate::assets::{self, Asset, EMBEDDED};
use crate::first_data::{Apis, FirstData};
use crate::manifest::Manifest;
use crate::page::{self, AppConfig, Boot, CodeHost, Provider, Session};
use crate::policy::{self, Policy};

const MANIFEST: &str = "manifest.json";
/// Pages carry what one user may see.
const NEVER: HeaderValue = HeaderValue::from_static("no-store, max-age=0");

/// What the app and its page need to know.
pub struct Settings {
    /// Name of the portal.
    pub title: String,
    /// Name of the organization.
    pub organization: Option<String>,
    /// Path of the portal below its host.
    pub base_path: String,
    /// Ways to sign in that are configured.
    pub providers: Vec<Provider>,
    /// Source control hosts that are configured.
    pub hosts: Vec<CodeHost>,
    /// Version of the binary.
    pub version: String,
    /// `backend.csp`: sources by directive, `None` to remove one.
    pub csp: Vec<(String, Option<Vec<String>>)>,
    /// Knows users by their cookie.
    pub authenticator: Arc<dyn Authenticator>,
    /// Decides what their first data may have.
    pub authorizer: Arc<dyn Authorizer>,
    /// Where first data comes from.
    pub apis: Apis,
}

struct Site {
    assets: &'static [Asset],
    /// `None` when the binary was built without the app.
    manifest: Option<Manifest>,
    first_data: FirstData,
    policy: Policy,
    config: AppConfig,
    authenticator: Arc<dyn Authenticator>,
    authorizer: Arc<dyn Authorizer>,
    apis: Apis,
}

/// All routes outside of `/api`.
pub fn router(settings: Settings) -> Result<Router> {
    routes(settings, EMBEDDED)
}

fn routes(settings: Settings, assets: &'static [Asset]) -> Result<Router> {
    let manifest = assets::find(assets, MANIFEST);
    let site = Site {
        assets,
        manifest: manifest
            .map(|file| Manifest::parse(file.plain))
            .transpose()?,
        first_data: FirstData::load()?,
        policy: Policy::new(&settings.csp),
        config: AppConfig {
            title: settings.title,
            organization: settings.organization,
            base_path: settings.base_path.trim_end_matches('/').to_owned(),
            providers: settings.providers,
            hosts: settings.hosts,
            version: settings.version,
        },
        authenticator: settings.authenticator,
        authorizer: settings.authorizer,
        apis: settings.apis,
    };
    // A policy that is no header value is found now and not with the first page.
    site.policy.header("")?;
    Ok(Router::new()
        .fallback(get(answer))
        .with_state(Arc::new(site)))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if let Some(asset) = assets::find(site.assets, path).filter(|_| path != MANIFEST) {
        return asset.answer(request.headers());
    }
    if path.starts_with(assets::HASHED) {
        return StatusCode::NOT_FOUND.into_response();
    }
    site.page(request.uri(), request.headers())
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

impl Site {
    async fn page(&self, uri: &Uri, headers: &HeaderMap) -> Result<Response> {
        let Some(manifest) = &self.manifest else {
            let html = page::unbuilt(&self.config.title);
            return Ok(([(CACHE_CONTROL, NEVER)], Html(html)).into_response());
        };
        let route = self.first_data.find(uri);
        let files = manifest.files(route.module)?;
        let mut boot = Boot {
            config: &self.config,
            session: None,
            first: Vec::new(),
            rev: None,
        };
        if let Some(ctx) = self.user(headers).await {
            boot.first = route.answers(&self.apis, &ctx).await;
            boot.rev = boot.first.iter().filter_map(|answer| answer.rev).min();
            boot.session = session(&ctx);
        }
        let nonce = policy::nonce();
        let policy = self.policy.header(&nonce)?;
        let html = page::render(&files, &boot, &nonce);
        let headers = [(CACHE_CONTROL, NEVER), (CONTENT_SECURITY_POLICY, policy)];
        Ok((headers, Html(html)).into_response())
    }

    /// Whoever the cookie names; a bad cookie is nobody, because the app signs in anew.
    async fn user(&self, headers: &HeaderMap) -> Option<Ctx> {
        let caller = self.authenticator.authenticate(headers).await.ok()?;
        let is_user = matches!(&*caller, Caller::User(_));
        is_user.then(|| Ctx::new(caller, Arc::clone(&self.authorizer), Arc::from("page")))
    }
}

fn session(ctx: &Ctx) -> Option<Session> {
    let user = ctx.require_user().ok()?;
    Some(Session {
        user_entity_ref: user.entity_ref.clone(),
        ownership_entity_refs: user.ownership.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use axum::body::Body;
    use axum::routing::{get as route_get, post};
    use http::header::COOKIE;
    use platform::ctx::User;
    use platform::permission::{Decision, Permission};
    use tower::ServiceExt as _;

    use super::*;

    const FILES: &[Asset] = &[
        asset("favicon.svg", b"<svg/>"),
        asset(
            "manifest.json",
            br#"{"src/main.tsx": {"file": "static/main-1.js", "isEntry": true},
                 "src/entity/EntityPage.tsx": {"file": "static/entity-1.js"}}"#,
        ),
        asset("static/main-1.js", b"start()"),
    ];

    const fn asset(path: &'static str, plain: &'static [u8]) -> Asset {
        Asset {
            path,
            plain,
            brotli: None,
            gzip: None,
        }
    }

    /// Whoever has a cookie is Ann.
    struct Cookies;

    #[async_trait]
    impl Authenticator for Cookies {
        async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
            let ann = || User {
                entity_ref: "user:default/ann".into(),
                ownership: Arc::from(["user:default/ann".to_owned()]),
                expires_at: i64::MAX,
                limited_token: None,
                agent: None,
                actor: None,
                reach: platform::ctx::Reach::default(),
            };
            match headers.get(COOKIE).map(HeaderValue::as_bytes) {
                Some(b"bad") => Err(platform::Error::unauthenticated("bad cookie")),
                Some(_) => Ok(Arc::new(Caller::User(ann()))),
                None => Ok(Arc::new(Caller::Anonymous)),
            }
        }
    }

    struct Nothing;

    #[async_trait]
    impl Authorizer for Nothing {
        async fn decide(&self, _: &Caller, asked: &[Permission<'_>]) -> Vec<Decision> {
            vec![Decision::Deny; asked.len()]
        }
    }

    fn site(assets: &'static [Asset]) -> Router {
        let catalog = Router::new().route(
            "/entities/by-name/{kind}/{namespace}/{name}",
            route_get(|ctx: Ctx| async move {
                let body = format!("{{\"for\":\"{}\"}}", ctx.caller().subject());
                ([("x-callboard-min-rev", "7")], body)
            }),
        );
        let catalog = catalog.route("/entities/by-query", post(async || "{}"));
        let settings = Settings {
            title: "Portal".into(),
            organization: None,
            base_path: "/sub/".into(),
            providers: Vec::new(),
            hosts: Vec::new(),
            version: "1".into(),
            csp: Vec::new(),
            authenticator: Arc::new(Cookies),
            authorizer: Arc::new(Nothing),
            apis: [("catalog", catalog)].into(),
        };
        routes(settings, assets).unwrap()
    }

    async fn ask(site: Router, path: &str, cookie: Option<&'static str>) -> (Response, String) {
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = site
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (Response::from_parts(parts, Body::empty()), text)
    }

    #[tokio::test]
    async fn every_path_is_a_file_or_the_page() {
        for (path, status, kind) in [
            ("/", 200, "text/html; charset=utf-8"),
            ("/catalog/a/b/c", 200, "text/html; charset=utf-8"),
            ("/manifest.json", 200, "text/html; charset=utf-8"),
            ("/favicon.svg", 200, "image/svg+xml"),
            ("/static/main-1.js", 200, "text/javascript; charset=utf-8"),
            ("/static/gone.js", 404, ""),
            ("/static/../favicon.svg", 404, ""),
        ] {
            let (response, _) = ask(site(FILES), path, None).await;
            let found = response.headers().get(http::header::CONTENT_TYPE);
            let found = found.map_or("", |value| value.to_str().unwrap());
            assert_eq!(
                (response.status().as_u16(), found),
                (status, kind),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn first_data_is_for_who_the_cookie_names_and_nobody_else() {
        const PATH: &str = "/catalog/default/component/shop";
        for (cookie, has_data) in [(Some("ann"), true), (Some("bad"), false), (None, false)] {
            let (response, html) = ask(site(FILES), PATH, cookie).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[CACHE_CONTROL], NEVER);
            assert_eq!(
                html.contains(r#"{"for":"user:default/ann"}"#),
                has_data,
                "{cookie:?}"
            );
            let session = r#""session":{"userEntityRef":"user:default/ann""#;
            assert_eq!(html.contains(session), has_data, "{cookie:?}");
            assert_eq!(html.contains("\"rev\":7"), has_data, "{cookie:?}");
            assert!(html.contains("href=\"/sub/static/entity-1.js\""));
        }
    }

    #[tokio::test]
    async fn the_first_page_has_what_the_caller_and_their_groups_own() {
        let key = r#"{\"relations.ownedBy\":{\"$in\":[\"user:default/ann\"]}}"#;
        for (cookie, has_data) in [(Some("ann"), true), (None, false)] {
            let (_, html) = ask(site(FILES), "/", cookie).await;
            assert_eq!(html.contains(key), has_data, "{cookie:?}");
        }
    }

    #[tokio::test]
    async fn scripts_of_a_page_have_the_nonce_of_its_policy() {
        let (first, html) = ask(site(FILES), "/", None).await;
        let (second, _) = ask(site(FILES), "/", None).await;
        let policy = first.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        let (nonce, _) = rest.split_once('\'').unwrap();
        assert_eq!(
            html.matches("<script").count(),
            html.matches(&format!("nonce=\"{nonce}\"")).count()
        );
        assert_ne!(
            first.headers()[CONTENT_SECURITY_POLICY],
            second.headers()[CONTENT_SECURITY_POLICY]
        );
    }

    #[tokio::test]
    async fn without_the_app_a_page_says_how_to_build_it() {
        let (response, html) = ask(site(&[]), "/anything", None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(html.contains("make build") && html.contains("Portal"));
    }
}
