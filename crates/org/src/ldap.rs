//! `catalog.providers.ldapOrg`: users and groups of an LDAP directory.
//!
//! The connection is encrypted with `ldaps://`, or with `tls.startTls` on `ldap://`.

mod entry;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap as Connection, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};
use platform::config::Secret;
use platform::{Error, Result};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use url::Url;

use crate::people::{Org, Team};
use crate::provider::Directory;
use crate::schedule::ScheduleConfig;
use crate::settings::url;
use crate::source::check_count;

use self::entry::{Entry, GroupMap, UserMap, same_dn};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a page may take.
const SEARCH_TIMEOUT: Duration = Duration::from_mins(2);
const PAGE: i32 = 500;
const MAX_PAGE: i32 = 10_000;

/// Settings, as Backstage's module has them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "url")]
    target: Url,
    #[serde(default)]
    bind: Option<Bind>,
    #[serde(default)]
    tls: Tls,
    #[serde(default, deserialize_with = "one_or_many")]
    users: Vec<Listing<UserMap>>,
    #[serde(default, deserialize_with = "one_or_many")]
    groups: Vec<Listing<GroupMap>>,
    #[serde(default)]
    vendor: Vendor,
    #[serde(default)]
    pub(crate) schedule: ScheduleConfig,
}

#[derive(Debug, Clone, Deserialize)]
struct Bind {
    dn: String,
    secret: Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tls {
    reject_unauthorized: bool,
    start_tls: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            reject_unauthorized: true,
            start_tls: false,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Vendor {
    uuid_attribute_name: Option<String>,
}

/// What is read below a place, and what becomes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing<M> {
    dn: String,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    map: M,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    scope: Option<String>,
    filter: Option<String>,
    attributes: Option<Vec<String>>,
    paged: Option<Paged>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Paged {
    Switch(bool),
    #[serde(rename_all = "camelCase")]
    Size {
        page_size: i32,
    },
}

fn one_or_many<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}

impl Options {
    fn scope(&self) -> Result<Scope> {
        match self.scope.as_deref() {
            Some("base") => Ok(Scope::Base),
            None | Some("one") => Ok(Scope::OneLevel),
            Some("sub") => Ok(Scope::Subtree),
            Some(_) => Err(Error::input(
                "`catalog.providers.ldapOrg`: `scope` is `base`, `one` or `sub`",
            )),
        }
    }

    /// Servers give a limited number at once, so everything is read in pages unless that is off.
    fn page(&self) -> Option<i32> {
        match self.paged {
            Some(Paged::Switch(false)) => None,
            Some(Paged::Size { page_size }) => Some(page_size.clamp(1, MAX_PAGE)),
            None | Some(Paged::Switch(true)) => Some(PAGE),
        }
    }
}

/// Reads a directory.
pub(crate) struct Ldap {
    id: String,
    settings: Settings,
}

impl Ldap {
    pub(crate) fn new(id: &str, settings: Settings) -> Result<Self> {
        if !matches!(settings.target.scheme(), "ldap" | "ldaps") {
            return Err(Error::input(
                "`catalog.providers.ldapOrg.target` begins with `ldap://` or `ldaps://`",
            ));
        }
        for options in settings.users.iter().map(|it| &it.options) {
            options.scope()?;
        }
        for options in settings.groups.iter().map(|it| &it.options) {
            options.scope()?;
        }
        Ok(Self {
            id: id.to_owned(),
            settings,
        })
    }

    async fn connect(&self) -> Result<Connection> {
        let tls = &self.settings.tls;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(CONNECT_TIMEOUT)
            .set_starttls(tls.start_tls)
            .set_no_tls_verify(!tls.reject_unauthorized);
        let target = self.settings.target.as_str();
        let connected = LdapConnAsync::with_settings(settings, target).await;
        let (driver, mut connection) =
            connected.map_err(|error| self.failed("connecting", error))?;
        tokio::spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "a connection to a directory ended");
            }
        });
        if let Some(bind) = &self.settings.bind {
            let bound = connection.simple_bind(&bind.dn, bind.secret.expose()).await;
            bound
                .and_then(ldap3::LdapResult::success)
                .map_err(|error| self.failed("binding", error))?;
        }
        Ok(connection)
    }

    /// Everything below a place.
    async fn search<M>(
        &self,
        connection: &mut Connection,
        listing: &Listing<M>,
    ) -> Result<Vec<Entry>> {
        let options = &listing.options;
        let mut adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new())];
        if let Some(size) = options.page() {
            adapters.push(Box::new(PagedResults::new(size)));
        }
        let filter = options.filter.as_deref().unwrap_or("(objectClass=*)");
        // With the operational ones, of which one is the id.
        let usual = || vec!["*".to_owned(), "+".to_owned()];
        let attributes = options.attributes.clone().unwrap_or_else(usual);
        let failed = |error| self.failed("searching", error);
        connection.with_timeout(SEARCH_TIMEOUT);
        let searching = connection.streaming_search_with(
            adapters,
            &listing.dn,
            options.scope()?,
            filter,
            attributes,
        );
        let mut found = searching.await.map_err(failed)?;
        let mut entries = Vec::new();
        while let Some(entry) = found.next().await.map_err(failed)? {
            entries.push(Entry::from(SearchEntry::construct(entry)));
            check_count(entries.len(), &self.settings.target)?;
        }
        // The end says whether that was all; a limit of the server is an error.
        found.finish().await.success().map_err(failed)?;
        Ok(entries)
    }

    /// A message without the distinguished name that was bound to, and never with its secret.
    fn failed(&self, doing: &str, error: LdapError) -> Error {
        let host = self.settings.target.host_str().unwrap_or_default();
        Error::unavailable(format!("{doing} `{host}` failed")).with_source(error)
    }

    async fn read_with(&self, connection: &mut Connection) -> Result<Org> {
        let uuid = self.settings.vendor.uuid_attribute_name.as_deref();
        let mut users = Vec::new();
        for listing in &self.settings.users {
            for entry in self.search(connection, listing).await? {
                if let Some(person) = entry.person(&self.id, &listing.map, &listing.set, uuid) {
                    let above = entry.dns(&listing.map.member_of);
                    users.push((same_dn(&entry.dn), person, above));
                }
            }
        }
        let mut groups = Vec::new();
        for listing in &self.settings.groups {
            for entry in self.search(connection, listing).await? {
                if let Some(team) = entry.team(&self.id, &listing.map, &listing.set, uuid) {
                    let above = entry.dns(&listing.map.member_of);
                    let members = entry.dns(&listing.map.members);
                    groups.push(FoundGroup {
                        dn: same_dn(&entry.dn),
                        team,
                        above,
                        members,
                    });
                }
            }
        }
        let of_users: Vec<_> = users
            .iter()
            .map(|(dn, person, above)| (dn.clone(), person.reference(), above.clone()))
            .collect();
        let teams = joined(groups, &of_users);
        Ok(Org {
            people: users.into_iter().map(|(_, person, _)| person).collect(),
            teams,
        })
    }
}

#[async_trait]
impl Directory for Ldap {
    async fn read(&self) -> Result<Org> {
        let mut connection = self.connect().await?;
        let org = self.read_with(&mut connection).await;
        // What was read counts, also when saying goodbye fails.
        let _ = connection.unbind().await;
        org
    }
}

/// A group as it was found.
struct FoundGroup {
    dn: String,
    team: Team,
    /// Groups above, by distinguished name.
    above: Vec<String>,
    /// Users and groups in it.
    members: Vec<String>,
}

/// The groups with their members and parents, which either side may tell of.
fn joined(groups: Vec<FoundGroup>, users: &[(String, String, Vec<String>)]) -> Vec<Team> {
    let at: HashMap<String, usize> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| (group.dn.clone(), at))
        .collect();
    let refs: Vec<String> = groups.iter().map(|group| group.team.reference()).collect();
    let mut parents: HashMap<usize, usize> = HashMap::new();
    let mut members: HashMap<usize, Vec<String>> = HashMap::new();
    let by_dn: HashMap<&str, &str> = users.iter().map(|(dn, name, _)| (&**dn, &**name)).collect();
    for (index, group) in groups.iter().enumerate() {
        for dn in &group.members {
            if let Some(user) = by_dn.get(&**dn) {
                members.entry(index).or_default().push((*user).to_owned());
            } else if let Some(child) = at.get(dn).filter(|child| **child != index) {
                parents.entry(*child).or_insert(index);
            }
        }
        if let Some(parent) = group.above.iter().find_map(|dn| at.get(dn))
            && *parent != index
        {
            parents.entry(index).or_insert(*parent);
        }
    }
    for (_, user, above) in users {
        for group in above.iter().filter_map(|dn| at.get(dn)) {
            let own = members.entry(*group).or_default();
            if !own.contains(user) {
                own.push(user.clone());
            }
        }
    }
    let groups = groups.into_iter().enumerate();
    let team = |(index, group): (usize, FoundGroup)| Team {
        parent: parents.get(&index).map(|parent| refs[*parent].clone()),
        members: members.remove(&index).unwrap_or_default(),
        ..group.team
    };
    groups.map(team).collect()
}
