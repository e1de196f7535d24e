//! The embedded files, answered in the form that the browser takes and kept by it for ever.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue,
};
use http::{HeaderMap, StatusCode};
use platform::http::weak_etag;

/// Files below this folder have their content's hash in their name.
pub(crate) const HASHED: &str = "static/";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// Relative to the root of the site, without a slash in front.
    pub path: &'static str,
    pub plain: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// What the build of the app left, ordered by path; empty when it was not built.
pub(crate) const EMBEDDED: &[Asset] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The file at `path`.
pub(crate) fn find(assets: &'static [Asset], path: &str) -> Option<&'static Asset> {
    let at = assets.binary_search_by_key(&path, |asset| asset.path);
    at.ok().and_then(|at| assets.get(at))
}

impl Asset {
    /// The answer to a request with these headers.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let (encoding, bytes) = self.best_for(request);
        let is_hashed = self.path.starts_with(HASHED);
        let mut response = (StatusCode::OK, Bytes::from_static(bytes)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media_type(self.path));
        headers.insert(CACHE_CONTROL, if is_hashed { FOR_EVER } else { AN_HOUR });
        if !is_hashed {
            headers.insert(ETAG, weak_etag(self.plain));
        }
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }

    fn best_for(&self, request: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let packed = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = packed
            .into_iter()
            .filter_map(|(name, bytes)| Some((name, bytes?)))
            .find(|(name, _)| accepts(request, name));
        taken.map_or((None, self.plain), |(name, bytes)| (Some(name), bytes))
    }
}

/// Whether the client takes this encoding; a quality of zero is a no.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).iter();
    let items = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    items.into_iter().any(|item| {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        let quality: String = quality.chars().filter(|c| !c.is_whitespace()).collect();
        let is_refused = quality.starts_with("q=0")
            && !quality.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
        name.trim().eq_ignore_ascii_case(encoding) && !is_refused
    })
}

pub(crate) fn media_type(path: &str) -> HeaderValue {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    HeaderValue::from_static(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Asset = Asset {
        path: "static/a-1.js",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    #[test]
    fn the_smallest_accepted_form_is_sent() {
        for (accepted, encoding, length) in [
            ("gzip, deflate, br, zstd", Some("br"), 2),
            ("gzip, br;q=0", Some("gzip"), 2),
            ("GZIP", Some("gzip"), 2),
            ("br;q=0.5", Some("br"), 2),
            ("br; q=0.0, identity", None, 5),
            ("", None, 5),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            let (chosen, bytes) = SCRIPT.best_for(&headers);
            assert_eq!((chosen, bytes.len()), (encoding, length), "{accepted}");
        }
    }

    #[test]
    fn only_hashed_files_are_kept_for_ever() {
        let icon = Asset {
            path: "favicon.svg",
            ..SCRIPT
        };
        for (asset, control, has_etag, kind) in [
            (SCRIPT, FOR_EVER, false, "text/javascript; charset=utf-8"),
            (icon, AN_HOUR, true, "image/svg+xml"),
        ] {
            let response = asset.answer(&HeaderMap::new());
            assert_eq!(response.headers()[CACHE_CONTROL], control);
            assert_eq!(response.headers().contains_key(ETAG), has_etag);
            assert_eq!(response.headers()[CONTENT_TYPE], kind);
        }
    }
}
