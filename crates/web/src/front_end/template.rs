//! Pages with holes, as `index.html.tmpl` of a front end has them: `<%= publicPath %>` and questions to
//! the configuration.
//!
//! In Backstage such a page is a program in JavaScript. Here it is what pages of portals are seen to
//! use of it: values, defaults with `??` or `||`, and `if (config.has('…')) { … } else { … }`.

use serde_json::Value;

/// What a page can ask.
struct Known<'a> {
    public_path: &'a str,
    config: &'a Value,
}

/// The page; the error says which hole is not understood.
pub(super) fn render(text: &str, public_path: &str, config: &Value) -> Result<String, String> {
    let known = Known {
        public_path,
        config,
    };
    let mut page = String::with_capacity(text.len());
    let mut branches: Vec<Branch> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<%") {
        let is_shown = branches.iter().all(|branch| branch.is_shown);
        if is_shown {
            page.push_str(before);
        }
        let (code, after) = after
            .split_once("%>")
            .ok_or_else(|| "a hole does not end".to_owned())?;
        match code.strip_prefix(['=', '-']) {
            Some(expression) if is_shown => {
                let value = known.value(expression)?;
                let value = value.ok_or_else(|| {
                    format!("`{}` is not set or not for browsers", expression.trim())
                })?;
                if code.starts_with('-') {
                    page.push_str(&crate::page::escaped(&value));
                } else {
                    page.push_str(&value);
                }
            }
            Some(_) => {}
            None => known.branch(code.trim(), &mut branches)?,
        }
        rest = after;
    }
    if !branches.is_empty() {
        return Err("an `if` does not end".to_owned());
    }
    page.push_str(rest);
    Ok(page)
}

struct Branch {
    is_shown: bool,
    /// Whether one of the alternatives was shown.
    is_done: bool,
}

impl Known<'_> {
    /// `if (…) {`, `} else if (…) {`, `} else {` and `}`.
    fn branch(&self, code: &str, branches: &mut Vec<Branch>) -> Result<(), String> {
        let not_understood = || format!("`<% {code} %>` is not understood");
        let (closes, opens) = match code.strip_prefix('}') {
            Some(rest) => (true, rest.trim()),
            None => (false, code),
        };
        let before = closes.then(|| branches.pop().ok_or_else(not_understood));
        let before = before.transpose()?;
        if closes && opens.is_empty() {
            return Ok(());
        }
        let head = opens.strip_suffix('{').ok_or_else(not_understood)?.trim();
        let condition = match (&before, head.strip_prefix("else")) {
            (Some(_), Some("")) => None,
            (Some(_), Some(rest)) => Some(rest.trim()),
            (None, None) => Some(head),
            _ => return Err(not_understood()),
        };
        let is_done = before.is_some_and(|before| before.is_done);
        let holds = match condition {
            None => true,
            Some(condition) => {
                let inner = condition.strip_prefix("if").map(str::trim);
                let inner = inner.and_then(|it| it.strip_prefix('(')?.strip_suffix(')'));
                self.holds(inner.ok_or_else(not_understood)?)?
            }
        };
        branches.push(Branch {
            is_shown: holds && !is_done,
            is_done: holds || is_done,
        });
        Ok(())
    }

    fn holds(&self, condition: &str) -> Result<bool, String> {
        for part in condition.split("&&") {
            let part = part.trim();
            let (part, is_negated) = match part.strip_prefix('!') {
                Some(part) => (part.trim(), true),
                None => (part, false),
            };
            let holds = match call(part) {
                Some(("has", path)) => self.at(path).is_some(),
                _ => !matches!(
                    self.value(part)?.as_deref(),
                    None | Some("" | "false" | "0")
                ),
            };
            if holds == is_negated {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first value of a chain with `??` or `||`.
    fn value(&self, expression: &str) -> Result<Option<String>, String> {
        let mut last = None;
        for part in expression.split("??").flat_map(|part| part.split("||")) {
            last = self.operand(part.trim())?;
            if last.as_ref().is_some_and(|value| !value.is_empty()) {
                break;
            }
        }
        Ok(last)
    }

    fn operand(&self, text: &str) -> Result<Option<String>, String> {
        if text == "publicPath" {
            return Ok(Some(self.public_path.to_owned()));
        }
        if let Some(text) = quoted(text) {
            return Ok(Some(text.to_owned()));
        }
        match call(text) {
            Some((name, path)) if name.starts_with("get") => Ok(self.at(path).map(shown)),
            _ => Err(format!("`{text}` is not understood")),
        }
    }

    fn at(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(self.config, |value, name| value.get(name))
    }
}

/// Name and argument of `config.name('argument')`.
fn call(text: &str) -> Option<(&str, &str)> {
    let (name, argument) = text.strip_prefix("config.")?.split_once('(')?;
    Some((name, quoted(argument.strip_suffix(')')?.trim())?))
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then_some(inner)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn holes_are_filled_from_the_configuration() {
        let config = json!({ "app": { "title": "A & B", "analytics": { "id": 7 } } });
        for (text, expected) in [
            ("<a href=\"<%= publicPath %>/x\">", "<a href=\"/sub/x\">"),
            ("<%= config.getString('app.title') %>", "A & B"),
            ("<%- config.getString(\"app.title\") %>", "A &amp; B"),
            (
                "<%= config.getOptionalString('app.name') ?? 'None' %>",
                "None",
            ),
            ("<%= config.getOptionalString('app.name') || '' %>|", "|"),
            ("a<% if (config.has('app.title')) { %>b<% } %>c", "abc"),
            (
                "a<% if (!config.has('app.title')) { %><%= config.getString('x') %><% } %>c",
                "ac",
            ),
            (
                "<% if (config.has('x')) { %>1<% } else if (config.has('app')) { %>2<% } else { %>3<% } %>",
                "2",
            ),
            ("<% if (config.has('x')) { %>1<% } else { %>3<% } %>", "3"),
            (
                "<% if (config.has('app') && config.getOptionalString('app.analytics.id')) { %>1<% } %>",
                "1",
            ),
            (
                "<% if (config.has('x')) { %><% if (config.has('app')) { %>1<% } %><% } %>2",
                "2",
            ),
            ("100 %> 50", "100 %> 50"),
        ] {
            assert_eq!(
                render(text, "/sub", &config).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, part) in [
            ("<%= require('fs') %>", "`require('fs')` is not understood"),
            ("<%= config.getString('app.title') %>", "is not set"),
            ("<% for (;;) { %>", "`<% for (;;) { %>` is not understood"),
            ("<% } %>", "is not understood"),
            ("<% if (config.has('a')) { %>", "does not end"),
            ("<%= publicPath", "does not end"),
        ] {
            let error = render(text, "", &json!({})).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
