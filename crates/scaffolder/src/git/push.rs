//! Sends a commit to a repository over smart HTTP.

use http::Method;
use platform::config::Secret;
use platform::{Error, Result};
use url::Url;

use super::objects::Commit;
use super::packets::{FLUSH, packet, packets};
use crate::outgoing::{Body, Outgoing, Request};

const NOTHING: &str = "0000000000000000000000000000000000000000";

/// A repository on a host.
pub(crate) struct Remote<'a> {
    pub outgoing: &'a Outgoing,
    /// The URL one clones from.
    pub url: Url,
    /// `Authorization` of requests.
    pub authorization: Option<Secret>,
}

/// Makes a branch of a commit; that it is there already is as good.
pub(crate) async fn push(remote: &Remote<'_>, branch: &str, commit: &Commit) -> Result<()> {
    let name = format!("refs/heads/{}", checked(branch)?);
    let hash = commit.hash();
    match remote.find(&name).await? {
        Some(found) if found == hash => return Ok(()),
        Some(_) => {
            return Err(Error::conflict(format!(
                "the repository has a branch {branch} with other commits"
            )));
        }
        None => {}
    }
    let command = format!("{NOTHING} {hash} {name}\0 report-status agent=callboard");
    let mut body = format!("{}{FLUSH}", packet(&command)).into_bytes();
    body.extend(commit.pack()?);
    let answer = remote
        .send(Method::POST, "git-receive-pack", Some(body))
        .await?;
    report(&answer, &name)
}

/// A name that can be a branch.
pub(super) fn checked(branch: &str) -> Result<&str> {
    let is_bad = branch.is_empty()
        || branch.len() > 200
        || branch.starts_with(['/', '-', '.'])
        || branch.ends_with(['/', '.'])
        || branch.to_lowercase().ends_with(".lock")
        || branch.contains("..")
        || branch.contains("//")
        || branch.contains("@{")
        || branch.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c));
    if is_bad {
        return Err(Error::input(format!("`{branch}` cannot be a branch")));
    }
    Ok(branch)
}

impl Remote<'_> {
    /// The commit that a reference names.
    async fn find(&self, name: &str) -> Result<Option<String>> {
        let path = "info/refs?service=git-receive-pack";
        let answer = self.send(Method::GET, path, None).await?;
        for line in packets(&answer)?.into_iter().flatten() {
            // Behind a zero byte, the first line tells what the host can do.
            let line = line.split(|byte| *byte == 0).next().unwrap_or(line);
            let line = String::from_utf8_lossy(line);
            if let Some((hash, found)) = line.trim_end().split_once(' ')
                && found == name
            {
                return Ok(Some(hash.to_owned()));
            }
        }
        Ok(None)
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let body = body.map(|bytes| Body::Bytes(bytes, "application/x-git-receive-pack-request"));
        let request = Request {
            body,
            ..Request::new(method, self.at(path)?)
        };
        self.ask(request).await
    }

    /// Sends the request of a service, whose answer may have so many bytes.
    pub(super) async fn exchange(
        &self,
        service: &'static str,
        body: Vec<u8>,
        max_answer: usize,
    ) -> Result<Vec<u8>> {
        let request = Request {
            body: Some(Body::Bytes(body, "application/x-git-upload-pack-request")),
            max_answer,
            ..Request::new(Method::POST, self.at(service)?)
        };
        self.ask(request).await
    }

    fn at(&self, path: &str) -> Result<Url> {
        let base = self.url.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{path}")).map_err(|error| {
            Error::internal("the URL of the repository is wrong").with_source(error)
        })
    }

    async fn ask(&self, request: Request) -> Result<Vec<u8>> {
        let request = Request {
            authorization: self.authorization.clone(),
            ..request
        };
        let answer = self.outgoing.send(request).await?;
        if !answer.is_success() {
            return Err(answer.error("the repository"));
        }
        Ok(answer.body.to_vec())
    }
}

/// What the host says about the commit: `unpack ok`, then a line for each reference.
fn report(answer: &[u8], name: &str) -> Result<()> {
    let lines: Vec<String> = packets(answer)?
        .into_iter()
        .flatten()
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
        .collect();
    let has = |wanted: String| lines.contains(&wanted);
    if has("unpack ok".to_owned()) && has(format!("ok {name}")) {
        return Ok(());
    }
    let reason = lines
        .iter()
        .find(|line| line.starts_with("ng "))
        .or_else(|| lines.iter().find(|line| line.starts_with("unpack ")))
        .map_or("no reason was given", String::as_str);
    Err(Error::conflict(format!(
        "the host refused the commit: {reason}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_branches() {
        for good in ["main", "feature/a-b", "v1.0"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "-x", "a..b", "a\nb", "x.lock", "a~1", "/a", "a/"] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn refusals_are_told() {
        let good = format!(
            "{}{}{FLUSH}",
            packet("unpack ok\n"),
            packet("ok refs/heads/main\n")
        );
        assert!(report(good.as_bytes(), "refs/heads/main").is_ok());
        let bad = format!(
            "{}{}{FLUSH}",
            packet("unpack ok\n"),
            packet("ng refs/heads/main hook declined\n")
        );
        let error = report(bad.as_bytes(), "refs/heads/main").unwrap_err();
        assert_eq!(
            error.message(),
            "the host refused the commit: ng refs/heads/main hook declined"
        );
    }
}
