//! The commit of a workspace, and sending it.

use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::{Host, text};
use crate::engine::blocking;
use crate::git::{Author, Commit, Remote, commit_folder, push};
use crate::workspace::resolve;

/// Makes the commit that a step asks for; its time is remembered, so that a repeated step makes the
/// same one.
pub(super) async fn commit(run: &Run, host: &Host<'_>, input: &Value) -> Result<Commit> {
    let settings = &host.reach.commits;
    let now = host.reach.clock.now() / 1000;
    let at = run
        .checkpoint("commit-time", async { Ok(json!(now)) })
        .await?;
    let or = |given: Option<&str>, configured: &Option<String>, default: &str| {
        let given = given.map(str::to_owned);
        given
            .or_else(|| configured.clone())
            .unwrap_or_else(|| default.to_owned())
    };
    let author = Author {
        name: or(
            text(input, "gitAuthorName"),
            &settings.author_name,
            "Scaffolder",
        ),
        email: or(
            text(input, "gitAuthorEmail"),
            &settings.author_email,
            "scaffolder@backstage.io",
        ),
        at: at.as_i64().unwrap_or(now),
    };
    let message = or(
        text(input, "gitCommitMessage"),
        &settings.message,
        "initial commit",
    );
    let root = run.step()?.workspace.clone();
    let path = text(input, "sourcePath").unwrap_or(".").to_owned();
    blocking(move || {
        let folder = resolve(&root, &path)?;
        commit_folder(&folder, &author, &message)
    })
    .await
}

/// Sends a commit to the repository that one clones from `remote`.
pub(super) async fn send(
    run: &Run,
    host: &Host<'_>,
    remote: &str,
    branch: &str,
    commit: &Commit,
) -> Result<()> {
    let url = Url::parse(remote).map_err(|error| {
        Error::unavailable("the host gave no URL to push to").with_source(error)
    })?;
    // Credentials go to the configured host only, whatever its API answers.
    if !host.integration.serves(&url) {
        return Err(Error::unavailable(format!(
            "the host gave a URL of another host to push to: {remote}"
        )));
    }
    run.log.info(&format!(
        "Pushing {} to {branch} of {remote}",
        commit.hash()
    ));
    let remote = Remote {
        outgoing: &host.reach.outgoing,
        url,
        authorization: host.git_authorization(),
    };
    push(&remote, branch, commit).await
}
