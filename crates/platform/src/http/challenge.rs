//! `WWW-Authenticate`: where a program that is refused learns how to ask (RFC 6750, RFC 9728).

use axum::response::Response;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use crate::ctx::{Caller, Reach};
use crate::error::{Code, Error};

/// What refused programs are told of a plugin.
#[derive(Debug, Clone)]
pub struct Challenge {
    metadata: String,
}

impl Challenge {
    /// With the address of the metadata of the plugin, which names the authorization server.
    pub fn new(metadata: String) -> Self {
        Self { metadata }
    }

    /// Adds the header to an answer that refuses. Other reasons for 403 than a narrow token cannot
    /// be helped by another token.
    pub(super) fn add_to(&self, response: &mut Response, error: Option<&Error>) {
        let metadata = &self.metadata;
        let scope = error.and_then(|error| error.fields().get(SCOPE)?.as_str());
        let text = match (response.status(), scope) {
            (StatusCode::UNAUTHORIZED, _) => format!("Bearer resource_metadata=\"{metadata}\""),
            (StatusCode::FORBIDDEN, Some(scope)) => format!(
                "Bearer error=\"insufficient_scope\", scope=\"{scope}\", \
                 resource_metadata=\"{metadata}\""
            ),
            _ => return,
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            let headers = response.headers_mut();
            headers.entry(WWW_AUTHENTICATE).or_insert(value);
        }
    }
}

/// The member of an error that names the scope which would do.
const SCOPE: &str = "scope";

/// 403: the program's token does not go as far on a plugin as it would have to.
pub fn insufficient_scope(plugin: &str, reach: Reach) -> Error {
    let scope = format!("{plugin}:{}", reach.name());
    let text = format!("the token was not given the scope `{scope}`");
    Error::new(Code::Forbidden, text).with_field(SCOPE, scope)
}

/// Fails when the caller's token does not go as far as a request.
pub(super) fn check_reach(
    caller: &Caller,
    plugin: &str,
    method: &Method,
    is_read: bool,
) -> Result<(), Error> {
    let needed = match *method {
        Method::DELETE => Reach::Delete,
        _ if method.is_safe() || is_read => Reach::Read,
        _ => Reach::Write,
    };
    match caller {
        Caller::User(user) if user.reach < needed => Err(insufficient_scope(plugin, needed)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::User;

    #[test]
    fn a_token_goes_as_far_as_its_scope() {
        let caller = |reach| {
            Caller::User(User {
                entity_ref: "user:default/ann".to_owned(),
                ownership: [].into(),
                expires_at: 0,
                limited_token: None,
                agent: None,
                actor: None,
                reach,
            })
        };
        let requests = [
            (Method::GET, false, Reach::Read),
            (Method::HEAD, false, Reach::Read),
            (Method::POST, true, Reach::Read),
            (Method::POST, false, Reach::Write),
            (Method::PUT, false, Reach::Write),
            (Method::PATCH, false, Reach::Write),
            (Method::DELETE, false, Reach::Delete),
        ];
        for (method, is_read, needed) in requests {
            for reach in Reach::ALL {
                let result = check_reach(&caller(reach), "catalog", &method, is_read);
                assert_eq!(result.is_ok(), reach >= needed, "{method} {reach:?}");
            }
        }
    }
}
