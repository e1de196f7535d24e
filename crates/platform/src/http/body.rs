//! JSON request bodies: bounded in size, depth and time, with Backstage's texts for bad ones.

use std::io::Read as _;
use std::time::Duration;

use axum::extract::FromRequest;
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};

use super::schema::Object;

/// Largest body a route takes unless it says otherwise.
pub const BODY_LIMIT: usize = 5 << 20;

/// How long a client may take to send a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The request's JSON body: an object or an array, of at most `LIMIT` bytes.
///
/// Without a body it is an empty object, as behind Express.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonBody<const LIMIT: usize = BODY_LIMIT>(pub Value);

impl<const LIMIT: usize> JsonBody<LIMIT> {
    /// Fails with Backstage's text unless the body fits the schema.
    pub fn check(&self, schema: &Object) -> Result<()> {
        schema.check(&self.0)
    }

    /// The body as an object; an empty one when it is an array.
    pub fn into_object(self) -> Map<String, Value> {
        match self.0 {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    /// The body as a typed value; check it against a schema first for better texts.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_value(self.0)
            .map_err(|error| Error::input(format!("request/body is invalid: {error}")))
    }
}

impl<S: Sync, const LIMIT: usize> FromRequest<S> for JsonBody<LIMIT> {
    type Rejection = Error;

    async fn from_request(
        request: Request<axum::body::Body>,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let media_type = MediaType::of(&parts.headers);
        if let MediaType::Other(other) = &media_type {
            return Err(Error::input(format!("unsupported media type {other}")));
        }
        let bytes = unpacked(&parts.headers, read_body(body, LIMIT).await?, LIMIT)?;
        match media_type {
            _ if bytes.is_empty() => Ok(Self(Value::Object(Map::new()))),
            MediaType::Missing => Err(Error::input("media type not specified")),
            MediaType::Json | MediaType::Other(_) => parse_json(&bytes).map(Self),
        }
    }
}

/// Reads a whole body of at most `limit` bytes, in bounded time.
pub async fn read_body(body: axum::body::Body, limit: usize) -> Result<Bytes> {
    read_body_within(body, limit, READ_TIMEOUT).await
}

async fn read_body_within(
    body: axum::body::Body,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes> {
    match tokio::time::timeout(timeout, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if is_length_limit(&*error) => Err(too_large()),
        Ok(Err(error)) => Err(Error::input("request aborted").with_source(error)),
        Err(_) => Err(Error::input("request body was not sent in time")),
    }
}

/// The body without its `content-encoding`; `limit` bounds it too.
fn unpacked(headers: &HeaderMap, bytes: Bytes, limit: usize) -> Result<Bytes> {
    let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|_| !bytes.is_empty()) else {
        return Ok(bytes);
    };
    let encoding = encoding.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut unpacked = Vec::new();
    let bound = limit as u64 + 1;
    let read = match encoding.as_str() {
        "identity" => return Ok(bytes),
        "gzip" => GzDecoder::new(&*bytes)
            .take(bound)
            .read_to_end(&mut unpacked),
        "deflate" => ZlibDecoder::new(&*bytes)
            .take(bound)
            .read_to_end(&mut unpacked),
        other => {
            let text = format!("unsupported content encoding \"{other}\"");
            return Err(Error::input(text));
        }
    };
    read.map_err(|error| Error::input(format!("request body is not {encoding}: {error}")))?;
    if unpacked.len() > limit {
        return Err(too_large());
    }
    Ok(unpacked.into())
}

fn too_large() -> Error {
    Error::new(Code::TooLarge, "request entity too large")
}

/// The front bounds all bodies the same way, so that the cause may lie deeper.
fn is_length_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(<dyn std::error::Error>::is::<LengthLimitError>)
}

enum MediaType {
    Missing,
    Json,
    Other(String),
}

impl MediaType {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Self::Missing;
        };
        let value = String::from_utf8_lossy(value.as_bytes());
        let essence = value.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else {
            Self::Other(essence.to_ascii_lowercase().chars().take(100).collect())
        }
    }
}

/// Parses a body as strictly as Express does: the root is an object or an array.
///
/// `serde_json` stops at a depth of 128, so that no body can exhaust the stack.
fn parse_json(bytes: &[u8]) -> Result<Value> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => Err(Error::input("Unexpected end of JSON input")),
        Some(b'{' | b'[') => serde_json::from_slice(bytes).map_err(|error| syntax_error(&error)),
        Some(_) => Err(unexpected_root(&String::from_utf8_lossy(bytes))),
    }
}

/// V8's text for a first character it does not like, with up to ten characters for context.
fn unexpected_root(text: &str) -> Error {
    const CONTEXT: usize = 10;
    let blank = text.len() - text.trim_ascii_start().len();
    let token = text[blank..].chars().next().unwrap_or_default();
    let quoted = if text.chars().nth(2 * CONTEXT).is_none() {
        format!("\"{text}\"")
    } else {
        let context: String = text.chars().take(blank + CONTEXT).collect();
        format!("\"{context}\"...")
    };
    Error::input(format!(
        "Unexpected token '{token}', {quoted} is not valid JSON"
    ))
}

fn syntax_error(error: &serde_json::Error) -> Error {
    if error.is_eof() {
        return Error::input("Unexpected end of JSON input");
    }
    // The text of serde_json ends with its position.
    Error::input(format!("request body is not valid JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    async fn extract<const LIMIT: usize>(content_type: Option<&str>, body: Body) -> Result<Value> {
        let mut request = Request::post("/");
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(body).unwrap();
        let JsonBody(value) = JsonBody::<LIMIT>::from_request(request, &()).await?;
        Ok(value)
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked_within_the_limit() {
        use flate2::Compression;
        use flate2::write::{GzEncoder, ZlibEncoder};
        use std::io::Write as _;

        let gzip = |text: &str| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap()
        };
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"{}").unwrap();
        let bomb = format!("\"{}\"", "x".repeat(1 << 20));
        for (encoding, body, expected) in [
            ("gzip", gzip("[1]"), Ok("[1]")),
            ("GZIP", gzip("[1]"), Ok("[1]")),
            ("deflate", zlib.finish().unwrap(), Ok("{}")),
            ("identity", b"[2]".to_vec(), Ok("[2]")),
            ("gzip", b"".to_vec(), Ok("{}")),
            ("gzip", b"[2]".to_vec(), Err("request body is not gzip: ")),
            ("gzip", gzip(&bomb), Err("request entity too large")),
            (
                "br",
                b"x".to_vec(),
                Err("unsupported content encoding \"br\""),
            ),
        ] {
            let request = Request::post("/")
                .header(CONTENT_TYPE, "application/json")
                .header(CONTENT_ENCODING, encoding)
                .body(Body::from(body))
                .unwrap();
            let found = JsonBody::<1000>::from_request(request, &()).await;
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.0.to_string(), expected),
                (Err(found), Err(expected)) => assert!(found.message().starts_with(expected)),
                (found, expected) => panic!("{encoding}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn bodies_are_read_or_refused() {
        const JSON: Option<&str> = Some("application/json");
        let deep = "[".repeat(50_000);
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(2000));
        let cases = [
            (JSON, r#"{"a":[1]}"#, Ok(r#"{"a":[1]}"#)),
            (Some("Application/JSON; charset=utf-8"), "[]", Ok("[]")),
            (JSON, "\u{feff}{}", Ok("{}")),
            (JSON, "", Ok("{}")),
            (None, "", Ok("{}")),
            (None, "{}", Err((400, "media type not specified"))),
            (
                Some("text/plain"),
                "hello",
                Err((400, "unsupported media type text/plain")),
            ),
            (
                JSON,
                r#"{"query":"#,
                Err((400, "Unexpected end of JSON input")),
            ),
            (JSON, " \n", Err((400, "Unexpected end of JSON input"))),
            (
                JSON,
                "\"abc\"",
                Err((400, "Unexpected token '\"', \"\"abc\"\" is not valid JSON")),
            ),
            (
                JSON,
                "hello",
                Err((400, "Unexpected token 'h', \"hello\" is not valid JSON")),
            ),
            (
                JSON,
                "hello, this is not JSON",
                Err((
                    400,
                    "Unexpected token 'h', \"hello, thi\"... is not valid JSON",
                )),
            ),
            (
                JSON,
                "{]",
                Err((
                    400,
                    "request body is not valid JSON: key must be a string at line 1 column 2",
                )),
            ),
            (
                JSON,
                &deep,
                Err((
                    400,
                    "request body is not valid JSON: recursion limit exceeded at line 1 column 128",
                )),
            ),
            (JSON, &long, Err((413, "request entity too large"))),
        ];
        for (content_type, body, expected) in cases {
            let found = match body.len() {
                50_000 => extract::<100_000>(content_type, Body::from(body.to_owned())).await,
                _ => extract::<1000>(content_type, Body::from(body.to_owned())).await,
            };
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
                (Err(found), Err((status, message))) => {
                    assert_eq!((found.code().status(), found.message()), (status, message));
                }
                (found, expected) => panic!("{body}: {found:?}, wanted {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let never = Body::from_stream(futures::stream::pending::<Result<Bytes>>());
        let error = read_body_within(never, 1000, Duration::from_millis(10)).await;
        assert_eq!(
            error.unwrap_err().message(),
            "request body was not sent in time"
        );
    }
}
