//! The `Set-Cookie` header of limited user tokens, byte for byte as Express writes it.

use http::HeaderValue;
use platform::{Error, Result};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use url::Url;

use crate::verify::COOKIE_NAME;

const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const ISO_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");

/// The header that makes the browser keep `token` until `expires_at`, in seconds since the epoch.
pub(super) fn header(base_url: &Url, token: &str, expires_at: i64) -> Result<HeaderValue> {
    let host = base_url.host_str().unwrap_or_default();
    let security = if base_url.scheme() == "https" || host == "localhost" {
        "HttpOnly; Secure; Priority=High; SameSite=None"
    } else {
        "HttpOnly; Priority=High; SameSite=Lax"
    };
    let expires = http_date(expires_at)?;
    let text =
        format!("{COOKIE_NAME}={token}; Domain={host}; Path=/; Expires={expires}; {security}");
    HeaderValue::try_from(text)
        .map_err(|error| Error::internal("writing a cookie failed").with_source(error))
}

/// A time in seconds since the epoch as JavaScript writes it.
pub(super) fn iso_date(seconds: i64) -> Result<String> {
    format(seconds, ISO_DATE)
}

/// A time in seconds since the epoch as HTTP writes it.
pub(crate) fn http_date(seconds: i64) -> Result<String> {
    format(seconds, HTTP_DATE)
}

fn format(seconds: i64, format: &[BorrowedFormatItem<'_>]) -> Result<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds)
        .map_err(|error| Error::internal("a token ends outside of time").with_source(error))?;
    time.format(format)
        .map_err(|error| Error::internal("writing a time failed").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_as_strict_as_the_address_allows() {
        let cases = [
            (
                "http://localhost:7007",
                "Domain=localhost; Path=/; Expires=Fri, 20 Nov 2026 22:32:19 GMT; HttpOnly; Secure; \
                 Priority=High; SameSite=None",
            ),
            (
                "https://portal.acme.org/sub",
                "Domain=portal.acme.org; Path=/; Expires=Fri, 20 Nov 2026 22:32:19 GMT; HttpOnly; \
                 Secure; Priority=High; SameSite=None",
            ),
            (
                "http://portal.acme.org",
                "Domain=portal.acme.org; Path=/; Expires=Fri, 20 Nov 2026 22:32:19 GMT; HttpOnly; \
                 Priority=High; SameSite=Lax",
            ),
        ];
        for (base_url, expected) in cases {
            let header = header(&base_url.parse().unwrap(), "a.b.c", 1_795_213_939).unwrap();
            assert_eq!(header, format!("backstage-auth=a.b.c; {expected}").as_str());
        }
    }

    #[test]
    fn times_have_the_milliseconds_of_javascript() {
        assert_eq!(iso_date(1_795_213_939).unwrap(), "2026-11-20T22:32:19.000Z");
    }
}
