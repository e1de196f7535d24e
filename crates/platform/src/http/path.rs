//! Segments of the request path.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use crate::error::Error;

/// The values of the `N` placeholders of a route, percent-decoded, in order.
///
/// ```ignore
/// async fn find_entity(Segments([kind, namespace, name]): Segments<3>) -> Result<Json<Entity>>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments<const N: usize>(pub [String; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Segments<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| Error::input("Failed to decode the path").with_source(error))?;
        let values: Vec<String> = params.iter().map(|(_, value)| value.to_owned()).collect();
        let values = <[String; N]>::try_from(values).map_err(|values| {
            let found = values.len();
            Error::internal(format!(
                "the route has {found} placeholders, the handler wants {N}"
            ))
        })?;
        Ok(Self(values))
    }
}
