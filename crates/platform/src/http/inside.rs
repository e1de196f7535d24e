//! Requests from inside: what asks the portal's own API on behalf of somebody, without a network.
//!
//! Invariants: a request goes to a plugin of this process and nowhere else; who it is for is told by
//! an extension, which nobody can send; barrier, limits and records are those of any other request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tower::ServiceExt as _;

use crate::ctx::Caller;
use crate::error::{Error, Result};

type Routers = OnceLock<HashMap<&'static str, Router>>;

/// The plugins of this process. Whoever serves them keeps this: when it goes, they do.
#[derive(Default)]
pub struct Plugins(Arc<Routers>);

/// A way to the plugins of this process, which may be given to these plugins: it does not keep them.
/// The default leads to none.
#[derive(Clone, Default)]
pub struct Inside(Weak<Routers>);

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").finish_non_exhaustive()
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

/// Left in the extensions of a request from inside: whose it is.
#[derive(Clone)]
pub(super) struct ActsFor(pub Arc<Caller>);

impl Plugins {
    /// Takes the routers that [`mount`](super::mount) made; before that there is none. Only the first
    /// call counts.
    pub fn open(&self, plugins: impl IntoIterator<Item = (&'static str, Router)>) {
        let _ = self.0.set(plugins.into_iter().collect());
    }

    /// A way to them.
    pub fn inside(&self) -> Inside {
        Inside(Arc::downgrade(&self.0))
    }
}

impl Inside {
    /// Answers a request to a plugin, with a path relative to it. It is `caller`'s; without one, of
    /// whom its headers say.
    pub async fn call(
        &self,
        plugin: &str,
        caller: Option<Arc<Caller>>,
        mut request: Request<Body>,
    ) -> Result<Response> {
        let plugins = self.0.upgrade();
        let router = plugins
            .as_ref()
            .and_then(|routers| routers.get()?.get(plugin));
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
