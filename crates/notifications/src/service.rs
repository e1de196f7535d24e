//! Use cases: sending, reading, marking, settings.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use catalog::Catalog;
use platform::clock::millis;
use platform::db::Db;
use platform::{Clock, Ctx, Error, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::notification::{Audience, Notification, Payload};
use crate::signals::{Recipients, Signals};
use crate::store::{self, Marks, Query, Setting};

/// How long notifications are kept.
const RETENTION: Duration = Duration::from_hours(365 * 24);
/// Time between two looks for old ones.
const PERIOD: Duration = Duration::from_hours(1);
/// Notifications that one transaction forgets.
const BATCH: i64 = 500;
/// The channel of the portal itself; there is no other one.
pub(crate) const WEB: &str = "Web";
/// The channel of signals about notifications.
const CHANNEL: &str = "notifications";
/// Settings of one user.
const MAX_SETTINGS: usize = 1_000;
/// Notifications of one request.
const MAX_IDS: usize = 1_000;

/// All notifications; clones share them.
#[derive(Clone)]
pub struct Notifications(Arc<Inner>);

struct Inner {
    db: Db,
    catalog: Catalog,
    signals: Signals,
    clock: Clock,
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").finish_non_exhaustive()
    }
}

impl Notifications {
    /// The notifications in a migrated database; the catalog knows who is behind an entity.
    pub fn new(db: Db, catalog: Catalog, signals: Signals, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            db,
            catalog,
            signals,
            clock,
        }))
    }

    /// Forgets old notifications until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (notifications, stop) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            loop {
                if let Err(error) = notifications.forget_old().await {
                    tracing::warn!(error = error.chain(), "old notifications were not removed");
                }
                tokio::select! {
                    () = tokio::time::sleep(PERIOD) => {}
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    async fn forget_old(&self) -> Result<()> {
        let before = self.0.clock.now() - millis(RETENTION);
        loop {
            let work = move |tx: &mut platform::db::Tx<'_>| store::delete_old(tx, before, BATCH);
            let n_removed = self.0.db.write(work).await?;
            if i64::try_from(n_removed).is_ok_and(|n| n < BATCH) {
                return Ok(());
            }
        }
    }

    /// Stores a notification for each of those it is for, and tells their open pages.
    ///
    /// What is sent again with the same `seed` is stored once.
    pub(crate) async fn send(
        &self,
        origin: &str,
        audience: &Audience,
        payload: Payload,
        seed: Uuid,
    ) -> Result<Vec<Notification>> {
        payload.check()?;
        let owners = self.owners(audience);
        let (origin, now) = (origin.to_owned(), self.0.clock.now());
        let work = move |tx: &mut platform::db::Tx<'_>| {
            let topic = payload.topic.as_deref();
            let unwilling = store::unwilling(tx, WEB, &origin, topic)?;
            let mut sent = Vec::with_capacity(owners.len());
            for user_ref in &owners {
                if user_ref.as_ref().is_some_and(|it| unwilling.contains(it)) {
                    continue;
                }
                let found = match &payload.scope {
                    Some(scope) => store::find_scope(tx, &origin, scope, user_ref.as_deref())?,
                    None => None,
                };
                let id = id_of(seed, user_ref.as_deref());
                sent.push(match found.filter(|found| found.id != id) {
                    Some(found) => renewed(found, &payload, now),
                    None => Notification {
                        id,
                        user_ref: user_ref.clone(),
                        origin: origin.clone(),
                        payload: payload.clone(),
                        created_at: now,
                        updated_at: None,
                        read_at: None,
                        saved_at: None,
                        is_new: true,
                    },
                });
            }
            let (new, known): (Vec<_>, Vec<_>) = sent.iter().cloned().partition(|it| it.is_new);
            store::insert(tx, &new)?;
            for message in &known {
                store::replace(tx, message)?;
            }
            Ok(sent)
        };
        let sent = self.0.db.write(work).await?;
        for message in &sent {
            let to = message.user_ref.as_deref();
            let to = to.map_or(Recipients::Everybody, Recipients::User);
            let signal = json!({ "action": "new_notification", "notification_id": message.id });
            self.0.signals.send(to, CHANNEL, &signal);
        }
        Ok(sent)
    }

    /// Who gets a notification of their own; nobody in particular where everybody does.
    fn owners(&self, audience: &Audience) -> Vec<Option<String>> {
        let Audience::Entities { refs, excluded } = audience else {
            return vec![None];
        };
        let behind = |refs: &[String]| -> BTreeSet<String> {
            let users = refs.iter().flat_map(|it| self.0.catalog.users_behind(it));
            users.collect()
        };
        let excluded = behind(excluded);
        let users = behind(refs).into_iter();
        users
            .filter(|user| !excluded.contains(user))
            .map(Some)
            .collect()
    }

    /// The notifications that a query asks for, and how many there are in all.
    pub(crate) async fn list(&self, ctx: &Ctx, query: Query) -> Result<(Vec<Notification>, i64)> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        let work = move |tx: &mut platform::db::Tx<'_>| {
            Ok((
                store::list(tx, &user_ref, &query)?,
                store::count(tx, &user_ref, &query)?,
            ))
        };
        self.0.db.read(work).await
    }

    /// One notification.
    pub(crate) async fn find(&self, ctx: &Ctx, id: String) -> Result<Notification> {
        let query = Query {
            ids: Some(vec![id]),
            limit: 1,
            ..Query::default()
        };
        let (found, _) = self.list(ctx, query).await?;
        let found = found.into_iter().next();
        found.ok_or_else(|| Error::not_found("Not found"))
    }

    /// How many are unread, and how many are read.
    pub(crate) async fn counts(&self, ctx: &Ctx) -> Result<(i64, i64)> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        let work = move |tx: &mut platform::db::Tx<'_>| {
            let mut of = |is_read: bool| {
                let query = Query {
                    is_read: Some(is_read),
                    ..Query::default()
                };
                store::count(tx, &user_ref, &query)
            };
            Ok((of(false)?, of(true)?))
        };
        self.0.db.read(work).await
    }

    /// Topics of the notifications that a query asks for.
    pub(crate) async fn topics(&self, ctx: &Ctx, query: Query) -> Result<Vec<String>> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        let work = move |tx: &mut platform::db::Tx<'_>| store::topics(tx, &user_ref, &query);
        self.0.db.read(work).await
    }

    /// Marks notifications as read or saved, or takes the marks off; the notifications after that.
    pub(crate) async fn mark(
        &self,
        ctx: &Ctx,
        ids: Vec<String>,
        is_read: Option<bool>,
        is_saved: Option<bool>,
    ) -> Result<Vec<Notification>> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        if ids.len() > MAX_IDS {
            return Err(Error::input(format!("more than {MAX_IDS} notifications")));
        }
        let marks = Marks {
            is_read,
            is_saved,
            now: self.0.clock.now(),
        };
        let owner = user_ref.clone();
        let work = move |tx: &mut platform::db::Tx<'_>| {
            let query = Query {
                limit: i64::try_from(ids.len()).unwrap_or(i64::MAX),
                ids: Some(ids),
                ..Query::default()
            };
            // Only what the user sees is marked.
            let seen = store::list(tx, &owner, &query)?;
            let ids: Vec<String> = seen.into_iter().map(|it| it.id).collect();
            store::mark(tx, &owner, &ids, marks)?;
            store::list(tx, &owner, &query)
        };
        let marked = self.0.db.write(work).await?;
        if let Some(is_read) = is_read {
            let action = if is_read {
                "notification_read"
            } else {
                "notification_unread"
            };
            let ids: Vec<&str> = marked.iter().map(|it| it.id.as_str()).collect();
            let signal = json!({ "action": action, "notification_ids": ids });
            let to = Recipients::User(&user_ref);
            self.0.signals.send(to, CHANNEL, &signal);
        }
        Ok(marked)
    }

    /// What a user wants to hear of: what comes to them, and whether they said something about it.
    pub(crate) async fn settings(&self, ctx: &Ctx) -> Result<Value> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        let work = move |tx: &mut platform::db::Tx<'_>| {
            let known = store::origins(tx, &user_ref)?;
            Ok((known, store::settings(tx, &user_ref)?))
        };
        let (known, settings) = self.0.db.read(work).await?;
        Ok(settings_view(&known, &settings))
    }

    /// Sets what a user wants to hear of.
    pub(crate) async fn set_settings(&self, ctx: &Ctx, settings: Vec<Setting>) -> Result<()> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        if settings.len() > MAX_SETTINGS {
            return Err(Error::input(format!("more than {MAX_SETTINGS} settings")));
        }
        let work =
            move |tx: &mut platform::db::Tx<'_>| store::set_settings(tx, &user_ref, &settings);
        self.0.db.write(work).await
    }
}

/// The id of what one user gets of one sending.
fn id_of(seed: Uuid, user_ref: Option<&str>) -> String {
    let Some(user_ref) = user_ref else {
        return seed.to_string();
    };
    let hash = Sha256::new()
        .chain_update(seed.as_bytes())
        .chain_update(user_ref)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// A notification that another one takes the place of; what the new one leaves out stays.
fn renewed(found: Notification, payload: &Payload, now: platform::Millis) -> Notification {
    let before = found.payload;
    let new = payload.clone();
    Notification {
        payload: Payload {
            title: new.title,
            description: new.description.or(before.description),
            link: new.link.or(before.link),
            severity: new.severity,
            topic: new.topic.or(before.topic),
            scope: before.scope,
            icon: new.icon.or(before.icon),
        },
        updated_at: Some(now),
        read_at: None,
        is_new: false,
        ..found
    }
}

fn settings_view(known: &[(String, Option<String>)], settings: &[Setting]) -> Value {
    let said = |origin: &str, topic: &str| {
        let mut settings = settings.iter();
        let found =
            settings.find(|it| it.channel == WEB && it.origin == origin && it.topic == topic);
        found.map(|it| it.is_enabled)
    };
    let mut origins: Vec<Value> = Vec::new();
    for (origin, topic) in known {
        let is_enabled = said(origin, "").unwrap_or(true);
        if origins.last().is_none_or(|it| it["id"] != **origin) {
            origins.push(json!({ "id": origin, "enabled": is_enabled, "topics": [] }));
        }
        let topics = origins
            .last_mut()
            .and_then(|it| it["topics"].as_array_mut());
        if let (Some(topic), Some(topics)) = (topic, topics) {
            let is_enabled = said(origin, topic).unwrap_or(is_enabled);
            topics.push(json!({ "id": topic, "enabled": is_enabled }));
        }
    }
    json!({ "channels": [{ "id": WEB, "origins": origins }] })
}
