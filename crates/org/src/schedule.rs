//! `schedule` of a provider.

use std::time::Duration;

use catalog::Schedule;
use platform::config::HumanDuration;
use serde::Deserialize;

/// When a provider runs, as it is configured.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ScheduleConfig {
    frequency: Option<HumanDuration>,
    timeout: Option<HumanDuration>,
    initial_delay: Option<HumanDuration>,
}

/// Least time between two runs; a shorter one would be a flood.
const MIN_FREQUENCY: Duration = Duration::from_secs(10);

impl From<ScheduleConfig> for Schedule {
    fn from(config: ScheduleConfig) -> Self {
        let or = |given: Option<HumanDuration>, usual| given.map_or(usual, HumanDuration::get);
        Self {
            frequency: or(config.frequency, Duration::from_hours(1)).max(MIN_FREQUENCY),
            timeout: or(config.timeout, Duration::from_mins(30)),
            initial_delay: or(config.initial_delay, Duration::ZERO),
        }
    }
}
