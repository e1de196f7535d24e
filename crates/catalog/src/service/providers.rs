//! What operators see of providers: names, schedules, how much they bring; and asking them to run.

use audit::{Event, Origin};
use platform::{Ctx, Error, Result};
use serde::Serialize;

use crate::catalog::Catalog;
use crate::permission;
use crate::provider::{REGISTERED_LOCATIONS, Schedule};
use crate::service::locations::restore_registered;
use crate::store::edges;

/// A source of entities.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderView {
    name: String,
    /// Entities that it emits itself; locations bring more.
    entities: i64,
    /// Milliseconds between two runs; none for those that run at start and on demand.
    every: Option<u64>,
    /// Milliseconds after which a run is ended.
    timeout: Option<u64>,
    /// Whether it can be asked to run: who registered a location is no program.
    can_run: bool,
}

impl Catalog {
    /// All providers, in the order of the configuration.
    pub(crate) async fn list_providers(&self, ctx: &Ctx) -> Result<Vec<ProviderView>> {
        ctx.require(permission::INGESTION_READ).await?;
        let counts = self.db.read(edges::count_by_provider).await?;
        let view = |name: &str, schedule: Option<Schedule>, can_run| ProviderView {
            name: name.to_owned(),
            entities: counts.get(name).copied().unwrap_or_default(),
            every: schedule.map(|schedule| millis(schedule.frequency)),
            timeout: schedule.map(|schedule| millis(schedule.timeout)),
            can_run,
        };
        let providers = self.providers.iter();
        let programs = providers.map(|it| view(it.name(), it.schedule(), true));
        Ok(programs
            .chain([view(REGISTERED_LOCATIONS, None, false)])
            .collect())
    }

    /// Asks a provider to run now.
    pub(crate) async fn run_provider(&self, ctx: &Ctx, name: &str) -> Result<()> {
        ctx.require(permission::INGESTION_MANAGE).await?;
        if !self.providers.iter().any(|it| it.name() == name) {
            return Err(Error::not_found(format!("There is no provider `{name}`")));
        }
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let event = Event::done("catalog.provider.run", format!("provider:{name}"));
        self.db
            .write(move |tx| audit::record(tx, &origin, &event, now).map(drop))
            .await?;
        self.trigger(name);
        Ok(())
    }

    /// Lets providers say again what they emit, of which something was deleted by itself.
    pub(crate) async fn ask_providers(&self, names: Vec<String>) -> Result<()> {
        for name in names {
            if name == REGISTERED_LOCATIONS {
                let now = self.clock.now();
                self.write(move |tx| restore_registered(tx, now)).await?;
            } else {
                self.trigger(&name);
            }
        }
        Ok(())
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
