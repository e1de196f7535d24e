//! `/api/auth/<provider>/{start,handler/frame,refresh,logout}`. Reference 3 §2.3.
//!
//! Invariants: an answer with tokens goes to an allowed origin only; what a browser came back with
//! counts only if the same browser was sent (cookie); cookies are used by scripts of the portal only
//! (`X-Requested-With`, which no other site can send).

mod cookies;
mod page;
mod renew;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION, ORIGIN, SET_COOKIE};
use http::{Method, StatusCode};
use platform::ctx::Client as Caller;
use platform::http::{Act, Json, Params, RequestInfo, SignsIn, read_body};
use platform::{Ctx, Error, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::cookies::Cookies;
use super::auth::unknown_provider;
use crate::Identity;
use crate::oauth::{self, Client, Completed, State as FlowState};
use crate::providers::{Provider, client_of};
use crate::random;
use crate::service::{Door, SignedIn};
use crate::session::{Key, Renewal, signed_out};
use crate::sign_in::{Facts, Refusal};

/// Largest form a provider posts.
const MAX_FORM: usize = 64 * 1024;
/// Bytes of the nonce, and of the PKCE verifier.
const NONCE_BYTES: usize = 16;
const VERIFIER_BYTES: usize = 32;

type Shared = State<Arc<Identity>>;

/// What a script of the portal learns of a session.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody {
    profile: Value,
    provider_info: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    backstage_identity: Option<Value>,
}

/// Sends the browser to the provider.
pub(super) async fn start(
    State(identity): Shared,
    path: RawPathParams,
    params: Params,
    headers: HeaderMap,
) -> Result<Response> {
    let Some(clients) = oauth_clients(&identity, &path)? else {
        return Err(unknown_provider(State(Arc::clone(&identity)), path).await);
    };
    let client = client_of(clients, params.get("env"))?;
    let origin = params
        .get("origin")
        .map(|text| identity.origins.checked(text));
    let origin = origin.transpose()?;
    let redirect_url = params.get("redirectUrl");
    if let Some(url) = redirect_url {
        identity.origins.checked_url(url)?;
    }
    let cookies = Cookies::new(client, origin.as_deref().unwrap_or(identity.origins.own()))?;
    let granted = granted_scope(client, &cookies, &headers);
    let scope = client.scope(params.get("scope").unwrap_or_default(), &granted);
    let nonce = random::text::<NONCE_BYTES>()?;
    let verifier = random::text::<VERIFIER_BYTES>()?;
    let state = FlowState {
        nonce: nonce.clone(),
        env: client.environment.clone(),
        origin,
        redirect_url: redirect_url.map(str::to_owned),
        flow: params.get("flow").map(str::to_owned),
        scope: client.preset.persists_scopes.then(|| scope.clone()),
    };
    let url = client.start(&scope, &state.encode(), &verifier).await?;
    let now = identity.clock.now();
    let cookie = cookies.set_flow(&headers, &nonce, &verifier, now)?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), found(url.as_str())?).into_response())
}

/// Takes the browser back from the provider: a page that hands the result to the portal, or the
/// portal itself.
pub(super) async fn finish(
    State(identity): Shared,
    path: RawPathParams,
    ctx: Ctx,
    request: Request,
) -> Result<Response> {
    let Some(clients) = oauth_clients(&identity, &path)? else {
        return Err(unknown_provider(State(Arc::clone(&identity)), path).await);
    };
    let headers = request.headers().clone();
    let params = answer_params(request).await?;
    let finish = Finish {
        identity: &identity,
        headers: &headers,
        params: &params,
        caller: ctx.client(),
    };
    let state = match FlowState::decode(params.get("state").unwrap_or_default()) {
        Ok(state) => state,
        Err(error) => return finish.tell_own(&error),
    };
    match client_of(clients, Some(&state.env)) {
        Ok(client) => finish.answer(client, &state).await,
        Err(error) => finish.tell_own(&error),
    }
}

/// A session anew, from the cookie or from what the proxy says.
pub(super) async fn refresh(
    State(identity): Shared,
    path: RawPathParams,
    info: Option<Extension<RequestInfo>>,
    ctx: Ctx,
    params: Params,
    headers: HeaderMap,
) -> Result<Response> {
    let asked = renew::Asked {
        identity: &identity,
        headers: &headers,
        caller: ctx.client(),
    };
    match find(&identity, &path) {
        Some(Provider::Proxy(proxy)) => {
            // Not the client's address: headers that a proxy may add do not say who the proxy is.
            let peer = info.and_then(|Extension(info)| info.connection);
            asked.proxy(proxy, peer).await
        }
        Some(Provider::OAuth(clients)) => {
            require_script(&headers)?;
            let client = client_of(clients, params.get("env"))?;
            asked.cookie(client, &params).await
        }
        None => Err(unknown_provider(State(Arc::clone(&identity)), path).await),
    }
}

/// Forgets a session.
pub(super) async fn logout(
    State(identity): Shared,
    path: RawPathParams,
    params: Params,
    headers: HeaderMap,
) -> Result<Response> {
    let Some(Provider::OAuth(clients)) = find(&identity, &path) else {
        return Err(unknown_provider(State(Arc::clone(&identity)), path).await);
    };
    require_script(&headers)?;
    let client = client_of(clients, params.get("env"))?;
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin
        .map(|text| identity.origins.checked(text))
        .transpose()?;
    let cookies = Cookies::new(client, origin.as_deref().unwrap_or(identity.origins.own()))?;
    let session = cookies.session(&headers);
    let act = leave_session(&identity, client, session.as_deref()).await?;
    let leave = client.end(session.as_deref(), origin.as_deref()).await;
    let gone = AppendHeaders(
        cookies
            .forget(&headers, identity.clock.now())?
            .into_iter()
            .map(|cookie| (SET_COOKIE, cookie)),
    );
    let leave = leave.filter(|url| url.scheme() == "https" || url.host_str() == Some("localhost"));
    Ok(match leave {
        Some(url) => (act, gone, Json(json!({ "logoutUrl": url.as_str() }))).into_response(),
        None => (act, gone, StatusCode::OK).into_response(),
    })
}

/// Ends the session that a browser shows; what the audit log is told.
async fn leave_session(
    identity: &Identity,
    client: &Client,
    shown: Option<&str>,
) -> Result<Option<Extension<Act>>> {
    let Some(token) = shown else {
        return Ok(None);
    };
    let left = identity
        .leave_session(&Key::of(door(client), token))
        .await?;
    Ok(left.map(|session| Extension(signed_out(&session))))
}

fn find<'i>(identity: &'i Identity, path: &RawPathParams) -> Option<Provider<'i>> {
    let id = path.iter().find(|(name, _)| *name == "provider");
    identity.providers.find(id?.1)
}

/// The clients of a provider with pages; proxies have none.
fn oauth_clients<'i>(
    identity: &'i Identity,
    path: &RawPathParams,
) -> Result<Option<&'i BTreeMap<String, Client>>> {
    match find(identity, path) {
        Some(Provider::OAuth(clients)) => Ok(Some(clients)),
        Some(Provider::Proxy(_)) => Err(Error::not_implemented("Not implemented")),
        None => Ok(None),
    }
}

/// Forms of other sites cannot send this header.
fn require_script(headers: &HeaderMap) -> Result<()> {
    let header = headers.get("x-requested-with").map(HeaderValue::as_bytes);
    if header == Some(b"XMLHttpRequest") {
        return Ok(());
    }
    Err(Error::unauthenticated("Invalid X-Requested-With header"))
}

/// What the provider sent along, in the address or in a form.
async fn answer_params(request: Request) -> Result<Params> {
    if request.method() != Method::POST {
        return Ok(Params::of(request.uri()));
    }
    let body = read_body(request.into_body(), MAX_FORM).await?;
    Ok(Params::parse(&String::from_utf8_lossy(&body)))
}

fn granted_scope(client: &Client, cookies: &Cookies, headers: &HeaderMap) -> String {
    let kept = client
        .preset
        .persists_scopes
        .then(|| cookies.scope(headers));
    kept.flatten().unwrap_or_default()
}

/// A provider's page that came back.
struct Finish<'a> {
    identity: &'a Identity,
    headers: &'a HeaderMap,
    params: &'a Params,
    caller: &'a Caller,
}

/// What goes back to the browser.
struct Outcome {
    body: SessionBody,
    cookies: Vec<HeaderValue>,
    signs_in: Option<Extension<SignsIn>>,
}

/// Tells the audit log who signed in.
pub(super) fn signs_in(signed_in: &SignedIn) -> Extension<SignsIn> {
    Extension(SignsIn(signed_in.user_ref.as_str().into()))
}

impl Finish<'_> {
    async fn answer(&self, client: &Client, state: &FlowState) -> Result<Response> {
        let origins = &self.identity.origins;
        let origin = match &state.origin {
            Some(text) => match origins.checked(text) {
                Ok(origin) => origin,
                Err(error) => return self.tell_own(&error),
            },
            None => origins.own().to_owned(),
        };
        let redirect = state.redirect_url.as_deref().filter(|_| state.redirects());
        let redirect = match redirect.map(|url| origins.checked_url(url)).transpose() {
            Ok(redirect) => redirect,
            Err(error) => return self.tell_own(&error),
        };
        match (self.outcome(client, state, &origin).await?, redirect) {
            (Ok(outcome), None) => {
                let message = page::success(&outcome.body)?;
                let page = page::tell(&origin, &message, outcome.cookies)?;
                Ok((outcome.signs_in, page).into_response())
            }
            (Ok(outcome), Some(url)) => {
                let cookies = outcome.cookies.into_iter();
                let cookies = AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie)));
                Ok((outcome.signs_in, cookies, found(url.as_str())?).into_response())
            }
            (Err(refusal), None) => page::tell(&origin, &page::failure(&refusal), Vec::new()),
            (Err(refusal), Some(mut url)) => {
                url.query_pairs_mut().append_pair("error", &refusal.message);
                found(url.as_str())
            }
        }
    }

    /// The session, or what to tell the person.
    async fn outcome(
        &self,
        client: &Client,
        state: &FlowState,
        origin: &str,
    ) -> Result<Result<Outcome, Refusal>> {
        let door = door(client);
        let cookies = Cookies::new(client, origin)?;
        let completed = match self.completed(client, state, &cookies).await {
            Ok(completed) => completed,
            Err(error) => return Ok(Err(self.identity.refuse(door, &error).await)),
        };
        let renewal = self.beginning(client, &cookies, &completed).await?;
        let facts = &completed.facts;
        let signed_in = match sign_in(self.identity, client, facts, &renewal).await? {
            Ok(signed_in) => signed_in,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(signed_in) = &signed_in {
            let begin = self
                .identity
                .begin_browser_session(&renewal, &signed_in.user_ref);
            begin.await?;
        }
        let now = self.identity.clock.now();
        let mut set = vec![cookies.end_flow(self.headers, &state.nonce, now)?];
        let scope = match &state.scope {
            Some(scope) if client.preset.persists_scopes => {
                set.push(cookies.set_scope(scope, now)?);
                scope.clone()
            }
            _ => session_scope(&completed),
        };
        match &completed.session.refresh_token {
            Some(token) => set.extend(cookies.set_session(self.headers, token, now)?),
            None if state.redirects() => tracing::warn!(
                provider = client.preset.id,
                "the provider gave no refresh token, which the redirect flow needs; add \
                 `offline_access` to `additionalScopes`"
            ),
            None => {}
        }
        let body = session_body(&completed, scope, signed_in.as_ref());
        Ok(Ok(Outcome {
            body,
            cookies: set,
            signs_in: signed_in.as_ref().map(signs_in),
        }))
    }

    /// The session that begins. A browser that has one with the provider goes on with it: nobody
    /// could end the one that it forgets.
    async fn beginning<'c>(
        &'c self,
        client: &'c Client,
        cookies: &Cookies,
        completed: &Completed,
    ) -> Result<Renewal<'c>> {
        let door = door(client);
        let given = completed.session.refresh_token.as_deref();
        let shown = cookies.session(self.headers);
        let shown = shown.filter(|_| given.is_some());
        let known = match shown.map(|token| Key::of(door, &token)) {
            Some(key) => self.identity.shown_session(&key).await?.unwrap_or(None),
            None => None,
        };
        Ok(Renewal {
            door,
            client: self.caller,
            known,
            keys: given
                .map(|token| Key::of(door, token))
                .into_iter()
                .collect(),
            life: cookies.life(),
        })
    }

    async fn completed(
        &self,
        client: &Client,
        state: &FlowState,
        cookies: &Cookies,
    ) -> Result<Completed> {
        let verifier = cookies.verifier(self.headers, &state.nonce)?;
        let answer = oauth::Answer {
            code: self.params.get("code"),
            error: self.params.get("error"),
            error_description: self.params.get("error_description"),
            issuer: self.params.get("iss"),
        };
        client.complete(&answer, &verifier).await
    }

    /// Tells the portal's own pages, when nobody knows where else to.
    fn tell_own(&self, error: &Error) -> Result<Response> {
        let refusal = Refusal::new(error.code().name(), error.message());
        tracing::info!(reason = error.chain(), "a sign-in was refused");
        page::tell(
            self.identity.origins.own(),
            &page::failure(&refusal),
            Vec::new(),
        )
    }
}

/// Signs in unless the provider only gives access tokens.
async fn sign_in(
    identity: &Identity,
    client: &Client,
    facts: &Facts,
    renewal: &Renewal<'_>,
) -> Result<Result<Option<SignedIn>, Refusal>> {
    match &client.resolvers {
        Some(resolvers) => {
            let door = door(client);
            let signed_in = identity
                .sign_in(door, facts, resolvers, Some(renewal))
                .await?;
            Ok(signed_in.map(Some))
        }
        None => Ok(Ok(None)),
    }
}

fn door(client: &Client) -> Door<'_> {
    Door {
        provider: client.preset.id,
        environment: Some(&client.environment),
    }
}

fn session_scope(completed: &Completed) -> String {
    let scope = completed.session.scope.as_deref().unwrap_or_default();
    oauth::join_scopes(oauth::split_scopes(scope))
}

fn session_body(completed: &Completed, scope: String, signed_in: Option<&SignedIn>) -> SessionBody {
    let session = &completed.session;
    let mut info = Map::new();
    if let Some(token) = &session.id_token {
        info.insert("idToken".to_owned(), token.as_str().into());
    }
    info.insert(
        "accessToken".to_owned(),
        session.access_token.as_str().into(),
    );
    info.insert("scope".to_owned(), scope.into());
    if let Some(seconds) = session.expires_in {
        info.insert("expiresInSeconds".to_owned(), seconds.into());
    }
    SessionBody {
        profile: json!(completed.facts.profile()),
        provider_info: Value::Object(info),
        backstage_identity: signed_in.map(super::auth::identity_body),
    }
}

fn found(url: &str) -> Result<Response> {
    let location = HeaderValue::try_from(url)
        .map_err(|error| Error::internal("an address is no header").with_source(error))?;
    let headers = [
        (LOCATION, location),
        (CONTENT_LENGTH, HeaderValue::from_static("0")),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}
