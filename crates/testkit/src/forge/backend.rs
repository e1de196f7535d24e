//! `git http-backend`, as a web server runs it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::response::Response;

use super::{Forge, TOKEN};

pub(super) fn answer(
    forge: &Forge,
    parts: &http::request::Parts,
    body: &[u8],
    authorization: &str,
) -> Response {
    let name = repository(parts.uri.path());
    let before = references(forge, &name);
    let kind = parts.headers.get("content-type");
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", forge.folder())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        // Only who knows the token may push.
        .env(
            "REMOTE_USER",
            if authorization.contains(TOKEN) {
                "pusher"
            } else {
                ""
            },
        )
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", kind.map_or("", |it| it.to_str().unwrap()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A server that refuses does not read on.
    let _ = child.stdin.take().unwrap().write_all(body);
    let output = child.wait_with_output().unwrap().stdout;
    for reference in references(forge, &name) {
        if !before.contains(&reference) {
            let effect = format!("push {name} {reference}");
            forge.0.state.lock().effects.push(effect);
        }
    }
    let end = output.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: ")?.get(..3)?.parse().ok());
    Response::builder()
        .status(status.unwrap_or(200_u16))
        .body(Body::from(output[end + 4..].to_vec()))
        .unwrap()
}

/// The repository of a path, which need not end with `.git`.
fn repository(path: &str) -> String {
    let ends = ["/info/refs", "/git-receive-pack", "/git-upload-pack"];
    let name = ends.iter().find_map(|end| path.strip_suffix(end));
    let name = name.unwrap_or(path).trim_start_matches('/');
    name.trim_end_matches(".git").to_owned()
}

/// Names and trees of the branches of a repository.
fn references(forge: &Forge, name: &str) -> Vec<String> {
    let listed = forge.try_git(name, &["for-each-ref", "--format=%(refname) %(tree)"]);
    listed
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}
