//! `debug:log` and `debug:wait`.

use std::fs;
use std::time::Duration;

use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use crate::engine::blocking;
use crate::workspace::{self, Kind};

/// How long a step may wait.
const MAX_WAIT: Duration = Duration::from_mins(10);
/// Bytes of a file that are shown.
const MAX_SHOWN: usize = 32 << 10;

pub(super) async fn log(run: &Run, input: &Value) -> Result<Value> {
    run.log.info(&format!("{input:#}"));
    if let Some(message) = input["message"].as_str() {
        run.log.info(message);
    }
    let with_contents = match &input["listWorkspace"] {
        Value::String(how) => how == "with-contents",
        Value::Bool(true) => false,
        _ => return Ok(json!({})),
    };
    let root = run.step()?.workspace.clone();
    let listing = blocking(move || {
        let files = workspace::list(&root)?.into_iter();
        let files = files.filter(|entry| entry.kind == Kind::File);
        let line = |entry: workspace::Entry| {
            if !with_contents {
                return Ok(format!("  - {}", entry.path));
            }
            let full = root.join(&entry.path);
            let content = fs::read(&full).map_err(|error| workspace::io(&error, "open", &full))?;
            let shown = content.get(..MAX_SHOWN).unwrap_or(&content);
            let text = String::from_utf8_lossy(shown);
            Ok(format!("  - {}:\n\n  {text}", entry.path))
        };
        files.map(line).collect::<Result<Vec<_>>>()
    })
    .await?;
    run.log.info(&format!("Workspace:\n{}", listing.join("\n")));
    Ok(json!({}))
}

pub(super) async fn wait(input: &Value) -> Result<Value> {
    let part = |name: &str| input[name].as_f64().unwrap_or_default();
    let mut seconds = part("minutes") * 60.0 + part("seconds") + part("milliseconds") / 1000.0;
    if input.as_object().is_none_or(serde_json::Map::is_empty) {
        seconds = 5.0;
    }
    let time = Duration::try_from_secs_f64(seconds)
        .map_err(|error| Error::input("this is no time to wait").with_source(error))?;
    if time > MAX_WAIT {
        return Err(Error::input(format!(
            "Waiting duration is longer than the maximum threshold of {} minutes",
            MAX_WAIT.as_secs() / 60
        )));
    }
    tokio::time::sleep(time).await;
    Ok(json!({}))
}
