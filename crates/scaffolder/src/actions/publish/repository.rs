//! The commit of a workspace, and sending it.

use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::{Host, text};
use crate::engine::blocking;
use crate::git::fetch::{branches, existing, fetch};
use crate::git::{Author, Commit, Remote, commit_folder, commit_onto, push};
use crate::workspace::resolve;

/// Makes the commit that a step asks for; its time is remembered, so that a repeated step makes the
/// same one.
pub(super) async fn commit(run: &Run, host: &Host<'_>, input: &Value) -> Result<Commit> {
    let settings = &host.reach.commits;
    let message = text(input, "gitCommitMessage").or(settings.message.as_deref());
    let message = message.unwrap_or("initial commit").to_owned();
    let author = author(run, host, input).await?;
    let root = run.step()?.workspace.clone();
    let path = text(input, "sourcePath").unwrap_or(".").to_owned();
    blocking(move || {
        let folder = resolve(&root, &path)?;
        commit_folder(&folder, &author, &message)
    })
    .await
}

/// Whose commit it is, and of when.
async fn author(run: &Run, host: &Host<'_>, input: &Value) -> Result<Author> {
    let settings = &host.reach.commits;
    let now = host.reach.clock.now() / 1000;
    let at = run
        .checkpoint("commit-time", async { Ok(json!(now)) })
        .await?;
    let name = text(input, "gitAuthorName").or(settings.author_name.as_deref());
    let email = text(input, "gitAuthorEmail").or(settings.author_email.as_deref());
    Ok(Author {
        name: name.unwrap_or("Scaffolder").to_owned(),
        email: email.unwrap_or("scaffolder@backstage.io").to_owned(),
        at: at.as_i64().unwrap_or(now),
    })
}

/// Puts the workspace on a branch that is there, as a new branch; one that is there already is left
/// as it is.
pub(super) async fn branch_off(
    run: &Run,
    host: &Host<'_>,
    input: &Value,
    remote: &str,
    change: Change<'_>,
) -> Result<()> {
    let remote = Remote {
        outgoing: &host.reach.outgoing,
        url: checked(host, remote)?,
        authorization: host.git_authorization(),
    };
    let known = branches(&remote).await?;
    let target = existing(&known, change.target)?;
    // A step that is repeated finds the branch that it made itself, and the target elsewhere.
    let start = async {
        Ok(match known.find(change.branch) {
            Some(_) => Value::Null,
            None => target.into(),
        })
    };
    let start = run.checkpoint("start", start).await?;
    let Some(start) = start.as_str() else {
        run.log.info("The branch is there, and stays as it is");
        return Ok(());
    };
    let base = fetch(&remote, &known, start).await?;
    let message = change.message.to_owned();
    let author = author(run, host, input).await?;
    let root = run.step()?.workspace.clone();
    let commit = blocking(move || commit_onto(&base, &root, &author, &message)).await?;
    run.log
        .info(&format!("Pushing {} to {}", commit.hash(), change.branch));
    push(&remote, change.branch, &commit).await
}

/// A change of a branch on a branch of its own.
pub(super) struct Change<'a> {
    pub target: &'a str,
    pub branch: &'a str,
    pub message: &'a str,
}

/// Sends a commit to the repository that one clones from `remote`.
pub(super) async fn send(
    run: &Run,
    host: &Host<'_>,
    remote: &str,
    branch: &str,
    commit: &Commit,
) -> Result<()> {
    let url = checked(host, remote)?;
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

/// The URL of a repository for git, as the host gave it.
fn checked(host: &Host<'_>, remote: &str) -> Result<Url> {
    let mut url = Url::parse(remote).map_err(|error| {
        Error::unavailable("the host gave no URL to push to").with_source(error)
    })?;
    // Credentials go to the configured host only, whatever its API answers.
    if !host.integration.serves(&url) {
        return Err(Error::unavailable(format!(
            "the host gave a URL of another host to push to: {remote}"
        )));
    }
    // Some hosts write the name of the user or of the organization before their own.
    let _ = url.set_username("");
    Ok(url)
}
