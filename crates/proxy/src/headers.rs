//! Which headers are passed on: harmless ones, and those an endpoint names.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPIRES, HOST, LAST_MODIFIED, PRAGMA, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use platform::ctx::{Caller, Client, Ctx};

use crate::endpoint::Endpoint;

/// Headers that are always passed on, in both directions. Reference 3 §7.
pub(crate) const SAFE: [HeaderName; 11] = [
    CACHE_CONTROL,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPIRES,
    LAST_MODIFIED,
    PRAGMA,
    HOST,
    ACCEPT,
    ACCEPT_LANGUAGE,
    USER_AGENT,
];
/// Headers of one connection, which nobody may have passed on.
const HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
/// The portal's own cookies: of sign-in by cookie, and of sessions with providers.
const OWN_COOKIE: &str = "backstage-auth";
const OWN_COOKIES: [&str; 3] = ["-refresh-token", "-nonce", "-granted-scope"];
/// What the portal's own tokens say of themselves begins with this.
const OWN_TYPE: &str = "vnd.backstage.";
/// And tokens that operators make begin with this.
const OWN_PREFIX: &[u8] = b"cbt_";

/// The headers of a request as the target gets them, without those the endpoint adds.
pub(crate) fn for_target(
    endpoint: &Endpoint,
    method: &Method,
    ctx: &Ctx,
    from: &HeaderMap,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in from {
        if endpoint.request_headers.contains(name) && !HOP.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if endpoint.changes_origin {
        headers.remove(HOST);
    }
    if !may_see_credentials(endpoint, ctx, from) {
        headers.remove(AUTHORIZATION);
    }
    hide_own_cookie(&mut headers);
    // Some targets wait for a body otherwise.
    if matches!(*method, Method::DELETE | Method::OPTIONS) && !has_body(from) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if endpoint.tells_client {
        tell_client(&mut headers, ctx.client(), from.get(HOST));
    }
    headers
}

/// Where a header is passed on because the endpoint lists it, it is meant for the target only while
/// it is not what the caller is known to the portal by.
fn may_see_credentials(endpoint: &Endpoint, ctx: &Ctx, from: &HeaderMap) -> bool {
    let from = from.get_all(AUTHORIZATION);
    endpoint.credentials == platform::config::ProxyCredentials::Forward
        || (*ctx.caller() == Caller::Anonymous && !from.iter().any(is_own_token))
}

/// Whether a value is a token of the portal, also one that is not good for entering here.
fn is_own_token(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let token = bytes
        .rsplit(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    if token.starts_with(OWN_PREFIX) {
        return true;
    }
    let head = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    let head = URL_SAFE_NO_PAD.decode(head).unwrap_or_default();
    let head: serde_json::Value = serde_json::from_slice(&head).unwrap_or_default();
    head["typ"]
        .as_str()
        .is_some_and(|typ| typ.starts_with(OWN_TYPE))
}

fn is_own_cookie(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().trim_end();
    // A long value is spread over several cookies, which are numbered.
    let whole = match name.rsplit_once('-') {
        Some((whole, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        _ => name,
    };
    name == OWN_COOKIE || OWN_COOKIES.iter().any(|end| whole.ends_with(end))
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

fn hide_own_cookie(headers: &mut HeaderMap) {
    let pairs: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|pair| pair.trim().to_owned())
        .filter(|pair| !pair.is_empty() && !is_own_cookie(pair))
        .collect();
    headers.remove(COOKIE);
    if !pairs.is_empty()
        && let Ok(value) = HeaderValue::try_from(pairs.join("; "))
    {
        headers.insert(COOKIE, value);
    }
}

fn tell_client(headers: &mut HeaderMap, client: &Client, host: Option<&HeaderValue>) {
    let address = client.address.map(|address| address.to_string());
    if let Some(address) = address.and_then(|it| HeaderValue::try_from(it).ok()) {
        headers.insert("x-forwarded-for", address);
    }
    if let Some(host) = host {
        headers.insert("x-forwarded-host", host.clone());
    }
}

/// The headers of an answer as the client gets them.
pub(crate) fn for_client(endpoint: &Endpoint, from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in from {
        if endpoint.response_headers.contains(name) && !HOP.contains(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}
