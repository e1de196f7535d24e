//! What the front knows of a request before anybody else sees it.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;

use crate::telemetry::TraceContext;

use super::client_address::Trust;

/// Carries the id of a request, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Carries the trace context, in (the caller's span) and out (the span of this request).
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longer ids of clients are replaced.
const MAX_ID_LEN: usize = 128;

/// Identifies a request in logs, traces and audit records; an extension of every request.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// The client's `x-request-id`, or the trace id when it sent none or an unusable one.
    pub id: Arc<str>,
    /// Where the request is in its trace.
    pub trace: TraceContext,
    /// Address of the client: who opened the connection, or whom a trusted proxy names; `None` on a
    /// unix socket.
    pub peer: Option<IpAddr>,
    /// Who opened the connection, whatever headers say; `None` on a unix socket.
    pub connection: Option<IpAddr>,
}

impl RequestInfo {
    pub(super) fn of(headers: &HeaderMap, peer: Option<IpAddr>, trust: &Trust) -> Self {
        let trace = TraceContext::continuing(headers.get(TRACEPARENT).map(AsRef::as_ref));
        let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let id = match id.filter(|id| is_id(id)) {
            Some(id) => Arc::from(id),
            None => Arc::from(trace.trace_id_hex()),
        };
        Self {
            id,
            trace,
            peer: trust.client(peer, headers),
            connection: peer,
        }
    }
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
    (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn usable_ids_are_kept() {
        let long = "a".repeat(MAX_ID_LEN + 1);
        let cases = [
            ("abc-123_x.y:z", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("{a}", false),
        ];
        for (id, kept) in cases {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(id).unwrap())]);
            let info = RequestInfo::of(&headers, None, &Trust::Nobody);
            let expected = if kept {
                id.to_owned()
            } else {
                info.trace.trace_id_hex()
            };
            assert_eq!(*info.id, *expected);
        }
    }
}
