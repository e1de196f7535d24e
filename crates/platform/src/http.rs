//! The HTTP kit: mounting plugins, extractors, errors and the listener.
//!
//! A feature returns a plain [`axum::Router`]; [`mount`] puts it below `/api/<plugin>` behind the
//! credentials barrier and turns errors into Backstage's error bodies.

mod body;
mod challenge;
mod client_address;
mod compress;
mod cors;
mod cross_site;
mod error;
mod fresh;
mod front;
mod health;
mod inside;
mod limit;
mod listen;
mod measure;
mod mount;
mod path;
mod permissions;
mod query;
mod readiness;
mod reply;
mod request;
pub mod schema;
mod security;
mod serve;
mod settings;
mod tls;
mod yardstick;
pub mod zod;

pub use body::{BODY_LIMIT, JsonBody, read_body};
pub use challenge::{Challenge, insufficient_scope};
pub use error::PendingError;
pub use front::{Front, Routes};
pub use inside::{Inside, Plugins};
pub use limit::{Limit, Limiter, RateLimits};
pub use listen::BindError;
pub use mount::{
    Access, AccessOf, Act, IsRead, Mount, Observer, Plugin, Seen, SignsIn, mount, mount_with,
};
pub use path::Segments;
pub use permissions::{judge, permission_routes};
pub use query::{Param, Params};
pub use readiness::{Phase, Readiness};
pub use reply::{
    Created, Empty, JSON, Json, NoContent, json_bytes, json_stream, untagged_json_bytes, weak_etag,
};
pub use request::RequestInfo;
pub use serve::Server;
pub use settings::{CorsSettings, HttpSettings, Limits, Listen, Tls};

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::ctx::Ctx;
use crate::error::Error;

fn request_id<B>(request: &http::Request<B>) -> Arc<str> {
    request
        .extensions()
        .get::<RequestInfo>()
        .map_or_else(|| Arc::from("-"), |info| Arc::clone(&info.id))
}

impl<S: Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let ctx = parts.extensions.get::<Ctx>().cloned();
        ctx.ok_or_else(|| Error::internal("route is not mounted behind the barrier"))
    }
}
