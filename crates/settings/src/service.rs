//! Use cases: every one is for the user who calls.

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

/// The settings of all users; clones share them.
#[derive(Debug, Clone)]
pub struct Settings(Db);

impl Settings {
    /// The settings in a migrated database.
    pub fn new(db: Db) -> Self {
        Self(db)
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
        let texts = self.0.read(find).await?;
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
        self.0
            .write(move |tx| {
                store::upsert(tx, &user_ref, &place, &value)?;
                if store::count(tx, &user_ref)? > MAX_SETTINGS {
                    return Err(Error::input(format!("more than {MAX_SETTINGS} settings")));
                }
                Ok(())
            })
            .await
    }

    /// Removes a value, if there is one.
    pub(crate) async fn remove(&self, ctx: &Ctx, place: Place) -> Result<()> {
        let user_ref = ctx.require_user()?.entity_ref.clone();
        self.0
            .write(move |tx| store::delete(tx, &user_ref, &place))
            .await
    }
}
