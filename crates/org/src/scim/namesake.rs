//! Two names that become one in the catalog: the second is refused, because there would be one entity
//! for both.

use platform::Result;
use platform::db::Tx;

use super::ScimError;
use super::resource::{Kind, Resource};
use crate::store::{self, Stored};

/// Rows that get the name of their entity at a time.
const BATCH: i64 = 1_000;

/// Why a resource cannot be called as it is.
pub(super) fn refusal(
    tx: &mut Tx<'_>,
    before: Option<&Resource>,
    after: &Resource,
) -> Result<Option<ScimError>> {
    let (kind, stored) = (after.kind, after.to_stored());
    if store::has_name(tx, kind.name(), &stored.name_key, &stored.id)? {
        let detail = format!("a {} with this `{}` exists", kind.name(), kind.key());
        return Ok(Some(taken(detail)));
    }
    // Those that are one from before this was refused can be changed, if not renamed.
    if before.is_some_and(|before| before.entity_name() == after.entity_name()) {
        return Ok(None);
    }
    let other = namesake(tx, kind, &stored)?;
    Ok(other.map(|other| {
        taken(format!(
            "`{}` `{}` becomes `{}` in the catalog, and so does `{}` of another {}; rename one of \
             them",
            kind.key(),
            after.key(),
            after.entity_name(),
            other.key(),
            kind.name(),
        ))
    }))
}

fn taken(detail: String) -> ScimError {
    ScimError {
        status: 409,
        scim_type: Some("uniqueness"),
        detail,
    }
}

/// Another resource that becomes the same entity.
fn namesake(tx: &mut Tx<'_>, kind: Kind, stored: &Stored) -> Result<Option<Resource>> {
    name_all(tx, kind)?;
    let Some(name) = &stored.entity_name else {
        return Ok(None);
    };
    let found = store::find_namesake(tx, kind.name(), name, &stored.id)?;
    found.map(Resource::from_stored).transpose()
}

/// Gives rows of before the names of their entities.
fn name_all(tx: &mut Tx<'_>, kind: Kind) -> Result<()> {
    loop {
        let unnamed = store::list_unnamed(tx, kind.name(), BATCH)?;
        if unnamed.is_empty() {
            return Ok(());
        }
        for stored in unnamed {
            let resource = Resource::from_stored(stored)?;
            let name = resource.entity_name();
            store::update_entity_name(tx, kind.name(), &resource.id, &name)?;
        }
    }
}
