//! JavaScript libraries whose exact behaviour templates rely on, in an interpreter without a host.
//!
//! Actions of `roadiehq:utils:*` are defined by what `JSONata` and the YAML writer of Node answer, which
//! nothing in Rust does ([ADR 0011](../../../docs/adr/0011-javascript-libraries-in-an-interpreter.md)).
//!
//! Invariants: a script sees its input and no files, network or environment; time, memory, stack and
//! answer are bounded, whatever expression and input are; no call sees anything of another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use platform::{Error, Result};
use rquickjs::{Coerced, Context, Ctx, FromJs as _, Promise, Runtime};
use serde_json::Value;

/// What one call may take. The libraries themselves need 5 MiB.
const MAX_MEMORY: usize = 128 << 20;
/// Stack of the interpreter, a part of that of a thread for blocking work.
const MAX_STACK: usize = 512 << 10;
/// How long a call may run.
const MAX_TIME: Duration = Duration::from_secs(5);
/// What the interpreter waits for a library that ends by itself in time, with a better message.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of an expression and of an answer.
const MAX_EXPRESSION: usize = 64 << 10;
const MAX_ANSWER: usize = 8 << 20;

const BOUNDS: &str = include_str!("script/bounds.js");
const JSONATA: &str = include_str!("script/jsonata.min.js");
const YAML: &str = include_str!("script/yaml.min.js");
const ROADIE: &str = include_str!("script/roadie.js");

/// Functions of `roadie.js`, which need some of the libraries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    /// A `JSONata` expression.
    Evaluate,
    JsonText,
    YamlText,
    MergeJson,
    MergeYaml,
    /// All places of a text or a pattern, replaced.
    ReplaceText,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::JsonText => "jsonText",
            Self::YamlText => "yamlText",
            Self::MergeJson => "mergeJson",
            Self::MergeYaml => "mergeYaml",
            Self::ReplaceText => "replaceText",
        }
    }

    fn libraries(self, input: &Value) -> &'static [&'static str] {
        match self {
            Self::Evaluate if input["as"] == "yaml" => &[JSONATA, YAML],
            Self::Evaluate => &[JSONATA],
            Self::YamlText | Self::MergeYaml => &[YAML],
            Self::JsonText | Self::MergeJson | Self::ReplaceText => &[],
        }
    }
}

/// Calls a function; blocks. Nothing is the answer `undefined`.
pub(crate) fn call(function: Function, input: &Value) -> Result<Option<Value>> {
    call_within(MAX_TIME, function, input)
}

fn call_within(time: Duration, function: Function, input: &Value) -> Result<Option<Value>> {
    if text_len(input, "expression") > MAX_EXPRESSION {
        return Err(Error::input(format!(
            "the expression is longer than {MAX_EXPRESSION} bytes"
        )));
    }
    let end = Arc::new(Mutex::new(Instant::now() + MAX_TIME + GRACE));
    let watched = Arc::clone(&end);
    let runtime = Runtime::new().map_err(|error| broken(&error))?;
    runtime.set_memory_limit(MAX_MEMORY);
    runtime.set_max_stack_size(MAX_STACK);
    runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() > *watched.lock())));
    let context = Context::full(&runtime).map_err(|error| broken(&error))?;
    let answer = context.with(|ctx| {
        for source in [BOUNDS]
            .iter()
            .chain(function.libraries(input))
            .chain(&[ROADIE])
        {
            ctx.eval::<(), _>(*source).map_err(|error| broken(&error))?;
        }
        // Reading the libraries takes nothing from what is asked.
        let until = Instant::now() + time + GRACE;
        *end.lock() = until;
        let answer = answer(&ctx, time, function, input);
        answer.map_err(|error| failure(&ctx, &error, until))
    })?;
    answer.as_deref().map(parsed).transpose()
}

fn parsed(text: &str) -> Result<Value> {
    if text.len() > MAX_ANSWER {
        return Err(Error::input(format!(
            "the result has more than {} MiB",
            MAX_ANSWER >> 20
        )));
    }
    serde_json::from_str(text)
        .map_err(|error| Error::input("the result is nested too deeply").with_source(error))
}

fn text_len(input: &Value, name: &str) -> usize {
    input[name].as_str().map_or(0, str::len)
}

/// The answer as JSON, if there is one.
fn answer(
    ctx: &Ctx<'_>,
    time: Duration,
    function: Function,
    input: &Value,
) -> rquickjs::Result<Option<String>> {
    ctx.globals().set("input", input.to_string())?;
    ctx.globals()
        .set("milliseconds", time.as_secs_f64() * 1000.0)?;
    let call = format!(
        "(async () => JSON.stringify(await {}(JSON.parse(input))))()",
        function.name()
    );
    let promise: Promise<'_> = ctx.eval(call)?;
    promise.finish()
}

/// What a script threw, in its own words.
fn failure(ctx: &Ctx<'_>, error: &rquickjs::Error, end: Instant) -> Error {
    if Instant::now() > end {
        return Error::input("it takes too long");
    }
    if !error.is_exception() {
        return Error::input(error.to_string());
    }
    let thrown = ctx.catch();
    let message = match thrown.as_object() {
        Some(object) => object.get::<_, Coerced<String>>("message"),
        None => Coerced::from_js(ctx, thrown),
    };
    match message {
        Ok(Coerced(text)) if text == "out of memory" => Error::input(format!(
            "it takes more than {} MiB of memory",
            MAX_MEMORY >> 20
        )),
        Ok(Coerced(text)) => Error::input(text),
        Err(error) => Error::input(error.to_string()),
    }
}

fn broken(error: &rquickjs::Error) -> Error {
    Error::internal(format!("the interpreter cannot start: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Expressions with what the reference implementation answers, a JSON object a line.
    const CASES: &str = include_str!("script/jsonata_cases.jsonl");
    const DATA: &str = include_str!("script/jsonata_data.json");

    /// More time than anything here takes on a busy machine, unless it takes for ever.
    const AGES: Duration = Duration::from_mins(5);

    fn evaluate(time: Duration, expression: &str, data: &Value) -> Result<Option<Value>> {
        let input = json!({"expression": expression, "data": data});
        call_within(time, Function::Evaluate, &input)
    }

    #[test]
    fn expressions_give_what_the_reference_gives() {
        let data: Value = serde_json::from_str(DATA).unwrap();
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in CASES.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let expression = case["expression"].as_str().unwrap();
            // As texts: the order of members counts.
            let expected = case.to_string();
            let found = match evaluate(AGES, expression, &data) {
                Ok(Some(value)) => json!({"expression": expression, "want": value}),
                Ok(None) => json!({"expression": expression}),
                Err(error) => json!({"expression": expression, "error": error.message()}),
            };
            let found = found.to_string();
            if found != expected {
                wrong.push(format!("{expected}\n  {found}"));
            }
            count += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count >= 300, "only {count} cases");
    }

    #[test]
    fn no_expression_takes_more_than_its_share() {
        let refused = |time: Duration, expression: &str, message: &str| {
            let error = evaluate(time, expression, &json!({})).unwrap_err();
            let found = error.message();
            assert!(found.contains(message), "{expression}: {found}");
        };
        for (expression, message) in [
            ("[1..1e9]", "must not exceed 1e7"),
            ("[1..9000000]", "sequence length"),
            ("($f := function($s){ $f($s & $s) }; $f('x'))", "memory"),
            (
                "($f := function($s){ 1 + $f($s) }; $f(1))",
                "Stack overflow",
            ),
            ("$pad('x', 1e9)", "too much work"),
            ("$pad('x', 1e9, '')", "too much work"),
            ("$pad('x', 1e15)", "invalid array length"),
            (
                "($a := $pad('', 900000, 'a'); $contains($a & $a & $a, $a & 'b'))",
                "too much work",
            ),
            (
                "$string($reduce([1..26], function($a, $b){ {'a': $a, 'b': $a} }, 1))",
                "memory",
            ),
            (
                "$reduce([1..200], function($a, $b){ {'a': $a} }, 1)",
                "nested too deeply",
            ),
        ] {
            refused(AGES, expression, message);
        }
        let short = Duration::from_millis(300);
        refused(
            short,
            "($f := function($s){ $f($s) }; $f(1))",
            "timeout after 300",
        );
        let backtracking = "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)";
        refused(short, backtracking, "too long");
        let long = format!("'{}'", "a".repeat(MAX_EXPRESSION));
        refused(AGES, &long, "longer than");
        refused(AGES, &"(".repeat(20_000), "stack");
    }

    #[test]
    fn an_expression_sees_nothing_but_its_input() {
        for expression in [
            "process",
            "globalThis",
            "$globalThis",
            "constructor",
            "__proto__",
            "name.constructor",
            "$lookup($, '__proto__')",
            "$lookup($lookup($, 'constructor'), 'constructor')",
        ] {
            let found = evaluate(AGES, expression, &json!({"name": "a"}));
            assert!(!matches!(found, Ok(Some(_))), "{expression}: {found:?}");
        }
    }
}
