//! `backend.actions`: which actions are offered.

use globset::{Glob, GlobMatcher};

use crate::config::{ActionMatcher, ActionsConfig};
use crate::error::{Error, Result};

use super::Spec;

/// Which actions are offered; everything unless configuration says otherwise.
#[derive(Debug, Default)]
pub(super) struct Filter {
    sources: Vec<String>,
    include: Vec<Matcher>,
    exclude: Vec<Matcher>,
}

#[derive(Debug)]
struct Matcher {
    id: Option<GlobMatcher>,
    destructive: Option<bool>,
    read_only: Option<bool>,
    idempotent: Option<bool>,
}

impl Filter {
    pub(super) fn new(config: &ActionsConfig) -> Result<Self> {
        let compile = |list: &[ActionMatcher]| -> Result<Vec<Matcher>> {
            list.iter().map(Matcher::new).collect()
        };
        Ok(Self {
            sources: config.plugin_sources.clone(),
            include: compile(&config.filter.include)?,
            exclude: compile(&config.filter.exclude)?,
        })
    }

    /// Whether the action is offered: its plugin is a source, no rule excludes it, and some rule
    /// includes it where there are any.
    pub(super) fn allows(&self, spec: &Spec) -> bool {
        let plugin = spec.plugin();
        let is_source = self.sources.is_empty() || self.sources.iter().any(|it| it == plugin);
        let any = |rules: &[Matcher]| rules.iter().any(|rule| rule.matches(spec));
        is_source && !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }
}

impl Matcher {
    fn new(config: &ActionMatcher) -> Result<Self> {
        let glob = |text: &String| {
            Glob::new(text)
                .map(|glob| glob.compile_matcher())
                .map_err(|error| {
                    Error::input(format!("`backend.actions.filter`: `{text}` is no pattern"))
                        .with_source(error)
                })
        };
        Ok(Self {
            id: config.id.as_ref().map(glob).transpose()?,
            destructive: config.attributes.destructive,
            read_only: config.attributes.read_only,
            idempotent: config.attributes.idempotent,
        })
    }

    fn matches(&self, spec: &Spec) -> bool {
        let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        self.id.as_ref().is_none_or(|glob| glob.is_match(&spec.id))
            && is(self.destructive, spec.attributes.destructive)
            && is(self.read_only, spec.attributes.read_only)
            && is(self.idempotent, spec.attributes.idempotent)
    }
}
