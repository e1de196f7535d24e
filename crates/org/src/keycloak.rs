//! `catalog.providers.keycloakOrg`: users and groups of a Keycloak realm, by its admin API.

use async_trait::async_trait;
use platform::config::Secret;
use platform::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::people::{Card, Org, Person, Team, name_with};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::source::{Request, Source, below, check_count, segment};

/// How deep groups may be nested.
const MAX_DEPTH: usize = 32;

/// Settings, as the community's module has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    base_url: String,
    #[serde(default = "master")]
    realm: String,
    #[serde(default = "master")]
    login_realm: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    client_secret: Option<Secret>,
    #[serde(default = "page")]
    user_query_size: usize,
    #[serde(default = "page")]
    group_query_size: usize,
    #[serde(default)]
    pub(crate) schedule: ScheduleConfig,
}

fn master() -> String {
    "master".to_owned()
}

fn page() -> usize {
    100
}

/// Reads a realm.
pub(crate) struct Keycloak {
    settings: Settings,
    source: Source,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    username: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: String,
    name: String,
    description: Option<String>,
    #[serde(default)]
    sub_groups: Vec<Group>,
    /// Since version 23, where groups below are asked for one by one.
    sub_group_count: Option<usize>,
}

impl Keycloak {
    pub(crate) fn new(settings: Settings, source: &Source) -> Result<Self> {
        below(&settings.base_url, "")?;
        let has_user = settings.username.is_some() && settings.password.is_some();
        let has_client = settings.client_id.is_some() && settings.client_secret.is_some();
        if !has_user && !has_client {
            return Err(Error::input(
                "`catalog.providers.keycloakOrg`: `clientId` and `clientSecret`, or `username` and \
                 `password`, are missing",
            ));
        }
        Ok(Self {
            settings,
            source: source.clone(),
        })
    }

    /// Tokens of Keycloak live a minute, so each list begins with a new one.
    async fn token(&self) -> Result<Secret> {
        let Settings {
            username,
            password,
            client_id,
            client_secret,
            ..
        } = &self.settings;
        let mut fields = vec![("client_id", client_id.as_deref().unwrap_or("admin-cli"))];
        if let Some(secret) = client_secret {
            fields.push(("client_secret", secret.expose()));
        }
        if let (Some(username), Some(password)) = (username, password) {
            fields.push(("grant_type", "password"));
            fields.push(("username", username));
            fields.push(("password", password.expose()));
        } else {
            fields.push(("grant_type", "client_credentials"));
        }
        let realm = segment(&self.settings.login_realm);
        let path = format!("realms/{realm}/protocol/openid-connect/token");
        let request = Request::form(below(&self.settings.base_url, &path)?, &fields);
        let token: Token = self.source.ask(&request).await?;
        Ok(Secret::new(format!("Bearer {}", token.access_token)))
    }

    /// All pages of a list.
    async fn list<T: DeserializeOwned>(&self, path: &str, size: usize) -> Result<Vec<T>> {
        let size = size.clamp(1, 1_000);
        let realm = segment(&self.settings.realm);
        let mut all = Vec::new();
        loop {
            let token = self.token().await?;
            let first = all.len();
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("admin/realms/{realm}/{path}{separator}first={first}&max={size}");
            let url = below(&self.settings.base_url, &path)?;
            let request = Request::get(url.clone()).authorized(Some(token));
            let page: Vec<T> = self.source.ask(&request).await?;
            let n_page = page.len();
            all.extend(page);
            check_count(all.len(), &url)?;
            if n_page < size {
                return Ok(all);
            }
        }
    }

    /// A group and those below it, the upper ones first.
    async fn walk(&self, roots: Vec<Group>) -> Result<Vec<Team>> {
        let mut teams = Vec::new();
        let mut left: Vec<(Group, Option<String>, usize)> = roots
            .into_iter()
            .rev()
            .map(|group| (group, None, 0))
            .collect();
        while let Some((mut group, parent, depth)) = left.pop() {
            if depth > MAX_DEPTH {
                return Err(Error::unavailable("groups are nested too deeply"));
            }
            let path = format!("groups/{}", segment(&group.id));
            let size = self.settings.group_query_size;
            let mut below = std::mem::take(&mut group.sub_groups);
            if below.is_empty() && group.sub_group_count.unwrap_or(0) > 0 {
                let children = format!("{path}/children?briefRepresentation=false");
                below = self.list(&children, size).await?;
            }
            let members = self.list(&format!("{path}/members"), size).await?;
            let team = self.team(&group, parent, &members);
            let reference = team.reference();
            teams.push(team);
            let below = below.into_iter().rev();
            left.extend(below.map(|group| (group, Some(reference.clone()), depth + 1)));
        }
        Ok(teams)
    }

    fn card(&self, kind: &str, id: &str, name: &str) -> Card {
        let (base, realm) = (&self.settings.base_url, &self.settings.realm);
        let base = base.trim_end_matches('/');
        let mut card = Card {
            name: name_with(name, '-'),
            location: format!("url:{base}/admin/realms/{realm}/{kind}/{id}"),
            ..Card::default()
        };
        let annotations = &mut card.annotations;
        annotations.insert("keycloak.org/id".to_owned(), id.to_owned());
        annotations.insert("keycloak.org/realm".to_owned(), realm.clone());
        card
    }

    fn person(&self, user: &User) -> Person {
        let names = [&user.first_name, &user.last_name];
        let names: Vec<_> = names.into_iter().flatten().map(String::as_str).collect();
        Person {
            card: Card {
                email: user.email.clone(),
                display_name: Some(names.join(" ")),
                ..self.card("users", &user.id, &user.username)
            },
            ..Person::default()
        }
    }

    fn team(&self, group: &Group, parent: Option<String>, members: &[User]) -> Team {
        let member = |user: &User| self.person(user).reference();
        Team {
            card: Card {
                display_name: Some(group.name.clone()),
                description: group.description.clone(),
                ..self.card("groups", &group.id, &group.name)
            },
            kind: "group".to_owned(),
            parent,
            members: members.iter().map(member).collect(),
            ..Team::default()
        }
    }
}

#[async_trait]
impl Directory for Keycloak {
    async fn read(&self) -> Result<Org> {
        let mut users: Vec<User> = self.list("users", self.settings.user_query_size).await?;
        users.retain(|user| user.enabled);
        let path = "groups?briefRepresentation=false";
        let roots = self.list(path, self.settings.group_query_size).await?;
        Ok(Org {
            people: users.iter().map(|user| self.person(user)).collect(),
            teams: self.walk(roots).await?,
        })
    }
}
