//! `catalog.providers.microsoftGraphOrg`: users and groups of an Entra tenant, by Microsoft Graph.
//!
//! Lists that nothing narrows are read whole once; later runs ask what has changed since.

mod changes;

use std::collections::HashMap;
use std::sync::OnceLock;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::config::Secret;
use platform::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use self::changes::{Change, Found, Known, Member, Thing};
use crate::people::{Card, Org, Person, Team, name_of};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::source::{Answer, Request, Source, below, check_count, segment};

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
    /// Whether this is a whole list, whose changes Graph tells; it does not for a part of one.
    fn is_whole(&self) -> bool {
        let narrowed = [&self.path, &self.filter, &self.search, &self.expand];
        narrowed.iter().all(|it| it.is_none())
    }

    fn fields(&self, fields: &str) -> String {
        let more = self.select.iter().flatten().map(String::as_str);
        [fields]
            .into_iter()
            .chain(more)
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The part of a URL after `?`.
    fn parameters(&self, fields: &str, is_advanced: bool) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("$top", PAGE);
        form.append_pair("$select", &self.fields(fields));
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
    /// What the last run knew; nothing after one that failed, so that the next reads everything.
    known: Mutex<Lists>,
}

/// Lists whose changes are asked for.
#[derive(Default)]
struct Lists {
    users: Option<Known>,
    groups: Option<Known>,
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

impl<T> Page<T> {
    fn next(&self) -> Result<Option<Url>> {
        self.next.as_deref().map(link).transpose()
    }
}

fn link(text: &str) -> Result<Url> {
    text.parse()
        .map_err(|_| Error::unavailable("Graph continues nowhere"))
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
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
            known: Mutex::default(),
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
            let next = page.next()?;
            Ok((page.value, next))
        };
        self.source.pages(first, next).await
    }

    /// A whole list, of which only what has changed is read when it was read before.
    async fn whole(
        &self,
        token: &Secret,
        known: Option<Known>,
        path: &str,
        fields: &str,
    ) -> Result<Known> {
        if let Some(known) = known {
            match self.follow(token, known).await {
                Ok(known) => return Ok(known),
                // Graph forgets after some days, and says so in several ways.
                Err(error) => {
                    tracing::info!(error = error.chain(), path, "a list is read from its start");
                }
            }
        }
        let first = below(&self.target, &format!("{path}/delta?$select={fields}"))?;
        self.follow(token, Known::nothing(first)).await
    }

    /// What is known, after the changes that its link tells.
    async fn follow(&self, token: &Secret, mut known: Known) -> Result<Known> {
        if known.link.origin() != below(&self.target, "")?.origin() {
            return Err(Error::unavailable("Graph continues at another host"));
        }
        let end = OnceLock::new();
        let next = |answer: &Answer| {
            let page: Page<Change> = answer.read()?;
            let next = page.next()?;
            if let Some(text) = &page.delta {
                end.get_or_init(|| text.clone());
            }
            Ok((page.value, next))
        };
        let first = Request::get(known.link.clone()).authorized(Some(token.clone()));
        let changes = self.source.pages(first, next).await?;
        let end = end.into_inner();
        let end = end.ok_or_else(|| Error::unavailable("Graph tells no end of its changes"))?;
        known.apply(changes, link(&end)?);
        check_count(known.len(), &known.link)?;
        Ok(known)
    }

    async fn users(&self, token: &Secret, known: &mut Option<Known>) -> Result<Vec<Found>> {
        let own = &self.settings.user;
        if own.is_whole() && self.settings.user_group_member.is_none() {
            let fields = own.fields(USER_FIELDS);
            let all = self.whole(token, known.take(), "users", &fields).await?;
            let all = known.insert(all).things();
            return Ok(all.into_iter().map(|user| user.found).collect());
        }
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
    async fn groups(&self, token: &Secret, known: &mut Option<Known>) -> Result<Vec<Thing>> {
        let own = &self.settings.group;
        if own.is_whole() {
            let fields = own.fields(&format!("{GROUP_FIELDS},members"));
            let all = self.whole(token, known.take(), "groups", &fields).await?;
            return Ok(known.insert(all).things());
        }
        let path = own.path.as_deref().unwrap_or("groups");
        let list: Vec<Found> = self.list(token, path, own, GROUP_FIELDS).await?;
        let mut groups = Vec::with_capacity(list.len());
        for found in list {
            let path = format!("groups/{}/members", segment(&found.id));
            let members: Vec<Member> = self.list(token, &path, &Query::default(), "id").await?;
            groups.push(Thing { found, members });
        }
        Ok(groups)
    }

    fn teams(&self, groups: &[Thing], people: &HashMap<String, String>) -> Vec<Team> {
        let mut teams: HashMap<&str, Team> = HashMap::new();
        let mut parents: Vec<(&str, String)> = Vec::new();
        for group in groups {
            let Some(mut team) = self.team(&group.found, "group", "team") else {
                continue;
            };
            for member in &group.members {
                if let Some(user) = people.get(&member.id) {
                    team.members.push(user.clone());
                } else if member.kind.as_deref() == Some("#microsoft.graph.group") {
                    parents.push((&member.id, team.reference()));
                }
            }
            teams.insert(&group.found.id, team);
        }
        for (child, parent) in parents {
            // A group has one parent in the catalog; Graph knows several, so the first stays.
            if let Some(team) = teams.get_mut(child)
                && team.parent.is_none()
                && team.reference() != parent
            {
                team.parent = Some(parent);
            }
        }
        let in_order = groups.iter();
        in_order
            .filter_map(|group| teams.remove(&*group.found.id))
            .collect()
    }
}

#[async_trait]
impl Directory for Graph {
    async fn read(&self) -> Result<Org> {
        let mut known = std::mem::take(&mut *self.known.lock());
        let token = self.token().await?;
        let users = self.users(&token, &mut known.users).await?;
        let people = users
            .iter()
            .filter_map(|user| Some((user.id.clone(), self.person(user)?)));
        let people: Vec<(String, Person)> = people.collect();
        let by_id = people
            .iter()
            .map(|(id, person)| (id.clone(), person.reference()))
            .collect();
        let groups = self.groups(&token, &mut known.groups).await?;
        let mut teams = self.teams(&groups, &by_id);
        if let Some(root) = self.root(&token).await? {
            let reference = root.reference();
            let orphans = teams.iter_mut().filter(|team| team.parent.is_none());
            orphans.for_each(|team| team.parent = Some(reference.clone()));
            teams.insert(0, root);
        }
        *self.known.lock() = known;
        Ok(Org {
            people: people.into_iter().map(|(_, person)| person).collect(),
            teams,
        })
    }
}
