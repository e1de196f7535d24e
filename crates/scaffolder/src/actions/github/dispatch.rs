//! `github:actions:dispatch`: a workflow is started once, whenever the process ends.
//!
//! GitHub starts a run some seconds after it was asked to and says nothing of who asked, so that the
//! newest run is noted before: the first one behind it is what an attempt that was broken off started.

use std::time::Duration;

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::clock::millis;
use platform::{Code, Error, Result};
use serde_json::{Value, json};

use super::renamed;
use crate::actions::Reach;
use crate::actions::publish::{Host, text};

/// How long GitHub may take to show a run that it was asked for.
const SETTLES: Duration = Duration::from_secs(10);
/// Time between two looks for a run.
const POLL: Duration = Duration::from_secs(1);
/// As often as that makes while a run settles.
const MAX_LOOKS: u32 = 10;

/// A workflow and where it is to run.
struct Workflow<'a> {
    host: &'a Host<'a>,
    path: [&'a str; 6],
    reference: &'a str,
}

pub(super) async fn start_workflow(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let id = text(input, "workflowId").unwrap_or_default();
    let workflow = Workflow {
        host: &host,
        path: [
            "repos",
            host.owner(),
            host.name(),
            "actions",
            "workflows",
            id,
        ],
        reference: text(input, "branchOrTagName").unwrap_or_default(),
    };
    let before = run.checkpoint("newest", workflow.newest()).await?;
    let told = run
        .once("run", workflow.start(input), workflow.find(&before))
        .await?;
    let names = [
        ("workflow_run_id", "workflowRunId"),
        ("run_url", "workflowRunUrl"),
        ("html_url", "workflowRunHtmlUrl"),
    ];
    Ok(renamed(&told, &names))
}

impl Workflow<'_> {
    async fn start(&self, input: &Value) -> Result<Value> {
        let names = [
            ("branchOrTagName", "ref"),
            ("workflowInputs", "inputs"),
            ("returnWorkflowRunDetails", "return_run_details"),
        ];
        let path = [&self.path[..], &["dispatches"]].concat();
        let body = renamed(input, &names);
        let told = self.host.demand(Method::POST, &path, Some(body)).await?;
        let is_told = input["returnWorkflowRunDetails"] == true;
        Ok(if is_told { told } else { json!({}) })
    }

    /// The newest run and when it was that; without its number if the token may not see runs.
    async fn newest(&self) -> Result<Value> {
        let at = self.host.reach.clock.now();
        match self.runs("1").await {
            Ok(runs) => {
                let id = runs.first().map_or(json!(0), |run| run["id"].clone());
                Ok(json!({ "id": id, "at": at }))
            }
            Err(error) if error.code() == Code::Unavailable => Err(error),
            Err(_) => Ok(json!({ "at": at })),
        }
    }

    /// The run that an attempt before started, if it got that far.
    async fn find(&self, before: &Value) -> Result<Option<Value>> {
        let Some(newest) = before["id"].as_u64() else {
            return Err(Error::conflict(
                "the step was interrupted, and whether the workflow was started is not known, \
                 because the token may not see its runs; look, and retry the task to start it",
            ));
        };
        let until = before["at"].as_i64().unwrap_or_default() + millis(SETTLES);
        let mut n_looks = 0;
        loop {
            n_looks += 1;
            // The clock of the process that was interrupted may be ahead of this one.
            let is_last = n_looks > MAX_LOOKS || self.host.reach.clock.now() >= until;
            let runs = self.runs("100").await?;
            let mut later = runs.iter().rev();
            let found = later.find(|run| run["id"].as_u64() > Some(newest));
            if found.is_some() || is_last {
                return Ok(found.map(as_told));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The newest runs that somebody started for the branch or tag, the newest first.
    async fn runs(&self, n: &str) -> Result<Vec<Value>> {
        let mut url = self.host.api(&[&self.path[..], &["runs"]].concat())?;
        let reference = self.reference.trim_start_matches("refs/heads/");
        let reference = reference.trim_start_matches("refs/tags/");
        url.query_pairs_mut()
            .append_pair("event", "workflow_dispatch")
            .append_pair("branch", reference)
            .append_pair("per_page", n);
        let answer = self.host.send(Method::GET, url, None).await?;
        if !answer.is_success() {
            return Err(answer.error(&self.host.repo.host));
        }
        let runs = answer.json()?["workflow_runs"].take();
        Ok(runs.as_array().cloned().unwrap_or_default())
    }
}

/// A run of a list, as it is told to who starts it.
fn as_told(run: &Value) -> Value {
    let names = [
        ("id", "workflow_run_id"),
        ("url", "run_url"),
        ("html_url", "html_url"),
    ];
    renamed(run, &names)
}
