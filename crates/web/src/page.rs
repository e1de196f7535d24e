//! The HTML page that starts the app.

use std::fmt::Write as _;

use serde::Serialize;

use crate::first_data::Answer;
use crate::manifest::Files;

/// What the app knows before it asks anything.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boot<'a> {
    pub config: &'a AppConfig,
    pub session: Option<Session>,
    /// Answers to what the route would ask first.
    pub first: Vec<Answer>,
    /// The revision of the catalog that all of them have; changes after it are news to the app.
    pub rev: Option<i64>,
}

/// A way to sign in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Id, for example `github`.
    pub id: String,
    /// How it signs in.
    pub kind: ProviderKind,
    /// The environment it is configured for; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// How a provider signs people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Nobody is asked.
    Guest,
    /// On pages of its own.
    Pages,
    /// A proxy in front of the portal has done it already.
    Proxy,
}

/// A source control host that is configured.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeHost {
    /// Its name, with a port where needed.
    pub host: String,
    /// What runs there, as `integrations` calls it.
    pub kind: &'static str,
    /// The provider that gives people tokens of their own for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// Configuration that browsers may see.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppConfig {
    pub title: String,
    pub organization: Option<String>,
    /// Path of the portal below its host, without a slash at the end.
    pub base_path: String,
    /// Ways to sign in, in the order in which they are offered.
    pub providers: Vec<Provider>,
    /// Where repositories can be. Backstage shows browsers the same.
    pub hosts: Vec<CodeHost>,
    pub version: String,
}

/// Who is signed in, as the cookie says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub user_entity_ref: String,
    pub ownership_entity_refs: Vec<String>,
}

/// Applies the theme of this browser before anything is painted.
const THEME: &str = "try{Object.assign(document.documentElement.dataset,\
    JSON.parse(localStorage.getItem('callboard.look')||'{}'))}catch{}";

/// The whole page.
pub(crate) fn render(files: &Files, boot: &Boot<'_>, nonce: &str) -> String {
    let base = escaped(&boot.config.base_path);
    let title = escaped(&boot.config.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"{base}/favicon.svg\">\n"
    );
    let _ = writeln!(html, "<script nonce=\"{nonce}\">{THEME}</script>");
    for style in &files.styles {
        let _ = writeln!(html, "<link rel=\"stylesheet\" href=\"{base}/{style}\">");
    }
    for script in &files.scripts {
        let _ = writeln!(
            html,
            "<link rel=\"modulepreload\" href=\"{base}/{script}\">"
        );
    }
    let entry = &files.entry;
    let _ = write!(
        html,
        "<script id=\"boot\" type=\"application/json\" nonce=\"{nonce}\">{}</script>\n\
         <script type=\"module\" nonce=\"{nonce}\" src=\"{base}/{entry}\"></script>\n</head>\n\
         <body>\n<div id=\"root\"></div>\n<noscript>This portal needs JavaScript. \
         Its API does not: see {base}/api/catalog/entities.</noscript>\n</body>\n</html>\n",
        in_script(boot)
    );
    html
}

/// JSON that cannot end the script element it is in.
fn in_script(boot: &Boot<'_>) -> String {
    let json = serde_json::to_string(boot).unwrap_or_else(|_| "null".to_owned());
    json.replace('<', "\\u003c")
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The page of a binary that was built without the app.
pub(crate) fn unbuilt(title: &str) -> String {
    include_str!("unbuilt.html").replace("{{title}}", &escaped(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_wrote_stays_text() {
        let config = AppConfig {
            title: "</title><script>alert(1)</script>".into(),
            organization: Some("</script><!--".into()),
            base_path: "/portal".into(),
            providers: vec![],
            hosts: vec![],
            version: "1".into(),
        };
        let boot = Boot {
            config: &config,
            session: None,
            first: Vec::new(),
            rev: None,
        };
        let files = Files {
            entry: "static/m.js".into(),
            ..Files::default()
        };
        let html = render(&files, &boot, "n0");
        assert_eq!(html.matches("<script").count(), 3);
        assert_eq!(html.matches("</script>").count(), 3);
        assert!(!html.contains("<!--"));
        assert!(html.contains("nonce=\"n0\" src=\"/portal/static/m.js\""));
    }
}
