//! Other services behind the portal's address: the `proxy` plugin. Reference 3 §7.
//!
//! Invariants: the endpoint with the longest path decides, on credentials too; what is forwarded is
//! always below the path of its target; the portal's own credentials leave it only where an endpoint
//! says `forward`, and its cookie never; headers that an endpoint adds go to its target and to no
//! other origin; a redirect to another origin never leads into the own network; a request that was
//! let in without credentials reaches open endpoints only, also when the endpoints change meanwhile.

mod endpoint;
mod forward;
mod headers;
mod http;
mod path;
mod redirect;
mod socket;
mod table;

pub use endpoint::Endpoint;
pub use forward::Proxy;
pub use http::router;
