//! The output of a task.

use serde_json::Value;

use super::Runner;
use super::context::Context;
use crate::render;

/// The output as it is told at the end; secrets never get in.
pub(super) fn render(runner: &Runner, context: &Context) -> Value {
    let Some(output) = runner.spec.get("output") else {
        return Value::Null;
    };
    let host = render::host(&runner.hosts, false);
    let rendered = render::render(output, context.open(), &host);
    if let (Some(rendered), Some(bare)) = (&rendered, context.bare_open()) {
        let without = render::render(output, &bare, &host);
        runner.mask.add_derived(rendered, without.as_ref());
    }
    let mut output = rendered.unwrap_or_default();
    for list in ["links", "text"] {
        if let Some(Value::Array(items)) = output.get_mut(list) {
            items.retain(|item| item.get("if").is_none_or(|it| render::is_truthy(Some(it))));
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.remove("if");
            }
        }
    }
    runner.mask.hide_value(output)
}
