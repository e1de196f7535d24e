//! `catalog.providers.gitlab` with `orgEnabled`: users and groups of a GitLab instance or of a
//! group on gitlab.com.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use integrations::{Kind, UrlReaders};
use platform::{Error, Result};
use regex::Regex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::people::{Card, Org, Person, Team, name_of};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::source::{Answer, Request, Source, below, segment};

const CLOUD: &str = "gitlab.com";
const PAGE: u32 = 100;
/// Least access of a membership that counts: guests may not even see what a team owns.
const ANY_ACCESS: u32 = 1;

/// Settings, as Backstage's module has them, as far as they are about people.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    host: String,
    #[serde(default)]
    pub(crate) org_enabled: bool,
    /// Only this group and those below it.
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    user_pattern: Option<String>,
    #[serde(default)]
    group_pattern: Option<String>,
    /// Users of that group only, on an instance of one's own.
    #[serde(default)]
    restrict_users_to_group: bool,
    #[serde(default)]
    include_users_without_seat: bool,
    #[serde(default)]
    pub(crate) schedule: ScheduleConfig,
}

/// Reads users and groups.
pub(crate) struct Gitlab {
    settings: Settings,
    users: Option<Regex>,
    groups: Option<Regex>,
    web: Url,
    readers: UrlReaders,
    source: Source,
}

#[derive(Debug, Clone, Deserialize)]
struct User {
    id: u64,
    username: String,
    name: Option<String>,
    state: Option<String>,
    email: Option<String>,
    public_email: Option<String>,
    avatar_url: Option<String>,
    web_url: Option<String>,
    #[serde(default)]
    bot: bool,
    access_level: Option<u32>,
    is_using_seat: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
struct Group {
    id: u64,
    name: String,
    description: Option<String>,
    full_path: String,
    parent_id: Option<u64>,
    web_url: Option<String>,
    avatar_url: Option<String>,
}

impl Gitlab {
    pub(crate) fn new(settings: Settings, readers: &UrlReaders, source: &Source) -> Result<Self> {
        let bad = |key: &str, why: &str| {
            Error::input(format!("`catalog.providers.gitlab`: `{key}` {why}"))
        };
        let mut integrations = readers.integrations().list().iter();
        let integration = integrations
            .by_ref()
            .filter(|it| it.kind() == Kind::Gitlab)
            .find(|it| it.host() == settings.host)
            .ok_or_else(|| bad("host", "is not in `integrations.gitlab`"))?;
        if settings.group.is_none() && settings.host == CLOUD {
            return Err(bad("group", "must name a group on gitlab.com"));
        }
        let pattern = |key, text: &Option<String>| {
            let pattern = text.as_deref().map(Regex::new).transpose();
            pattern.map_err(|_| bad(key, "is no regular expression"))
        };
        Ok(Self {
            users: pattern("userPattern", &settings.user_pattern)?,
            groups: pattern("groupPattern", &settings.group_pattern)?,
            web: integration.base_url().clone(),
            settings,
            readers: readers.clone(),
            source: source.clone(),
        })
    }

    /// All pages of a list.
    async fn list<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<Vec<T>> {
        let access = self.readers.api_access(&self.web, "").await;
        let (api, authorization) =
            access.map_err(|error| Error::unavailable("no access to GitLab").with_source(error))?;
        let url = below(api.as_str(), &format!("{path}?per_page={PAGE}{query}"))?;
        let first = Request::get(url.clone()).authorized(authorization);
        let next = |answer: &Answer| Ok((answer.read()?, next_page(answer, &url)));
        self.source.pages(first, next).await
    }

    async fn found_groups(&self) -> Result<Vec<Group>> {
        let mut groups: Vec<Group> = match &self.settings.group {
            None => self.list("groups", "&all_available=true").await?,
            Some(group) => {
                let path = format!("groups/{}", segment(group));
                let path = format!("{path}/descendant_groups");
                self.list(&path, "&all_available=true").await?
            }
        };
        if let Some(pattern) = &self.groups {
            groups.retain(|group| pattern.is_match(&group.full_path));
        }
        Ok(groups)
    }

    async fn found_users(&self) -> Result<Vec<User>> {
        let is_cloud = self.settings.host == CLOUD;
        let mut users: Vec<User> = match &self.settings.group {
            Some(group) if is_cloud || self.settings.restrict_users_to_group => {
                // The whole hierarchy belongs to its root.
                let root = group.split('/').next().unwrap_or_default();
                let group = if is_cloud { root } else { group };
                let path = format!("groups/{}/members/all", segment(group));
                self.list(&path, "&show_seat_info=true").await?
            }
            _ => {
                self.list("users", "&active=true&without_project_bots=true")
                    .await?
            }
        };
        let needs_seat = is_cloud && !self.settings.include_users_without_seat;
        users.retain(|user| {
            let is_active = user.state.as_deref().is_none_or(|state| state == "active");
            let has_seat = user.is_using_seat != Some(false) || !needs_seat;
            is_active && !user.bot && has_seat
        });
        if let Some(pattern) = &self.users {
            users.retain(|user| {
                let address = user.email.as_deref().or(user.public_email.as_deref());
                pattern.is_match(address.unwrap_or(&user.username))
            });
        }
        Ok(users)
    }

    fn person(&self, user: &User) -> Person {
        let url = user.web_url.clone();
        let url = url.unwrap_or_else(|| format!("{}{}", self.web, user.username));
        let mut card = Card {
            name: name_of(&user.username),
            display_name: user.name.clone(),
            email: user.email.clone().or_else(|| user.public_email.clone()),
            picture: user.avatar_url.clone(),
            location: format!("url:{url}"),
            ..Card::default()
        };
        let login = format!("{}/user-login", self.settings.host);
        card.annotations.insert(login, url);
        card.annotations.insert(
            format!("{}/user-id", self.settings.host),
            user.id.to_string(),
        );
        Person {
            card,
            ..Person::default()
        }
    }

    /// A group's name: its path below the configured group.
    fn group_name(&self, group: &Group) -> String {
        let path = match &self.settings.group {
            Some(root) => group
                .full_path
                .strip_prefix(&format!("{root}/"))
                .unwrap_or(&group.full_path),
            None => &group.full_path,
        };
        name_of(&path.replace('/', "-"))
    }

    fn team(&self, group: &Group, parent: Option<&Group>, members: &[User]) -> Team {
        let url = group.web_url.clone();
        let url = url.unwrap_or_else(|| format!("{}groups/{}", self.web, group.full_path));
        let mut card = Card {
            name: self.group_name(group),
            description: group.description.clone(),
            display_name: Some(group.name.clone()),
            picture: group.avatar_url.clone(),
            location: format!("url:{url}"),
            ..Card::default()
        };
        let path = format!("{}/team-path", self.settings.host);
        card.annotations.insert(path, group.full_path.clone());
        let name = |user: &User| format!("user:default/{}", name_of(&user.username).to_lowercase());
        let parent =
            parent.map(|it| format!("group:default/{}", self.group_name(it).to_lowercase()));
        Team {
            card,
            kind: "team".to_owned(),
            parent,
            members: members.iter().map(name).collect(),
            ..Team::default()
        }
    }
}

/// The next page: by cursor where the list has one, else by number.
fn next_page(answer: &Answer, url: &Url) -> Option<Url> {
    let text = |name: &str| answer.headers.get(name)?.to_str().ok();
    if let Some(links) = text("link") {
        let next = links.split(',').find(|link| link.contains("rel=\"next\""));
        return next?.split_once('<')?.1.split_once('>')?.0.parse().ok();
    }
    let page = text("x-next-page").filter(|page| !page.is_empty())?;
    let mut next = url.clone();
    next.query_pairs_mut().append_pair("page", page);
    Some(next)
}

#[async_trait]
impl Directory for Gitlab {
    async fn read(&self) -> Result<Org> {
        let users = self.found_users().await?;
        let groups = self.found_groups().await?;
        let by_id: HashMap<u64, &Group> = groups.iter().map(|group| (group.id, group)).collect();
        let known: HashSet<u64> = users.iter().map(|user| user.id).collect();
        let mut teams = Vec::with_capacity(groups.len());
        for group in &groups {
            let path = format!("groups/{}/members", group.id);
            let mut members: Vec<User> = self.list(&path, "").await?;
            members.retain(|user| {
                user.access_level.is_none_or(|level| level >= ANY_ACCESS)
                    && known.contains(&user.id)
            });
            let parent = group.parent_id.and_then(|id| by_id.get(&id).copied());
            teams.push(self.team(group, parent, &members));
        }
        Ok(Org {
            people: users.iter().map(|user| self.person(user)).collect(),
            teams,
        })
    }
}
