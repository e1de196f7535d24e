//! Templates of a text, as `template lint` and the editor look at them: every fault with its place.

use model::{Problem, Severity, YamlDocument, YamlLimits, locate, parse_documents};
use platform::actions::Actions;

use super::check::{MAX_PROBLEMS, TemplateProblem, lint};
use crate::repo_url::RepoHosts;

/// The code of a fault of a template.
const CODE: &str = "template";
/// More than a file of templates has; each is checked by itself.
const MAX_DOCUMENTS: usize = 500;

/// What is wrong with the templates of a text.
#[derive(Debug, Clone, Default)]
pub struct Linted {
    /// How many templates there are.
    pub n_templates: usize,
    /// What is wrong with them, with places in the text; not more than somebody reads.
    pub problems: Vec<Problem>,
}

/// Everything that is wrong with the templates of a text of YAML, beside which other entities may be.
pub fn lint_text(text: &str, actions: &Actions, hosts: &RepoHosts) -> Linted {
    let mut linted = Linted::default();
    let limits = YamlLimits {
        max_documents: MAX_DOCUMENTS,
        ..YamlLimits::default()
    };
    for document in parse_documents(text, &limits) {
        let room = MAX_PROBLEMS - linted.problems.len();
        if !document.problems.is_empty() {
            linted
                .problems
                .extend(document.problems.into_iter().take(room));
        } else if document.value["kind"] == "Template" {
            linted.n_templates += 1;
            if room > 0 {
                let found = lint(&document.value, actions, hosts).into_iter().take(room);
                let told = found.map(|it| placed(it, text, &document));
                linted.problems.extend(told);
            }
        }
    }
    if linted.n_templates == 0 && linted.problems.is_empty() {
        let problem = Problem::error(CODE, "", "there is no template in the text");
        linted
            .problems
            .push(problem.with_hint("an entity with `kind: Template` is one"));
    }
    linted
}

/// A fault with its place in the text.
fn placed(problem: TemplateProblem, text: &str, document: &YamlDocument) -> Problem {
    let position = locate(text, document.place, &problem.pointer);
    let mut told = Problem::error(CODE, problem.pointer, problem.message);
    told.position = position;
    told.hint = problem.fix;
    if !problem.is_error {
        told.severity = Severity::Warning;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let linted = lint_text(text, &Actions::default(), &RepoHosts::default());
        let told = |problem: &Problem| {
            let place = problem.position.map(|it| (it.line, it.column));
            let (line, column) = place.unwrap_or_default();
            let hint = problem.hint.as_deref().unwrap_or("-");
            format!(
                "{line}:{column} {:?} {} | {hint}",
                problem.severity, problem.message
            )
        };
        linted.problems.iter().map(told).collect()
    }

    #[test]
    fn faults_have_places_and_ways_out() {
        let text = "kind: Component\nspec: {}\n---\nkind: Template\nspec:\n  type: x\n  \
                    parameters:\n    properties:\n      title: {type: string}\n  steps: []\n  \
                    output:\n    said: ${{ parameters.titel | upper }}\n";
        assert_eq!(
            told(text),
            ["12:11 Warning the form has no parameter `titel` | did you mean `title`?"]
        );
        assert_eq!(
            told("kind: Component\n"),
            ["0:0 Error there is no template in the text | an entity with `kind: Template` is one"]
        );
        let broken = told("kind: Template\nspec: [\n");
        assert!(broken[0].contains("Error"), "{broken:?}");
    }

    #[test]
    fn no_more_is_told_than_somebody_reads() {
        let wrong = "${{ a | nofilter }}".repeat(150);
        let text =
            format!("kind: Template\nspec: {{type: x, steps: [], output: {{a: \"{wrong}\"}}}}\n");
        let text = [text.as_str(), &text].join("---\n");
        let linted = lint_text(&text, &Actions::default(), &RepoHosts::default());
        assert_eq!(
            (linted.n_templates, linted.problems.len()),
            (2, MAX_PROBLEMS)
        );
    }
}
