//! Requests from inside: what asks the portal's own API on behalf of somebody, without a network.
//!
//! Invariants: a request goes to a plugin of this process and nowhere else; who it is for is told by
//! an extension, which nobody can send; barrier, limits and records are those of any other request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tower::ServiceExt as _;

use crate::ctx::Caller;
use crate::error::{Error, Result};

/// The plugins of this process; clones share them. Nothing is there before [`Inside::open`].
#[derive(Clone, Default)]
pub struct Inside(Arc<OnceLock<HashMap<&'static str, Router>>>);

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

/// Left in the extensions of a request from inside: whose it is.
#[derive(Clone)]
pub(super) struct ActsFor(pub Arc<Caller>);

impl Inside {
    /// Gives the routers that [`mount`](super::mount) made. Only the first call counts.
    pub fn open(&self, plugins: impl IntoIterator<Item = (&'static str, Router)>) {
        let _ = self.0.set(plugins.into_iter().collect());
    }

    /// Answers a request to a plugin, with a path relative to it. It is `caller`'s; without one, of
    /// whom its headers say.
    pub async fn call(
        &self,
        plugin: &str,
        caller: Option<Arc<Caller>>,
        mut request: Request<Body>,
    ) -> Result<Response> {
        let router = self.0.get().and_then(|plugins| plugins.get(plugin));
        let Some(router) = router else {
            return Err(Error::not_found(format!("There is no plugin '{plugin}'")));
        };
        if let Some(caller) = caller {
            request.extensions_mut().insert(ActsFor(caller));
        }
        match router.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}
