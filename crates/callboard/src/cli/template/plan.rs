//! Plans as people read them.

use std::io::Write;

use serde_json::Value;

/// Characters of a body in one line.
const MAX_BODY: usize = 200;

/// Prints what each step would do outside.
pub(in crate::cli) fn print_plan(out: &mut impl Write, plan: &[Value]) -> anyhow::Result<()> {
    if plan.is_empty() {
        writeln!(out, "plan: nothing is done outside of the workspace")?;
        return Ok(());
    }
    writeln!(out, "plan:")?;
    for step in plan {
        print_step(out, step)?;
    }
    Ok(())
}

fn print_step(out: &mut impl Write, step: &Value) -> anyhow::Result<()> {
    let text = |name: &str| step[name].as_str().unwrap_or_default();
    let each = match step["each"].as_str() {
        Some(each) => format!("[{each}]"),
        None => String::new(),
    };
    writeln!(out, "  {}{each} ({})", text("stepId"), text("action"))?;
    for call in list(step, "calls") {
        let part = |name: &str| call[name].as_str().unwrap_or_default();
        let body = call.get("body").map(|body| short(&body.to_string()));
        let body = body.unwrap_or_default();
        writeln!(out, "    {} {} {body}", part("method"), part("url"))?;
    }
    for change in list(step, "catalog") {
        let part = |name: &str| change[name].as_str().unwrap_or_default();
        let entities: Vec<&str> = list(change, "entities").filter_map(Value::as_str).collect();
        let entities = entities.join(", ");
        writeln!(out, "    {} {} {entities}", part("change"), part("target"))?;
    }
    for file in list(step, "files") {
        print_file(out, file)?;
    }
    if let Some(input) = step.get("input") {
        let input = short(&input.to_string());
        writeln!(out, "    what it does cannot be told; its input: {input}")?;
    }
    if let Some(note) = step["note"].as_str() {
        writeln!(out, "    cannot run: {note}")?;
    }
    Ok(())
}

fn print_file(out: &mut impl Write, file: &Value) -> anyhow::Result<()> {
    let mark = match file["change"].as_str() {
        Some("added") => '+',
        Some("changed") => '~',
        Some("removed") => '-',
        Some("none") => '=',
        _ => '?',
    };
    writeln!(
        out,
        "    {mark} {}",
        file["path"].as_str().unwrap_or_default()
    )?;
    for line in file["diff"].as_str().unwrap_or_default().lines() {
        writeln!(out, "      {line}")?;
    }
    Ok(())
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn short(text: &str) -> String {
    if text.len() <= MAX_BODY {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_BODY)])
}
