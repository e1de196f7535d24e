//! `catalog.providers.microsoftGraphOrg`: users and groups of an Entra tenant, by Microsoft Graph.

use std::collections::HashMap;

use async_trait::async_trait;
use platform::config::Secret;
use platform::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use crate::people::{Card, Org, Person, Team, name_of};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::source::{Answer, Request, Source, below, segment};

const AUTHORITY: &str = "https://login.microsoftonline.com";
const TARGET: &str = "https://graph.microsoft.com/v1.0";
/// Largest page that Graph gives.
const PAGE: &str = "999";
const USER_FIELDS: &str = "id,displayName,mail,mailNickname,userPrincipalName,accountEnabled";
const GROUP_FIELDS: &str = "id,displayName,description,mail,mailNickname";

/// Settings, as Backstage's module has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    tenant_id: String,
    client_id: String,
    client_secret: Secret,
    #[serde(default)]
    authority: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    query_mode: QueryMode,
    #[serde(default)]
    user: Query,
    #[serde(default)]
    group: Query,
    /// Takes the members of these groups as users, in place of all users.
    #[serde(default)]
    user_group_member: Option<Query>,
    #[serde(default)]
    pub(crate) schedule: ScheduleConfig,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum QueryMode {
    #[default]
    Basic,
    /// Counts too, which some filters need.
    Advanced,
}

/// What is asked of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Query {
    path: Option<String>,
    filter: Option<String>,
    search: Option<String>,
    expand: Option<String>,
    select: Option<Vec<String>>,
}

impl Query {
    /// The part of a URL after `?`.
    fn parameters(&self, fields: &str, is_advanced: bool) -> String {
        let more = self.select.iter().flatten().map(String::as_str);
        let fields: Vec<_> = [fields].into_iter().chain(more).collect();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("$top", PAGE);
        form.append_pair("$select", &fields.join(","));
        for (name, value) in [
            ("$filter", &self.filter),
            ("$search", &self.search),
            ("$expand", &self.expand),
        ] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        if is_advanced {
            form.append_pair("$count", "true");
        }
        form.finish()
    }
}

/// Reads users and groups.
pub(crate) struct Graph {
    id: String,
    settings: Settings,
    authority: String,
    target: String,
    source: Source,
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

/// A user or a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    id: String,
    display_name: Option<String>,
    description: Option<String>,
    mail: Option<String>,
    mail_nickname: Option<String>,
    user_principal_name: Option<String>,
    account_enabled: Option<bool>,
}

impl Graph {
    pub(crate) fn new(id: &str, settings: Settings, source: &Source) -> Result<Self> {
        let authority = settings
            .authority
            .as_deref()
            .unwrap_or(AUTHORITY)
            .to_owned();
        let target = settings.target.as_deref().unwrap_or(TARGET).to_owned();
        below(&authority, "")?;
        below(&target, "")?;
        if settings.user.filter.is_some() && settings.user_group_member.is_some() {
            return Err(Error::input(
                "`catalog.providers.microsoftGraphOrg`: `user.filter` and `userGroupMember` exclude \
                 each other",
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            settings,
            authority,
            target,
            source: source.clone(),
        })
    }

    async fn token(&self) -> Result<Secret> {
        let Settings {
            tenant_id,
            client_id,
            client_secret,
            ..
        } = &self.settings;
        let path = format!("{}/oauth2/v2.0/token", segment(tenant_id));
        let target = below(&self.target, "")?.origin().ascii_serialization();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
            ("scope", &*format!("{target}/.default")),
        ];
        let request = Request::form(below(&self.authority, &path)?, &fields);
        let token: Token = self.source.ask(&request).await?;
        Ok(Secret::new(format!("Bearer {}", token.access_token)))
    }

    /// All pages of a list.
    async fn list<T: DeserializeOwned>(
        &self,
        token: &Secret,
        path: &str,
        query: &Query,
        fields: &str,
    ) -> Result<Vec<T>> {
        let is_advanced = self.settings.query_mode == QueryMode::Advanced || query.search.is_some();
        let parameters = query.parameters(fields, is_advanced);
        let url = below(&self.target, &format!("{path}?{parameters}"))?;
        let mut first = Request::get(url).authorized(Some(token.clone()));
        if is_advanced {
            first = first.with_header("consistencylevel", "eventual");
        }
        let next = |answer: &Answer| {
            let page: Page<T> = answer.read()?;
            let next = page.next.map(|url| url.parse::<Url>()).transpose();
            let next = next.map_err(|_| Error::unavailable("Graph continues nowhere"))?;
            Ok((page.value, next))
        };
        self.source.pages(first, next).await
    }

    async fn users(&self, token: &Secret) -> Result<Vec<Found>> {
        let own = &self.settings.user;
        let Some(members) = &self.settings.user_group_member else {
            let path = own.path.as_deref().unwrap_or("users");
            return self.list(token, path, own, USER_FIELDS).await;
        };
        let path = members.path.as_deref().unwrap_or("groups");
        let groups: Vec<Found> = self.list(token, path, members, "id").await?;
        let mut users: HashMap<String, Found> = HashMap::new();
        for group in groups {
            let path = format!("groups/{}/members/microsoft.graph.user", segment(&group.id));
            let found: Vec<Found> = self.list(token, &path, own, USER_FIELDS).await?;
            users.extend(found.into_iter().map(|user| (user.id.clone(), user)));
        }
        let mut users: Vec<_> = users.into_values().collect();
        users.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(users)
    }

    fn location(&self, id: &str) -> String {
        format!("msgraph:{}/{}", self.id, segment(id))
    }

    fn person(&self, user: &Found) -> Option<Person> {
        let name = user.mail.as_ref().or(user.user_principal_name.as_ref())?;
        if user.account_enabled == Some(false) {
            return None;
        }
        let mut card = Card {
            name: name_of(name),
            display_name: user.display_name.clone(),
            email: user.mail.clone(),
            location: self.location(&user.id),
            ..Card::default()
        };
        let annotations = &mut card.annotations;
        annotations.insert("graph.microsoft.com/user-id".to_owned(), user.id.clone());
        if let Some(mail) = &user.mail {
            annotations.insert("microsoft.com/email".to_owned(), mail.clone());
        }
        Some(Person {
            card,
            ..Person::default()
        })
    }

    fn team(&self, group: &Found, id: &str, kind: &str) -> Option<Team> {
        let name = group
            .mail_nickname
            .as_ref()
            .or(group.display_name.as_ref())?;
        let mut card = Card {
            name: name_of(name),
            description: group.description.clone(),
            display_name: group.display_name.clone(),
            email: group.mail.clone(),
            location: self.location(&group.id),
            ..Card::default()
        };
        card.annotations
            .insert(format!("graph.microsoft.com/{id}-id"), group.id.clone());
        Some(Team {
            card,
            kind: kind.to_owned(),
            ..Team::default()
        })
    }

    /// The group of the whole tenant, above all others.
    async fn root(&self, token: &Secret) -> Result<Option<Team>> {
        let path = format!("organization/{}", segment(&self.settings.tenant_id));
        let url = below(&self.target, &format!("{path}?$select=id,displayName"))?;
        let request = Request::get(url).authorized(Some(token.clone()));
        let tenant: Found = self.source.ask(&request).await?;
        Ok(self.team(&tenant, "tenant", "root"))
    }

    /// The groups, each with its members.
    async fn teams(&self, token: &Secret, people: &HashMap<String, String>) -> Result<Vec<Team>> {
        let own = &self.settings.group;
        let path = own.path.as_deref().unwrap_or("groups");
        let groups: Vec<Found> = self.list(token, path, own, GROUP_FIELDS).await?;
        let mut teams: HashMap<String, Team> = HashMap::new();
        let mut parents: Vec<(String, String)> = Vec::new();
        let mut order: Vec<String> = Vec::new();
        for group in &groups {
            let Some(mut team) = self.team(group, "group", "team") else {
                continue;
            };
            let path = format!("groups/{}/members", segment(&group.id));
            let members: Vec<Found> = self.list(token, &path, &Query::default(), "id").await?;
            for member in members {
                if let Some(user) = people.get(&member.id) {
                    team.members.push(user.clone());
                } else if member.kind.as_deref() == Some("#microsoft.graph.group") {
                    parents.push((member.id, team.reference()));
                }
            }
            order.push(group.id.clone());
            teams.insert(group.id.clone(), team);
        }
        for (child, parent) in parents {
            // A group has one parent in the catalog; Graph knows several, so the first stays.
            if let Some(team) = teams.get_mut(&child)
                && team.parent.is_none()
                && team.reference() != parent
            {
                team.parent = Some(parent);
            }
        }
        Ok(order.iter().filter_map(|id| teams.remove(id)).collect())
    }
}

#[async_trait]
impl Directory for Graph {
    async fn read(&self) -> Result<Org> {
        let token = self.token().await?;
        let users = self.users(&token).await?;
        let people = users
            .iter()
            .filter_map(|user| Some((user.id.clone(), self.person(user)?)));
        let people: Vec<(String, Person)> = people.collect();
        let by_id = people
            .iter()
            .map(|(id, person)| (id.clone(), person.reference()))
            .collect();
        let mut teams = self.teams(&token, &by_id).await?;
        if let Some(root) = self.root(&token).await? {
            let reference = root.reference();
            let orphans = teams.iter_mut().filter(|team| team.parent.is_none());
            orphans.for_each(|team| team.parent = Some(reference.clone()));
            teams.insert(0, root);
        }
        Ok(Org {
            people: people.into_iter().map(|(_, person)| person).collect(),
            teams,
        })
    }
}
