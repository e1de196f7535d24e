//! `/api/auth/v1/browser-sessions`: where a user is signed in, and the end of that.
//!
//! Invariant: a user sees and ends their own sessions only, by a token of their own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use http::{HeaderMap, StatusCode};
use platform::clock::Millis;
use platform::http::{Act, Json};
use platform::{Error, Result};
use serde::Serialize;

use super::oauth::{Shared, id_of};
use crate::Identity;
use crate::session::{Asking, BrowserSession, Which, browser_of, system_of};

/// The routes below `/api/auth`.
pub(super) fn router() -> Router<Arc<Identity>> {
    Router::new()
        .route("/v1/browser-sessions", get(list).delete(end_others))
        .route("/v1/browser-sessions/{id}", delete(end))
}

/// What a user sees of their sessions.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    /// How long a token lives that was given just before its session ended.
    token_seconds: u64,
    /// The present one first.
    items: Vec<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    is_present: bool,
    provider: String,
    /// Name and version, for example `Firefox 140`.
    browser: Option<String>,
    system: Option<&'static str>,
    agent: String,
    address: String,
    begun_at: Millis,
    used_at: Millis,
}

impl Item {
    fn new(session: BrowserSession, present: Option<&str>) -> Self {
        Self {
            is_present: present == Some(&*session.id),
            id: session.id,
            provider: session.provider,
            browser: browser_of(&session.agent),
            system: system_of(&session.agent),
            agent: session.agent,
            address: session.address,
            begun_at: session.begun_at,
            used_at: session.used_at,
        }
    }
}

async fn list(State(identity): Shared, headers: HeaderMap) -> Result<Json<Listed>> {
    let asking = identity.asking(&headers).await?;
    let present = asking.present.as_deref();
    let sessions = identity.list_sessions(&asking.user_ref).await?;
    let mut items: Vec<_> = sessions
        .into_iter()
        .map(|session| Item::new(session, present))
        .collect();
    items.sort_by_key(|item| !item.is_present);
    let lifetime = identity.settings.bounded_token_lifetime();
    Ok(Json(Listed {
        token_seconds: lifetime.as_secs(),
        items,
    }))
}

async fn end(State(identity): Shared, path: RawPathParams, headers: HeaderMap) -> Result<Response> {
    let asking = identity.asking(&headers).await?;
    let id = id_of(&path);
    let which = Which::One(id.to_owned());
    if identity.end_sessions(&asking.user_ref, which).await? == 0 {
        return Err(Error::not_found("You have no such session"));
    }
    let act = ended(&asking, format!("session {id}"));
    Ok((act, StatusCode::NO_CONTENT).into_response())
}

/// Ends all but the session of the browser that asks.
async fn end_others(State(identity): Shared, headers: HeaderMap) -> Result<Response> {
    let asking = identity.asking(&headers).await?;
    let which = Which::AllBut(asking.present.clone());
    let n_ended = identity.end_sessions(&asking.user_ref, which).await?;
    let what = match &asking.present {
        Some(present) => format!("{n_ended} sessions, all but {present}"),
        None => format!("{n_ended} sessions, all"),
    };
    Ok((ended(&asking, what), StatusCode::NO_CONTENT).into_response())
}

/// What the audit log is told; who it was is known by their credentials.
fn ended(asking: &Asking, what: String) -> Extension<Act> {
    Extension(Act {
        action: "auth.session.end",
        subject: asking.user_ref.as_str().into(),
        detail: Some(what.into()),
        caller: None,
        is_refused: false,
    })
}
