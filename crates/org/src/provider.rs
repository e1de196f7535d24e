//! The providers of a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use catalog::{EntityProvider, Mutation, Schedule, SharedProvider};
use integrations::UrlReaders;
use platform::config::Opaque;
use platform::{Clock, Result};

use crate::people::Org;
use crate::settings::by_id;
use crate::source::Source;
use crate::{github, gitlab, graph, keycloak, ldap};

/// What providers need.
pub struct Surroundings {
    /// Knows addresses and credentials of GitHub and GitLab.
    pub readers: UrlReaders,
    /// Time.
    pub clock: Clock,
}

/// Reads everybody.
#[async_trait]
pub(crate) trait Directory: Send + Sync {
    async fn read(&self) -> Result<Org>;
}

/// A provider over a directory.
struct OrgProvider {
    name: String,
    schedule: Schedule,
    directory: Box<dyn Directory>,
}

#[async_trait]
impl EntityProvider for OrgProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn schedule(&self) -> Option<Schedule> {
        Some(self.schedule)
    }

    async fn refresh(&self, _: &Clock) -> Result<Mutation> {
        let org = self.directory.read().await?;
        tracing::info!(
            provider = self.name,
            users = org.people.len(),
            groups = org.teams.len(),
            "read an organization"
        );
        Ok(Mutation::Full(org.into_entities(&self.name)))
    }
}

/// The providers of `catalog.providers` that this crate knows.
pub fn providers(
    config: &BTreeMap<String, Opaque>,
    surroundings: &Surroundings,
) -> Result<Vec<SharedProvider>> {
    let Surroundings { readers, clock } = surroundings;
    let source = Source::new(clock.clone())?;
    let mut all: Vec<SharedProvider> = Vec::new();
    let mut add = |kind: &str, id: &str, schedule: Schedule, directory: Box<dyn Directory>| {
        all.push(Arc::new(OrgProvider {
            name: format!("{kind}:{id}"),
            schedule,
            directory,
        }));
    };
    let github = by_id::<github::Settings>(config, "githubOrg", "githubUrl")?;
    let is_single = matches!(&*github, [(_, only)] if only.orgs.len() == 1);
    for (id, settings) in github {
        let schedule = settings.schedule.into();
        let directory = github::Github::new(settings, is_single, readers, &source)?;
        add(
            "GithubMultiOrgEntityProvider",
            &id,
            schedule,
            Box::new(directory),
        );
    }
    for (id, settings) in by_id::<gitlab::Settings>(config, "gitlab", "host")? {
        if settings.org_enabled {
            let schedule = settings.schedule.into();
            let directory = gitlab::Gitlab::new(settings, readers, &source)?;
            add(
                "GitlabOrgDiscoveryEntityProvider",
                &id,
                schedule,
                Box::new(directory),
            );
        }
    }
    for (id, settings) in by_id::<graph::Settings>(config, "microsoftGraphOrg", "tenantId")? {
        let schedule = settings.schedule.into();
        let directory = graph::Graph::new(&id, settings, &source)?;
        add(
            "MicrosoftGraphOrgEntityProvider",
            &id,
            schedule,
            Box::new(directory),
        );
    }
    for (id, settings) in by_id::<ldap::Settings>(config, "ldapOrg", "target")? {
        let schedule = settings.schedule.into();
        let directory = ldap::Ldap::new(&id, settings)?;
        add("LdapOrgEntityProvider", &id, schedule, Box::new(directory));
    }
    for (id, settings) in by_id::<keycloak::Settings>(config, "keycloakOrg", "baseUrl")? {
        let schedule = settings.schedule.into();
        let directory = keycloak::Keycloak::new(settings, &source)?;
        add(
            "KeycloakOrgEntityProvider",
            &id,
            schedule,
            Box::new(directory),
        );
    }
    Ok(all)
}
