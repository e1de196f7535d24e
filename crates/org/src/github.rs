//! `catalog.providers.githubOrg`: members and teams of GitHub organizations, by GraphQL.

use std::collections::HashSet;

use async_trait::async_trait;
use integrations::UrlReaders;
use platform::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::Url;

use crate::people::{Card, Org, Person, Team};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::settings::url;
use crate::source::{Request, Source, check_count};

const MEMBERS: &str = "\
query($org: String!, $first: Int!, $after: String, $email: Boolean!, $verified: Boolean!) {
  organization(login: $org) { list: membersWithRole(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      login name bio avatarUrl databaseId suspendedAt email @include(if: $email)
      organizationVerifiedDomainEmails(login: $org) @include(if: $verified)
    }
  } }
}";
const TEAMS: &str = "\
query($org: String!, $first: Int!, $after: String, $members: Int!) {
  organization(login: $org) { list: teams(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      slug combinedSlug name description avatarUrl editTeamUrl parentTeam { slug }
      members(first: $members, membership: IMMEDIATE) {
        pageInfo { hasNextPage endCursor } nodes { login }
      }
    }
  } }
}";
const TEAM_MEMBERS: &str = "\
query($org: String!, $team: String!, $first: Int!, $after: String) {
  organization(login: $org) { team(slug: $team) {
    list: members(first: $first, after: $after, membership: IMMEDIATE) {
      pageInfo { hasNextPage endCursor } nodes { login }
    }
  } }
}";

/// Settings, as Backstage's module has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    #[serde(deserialize_with = "url")]
    github_url: Url,
    #[serde(default)]
    pub(crate) orgs: Vec<String>,
    #[serde(default)]
    pub(crate) schedule: ScheduleConfig,
    #[serde(default)]
    exclude_suspended_users: bool,
    #[serde(default)]
    default_user_transformer: Transformer,
    #[serde(default)]
    page_sizes: PageSizes,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Transformer {
    use_verified_emails: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageSizes {
    teams: u32,
    team_members: u32,
    organization_members: u32,
}

impl Default for PageSizes {
    fn default() -> Self {
        Self {
            teams: 25,
            team_members: 50,
            organization_members: 50,
        }
    }
}

/// Reads organizations.
pub(crate) struct Github {
    settings: Settings,
    /// Whether groups stay in the default namespace.
    is_single: bool,
    readers: UrlReaders,
    source: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
struct List<T> {
    page_info: PageInfo,
    #[serde(deserialize_with = "present")]
    nodes: Vec<T>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            page_info: PageInfo::default(),
            nodes: Vec::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// GraphQL has nulls in lists for what the credential may not see.
fn present<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let nodes = Vec::<Option<T>>::deserialize(deserializer)?;
    Ok(nodes.into_iter().flatten().collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    login: String,
    name: Option<String>,
    bio: Option<String>,
    email: Option<String>,
    avatar_url: Option<String>,
    database_id: Option<u64>,
    suspended_at: Option<String>,
    #[serde(default)]
    organization_verified_domain_emails: Vec<String>,
}

#[derive(Deserialize)]
struct Login {
    login: String,
}

#[derive(Deserialize)]
struct Slug {
    slug: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundTeam {
    slug: String,
    combined_slug: String,
    name: Option<String>,
    description: Option<String>,
    avatar_url: Option<String>,
    edit_team_url: Option<String>,
    parent_team: Option<Slug>,
    members: List<Login>,
}

impl Github {
    pub(crate) fn new(
        settings: Settings,
        is_single: bool,
        readers: &UrlReaders,
        source: &Source,
    ) -> Result<Self> {
        if settings.orgs.is_empty() {
            return Err(Error::input(
                "`catalog.providers.githubOrg`: name the organizations in `orgs`",
            ));
        }
        if readers
            .integrations()
            .by_url(&settings.github_url)
            .is_none()
        {
            return Err(Error::input(format!(
                "`catalog.providers.githubOrg.githubUrl`: no entry of `integrations.github` is for {}",
                settings.github_url
            )));
        }
        Ok(Self {
            settings,
            is_single,
            readers: readers.clone(),
            source: source.clone(),
        })
    }

    /// Whether this is GitHub in the cloud, which has emails of verified domains, or a server of
    /// one's own, which has suspended users.
    fn is_cloud(&self) -> bool {
        let host = self.settings.github_url.host_str().unwrap_or_default();
        host == "github.com" || host.ends_with(".ghe.com")
    }

    /// Asks GraphQL; an answer with errors may leave people out, so it counts as none.
    async fn ask(&self, org: &str, query: &str, variables: &Value) -> Result<Value> {
        let url = &self.settings.github_url;
        let access = self.readers.api_access(url, org).await;
        let (api, authorization) = access.map_err(|error| {
            Error::unavailable(format!("no access to `{org}`: {error}")).with_source(error)
        })?;
        // Servers of one's own have REST at `/api/v3` and GraphQL beside it.
        let base = api.as_str().trim_end_matches('/');
        let base = base.strip_suffix("/v3").unwrap_or(base);
        let url = crate::source::below(base, "graphql")?;
        let query = if self.is_cloud() {
            query.replace(" suspendedAt", "")
        } else {
            query.to_owned()
        };
        let body = json!({"query": query, "variables": variables});
        let request = Request::json(url, &body).authorized(authorization);
        let mut answer: Value = self.source.ask(&request).await?;
        if let Some(error) = answer.pointer("/errors/0") {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            return Err(Error::unavailable(format!(
                "GitHub refused to list `{org}`: {} ({})",
                text("message"),
                text("type")
            )));
        }
        match answer.pointer_mut("/data/organization") {
            Some(organization) if !organization.is_null() => Ok(organization.take()),
            _ => Err(Error::unavailable(format!(
                "there is no organization `{org}`"
            ))),
        }
    }

    /// All pages of the list of a query.
    async fn list<T: DeserializeOwned>(
        &self,
        org: &str,
        query: &str,
        mut variables: Value,
        place: &str,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        variables["org"] = org.into();
        loop {
            let mut answer = self.ask(org, query, &variables).await?;
            let list = answer
                .pointer_mut(place)
                .map(Value::take)
                .unwrap_or_default();
            let list: List<T> = serde_json::from_value(list)
                .map_err(|_| Error::unavailable("GitHub answered something else"))?;
            let n_nodes = list.nodes.len();
            all.extend(list.nodes);
            check_count(all.len(), &self.settings.github_url)?;
            match list.page_info.end_cursor {
                Some(cursor) if list.page_info.has_next_page => {
                    if n_nodes == 0 && variables["after"] == *cursor {
                        return Err(Error::unavailable("GitHub sends the same page for ever"));
                    }
                    variables["after"] = cursor.into();
                }
                _ => return Ok(all),
            }
        }
    }

    async fn people(&self, org: &str) -> Result<Vec<Person>> {
        let uses_verified = self.settings.default_user_transformer.use_verified_emails;
        let variables = json!({
            "first": self.settings.page_sizes.organization_members,
            "email": true,
            "verified": uses_verified && self.is_cloud(),
        });
        let found = self.list(org, MEMBERS, variables, "/list").await?;
        let excludes = self.settings.exclude_suspended_users;
        let members = found
            .into_iter()
            .filter(|member: &Member| !(excludes && member.suspended_at.is_some()));
        Ok(members.map(|member| self.person(member)).collect())
    }

    fn person(&self, member: Member) -> Person {
        let verified = member
            .organization_verified_domain_emails
            .into_iter()
            .next();
        let mut card = Card {
            description: member.bio,
            display_name: member.name,
            email: verified.or(member.email),
            picture: member.avatar_url,
            location: self.location(&member.login),
            ..Card::default()
        };
        let login = card.annotations.entry("github.com/user-login".to_owned());
        login.insert_entry(member.login.clone());
        if let Some(id) = member.database_id {
            card.annotations
                .insert("github.com/user-id".to_owned(), id.to_string());
        }
        card.name = member.login;
        Person {
            card,
            ..Person::default()
        }
    }

    async fn teams(&self, org: &str) -> Result<Vec<Team>> {
        let sizes = &self.settings.page_sizes;
        let variables = json!({"first": sizes.teams, "members": sizes.team_members});
        let found: Vec<FoundTeam> = self.list(org, TEAMS, variables, "/list").await?;
        let mut teams = Vec::with_capacity(found.len());
        for mut team in found {
            let first = std::mem::take(&mut team.members);
            let members = if first.page_info.has_next_page {
                let variables = json!({"team": team.slug, "first": sizes.team_members});
                self.list(org, TEAM_MEMBERS, variables, "/team/list")
                    .await?
            } else {
                first.nodes
            };
            teams.push(self.team(org, team, &members));
        }
        Ok(teams)
    }

    fn team(&self, org: &str, team: FoundTeam, members: &[Login]) -> Team {
        let namespace = if self.is_single {
            String::new()
        } else {
            org.to_lowercase()
        };
        let parent = team.parent_team.map(|parent| {
            let namespace = if self.is_single {
                "default"
            } else {
                &*namespace
            };
            format!("group:{namespace}/{}", parent.slug).to_lowercase()
        });
        let mut card = Card {
            name: team.slug.clone(),
            namespace,
            description: team.description,
            display_name: team.name,
            picture: team.avatar_url,
            location: self.location(&format!("orgs/{org}/teams/{}", team.slug)),
            ..Card::default()
        };
        let annotations = &mut card.annotations;
        annotations.insert("github.com/team-slug".to_owned(), team.combined_slug);
        if let Some(url) = team.edit_team_url {
            annotations.insert("backstage.io/edit-url".to_owned(), url);
        }
        let member = |member: &Login| format!("user:default/{}", member.login.to_lowercase());
        Team {
            card,
            kind: "team".to_owned(),
            parent,
            members: members.iter().map(member).collect(),
            ..Team::default()
        }
    }

    fn location(&self, path: &str) -> String {
        let base = self.settings.github_url.as_str().trim_end_matches('/');
        format!("url:{base}/{path}")
    }
}

#[async_trait]
impl Directory for Github {
    async fn read(&self) -> Result<Org> {
        let mut all = Org::default();
        let mut seen = HashSet::new();
        for org in &self.settings.orgs {
            // Somebody may be in several organizations.
            let mut people = self.people(org).await?;
            people.retain(|person| seen.insert(person.card.name.clone()));
            all.people.extend(people);
            all.teams.extend(self.teams(org).await?);
        }
        Ok(all)
    }
}
