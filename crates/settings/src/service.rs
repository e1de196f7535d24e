//! Use cases: every one is for the user who calls.

use std::fmt;
use std::sync::Arc;

use platform::db::Db;
use platform::{Ctx, Error, Result};
use serde_json::Value;

use crate::store::{self, Place};

/// Settings of one user.
const MAX_SETTINGS: i64 = 1_000;
/// Characters of a bucket and of a key.
const MAX_NAME: usize = 255;
/// Settings of one request.
const MAX_ITEMS: usize = 1_000;

/// What happened to a setting, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// It was set.
    Set(&'a str),
    /// It is gone.
    Removed(&'a str),
}

/// Hears of every change, with the reference of the user; must not block.
type Listener = Arc<dyn Fn(&str, Change<'_>) + Send + Sync>;

/// The settings of all users; clones share them.
#[derive(Clone)]
pub struct Settings {
    db: Db,
    listener: Option<Listener>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl Settings {
    /// The settings in a migrated database.
    pub fn new(db: Db) -> Self {
        Self { db, listener: None }
    }

    /// The settings, with somebody who hears of every change.
    #[must_use]
    pub fn telling(mut self, listener: impl Fn(&str, Change<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    fn tell(&self, user_ref: &str, change: Change<'_>) {
        if let Some(listener) = &self.listener {
            listener(user_ref, change);
        }
    }

    /// One value; it is an error when there is none.
    pub(crate) async fn find(&self, ctx: &Ctx, place: Place) -> Result<Value> {
        let missing = Error::not_found(format!(
            "Unable to find '{}' in bucket '{}'",
            place.key, place.bucket
        ));
        let found = self.find_each(ctx, vec![place]).await?;
        found.into_iter().next().flatten().ok_or(missing)
    }

    /// Several values, in order.
    pub(crate) async fn find_each(
        &self,
        ctx: &Ctx,
        places: Vec<Place>,
    ) -> Result<Vec<Option<Value>>> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        if places.len() > MAX_ITEMS {
            return Err(Error::input(format!("more than {MAX_ITEMS} items")));
        }
        let find = move |tx: &mut platform::db::Tx<'_>| store::find_each(tx, &user_ref, &places);
        let texts = self.db.read(find).await?;
        let parse = |text: String| {
            serde_json::from_str(&text)
                .map_err(|error| Error::internal("a stored setting is not JSON").with_source(error))
        };
        texts
            .into_iter()
            .map(|text| text.map(parse).transpose())
            .collect()
    }

    /// Sets a value.
    pub(crate) async fn set(&self, ctx: &Ctx, place: Place, value: &Value) -> Result<()> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        for (what, name) in [("bucket", &place.bucket), ("key", &place.key)] {
            if name.chars().count() > MAX_NAME {
                return Err(Error::input(format!(
                    "the {what} has more than {MAX_NAME} characters"
                )));
            }
        }
        let value = value.to_string();
        let (owner, at) = (user_ref.clone(), place.clone());
        self.db
            .write(move |tx| {
                store::upsert(tx, &owner, &at, &value)?;
                if store::count(tx, &owner)? > MAX_SETTINGS {
                    return Err(Error::input(format!("more than {MAX_SETTINGS} settings")));
                }
                Ok(())
            })
            .await?;
        self.tell(&user_ref, Change::Set(&place.key));
        Ok(())
    }

    /// Removes a value, if there is one.
    pub(crate) async fn remove(&self, ctx: &Ctx, place: Place) -> Result<()> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        let (owner, at) = (user_ref.clone(), place.clone());
        self.db
            .write(move |tx| store::delete(tx, &owner, &at))
            .await?;
        self.tell(&user_ref, Change::Removed(&place.key));
        Ok(())
    }
}
