//! The page a browser gets outside of `/api`, until the web app is part of the binary.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

const PAGE: &str = include_str!("index.html");

/// Answers every path with one page, as Backstage's app does.
pub(crate) fn router(title: &str) -> Router {
    let page = PAGE.replace("{{title}}", &escaped(title));
    let answer = move || {
        let page = page.clone();
        async move { ([("cache-control", "no-store, max-age=0")], Html(page)) }
    };
    Router::new().fallback(get(answer))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
