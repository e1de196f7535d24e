//! What logs and traces need to know, in their own terms.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::config::{
    BackendConfig, Environment, LogLevel, LogOverride, LoggerConfig, OtlpConfig, Secret,
};

/// Settings of logs and traces.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// Least level that is logged: `backend.logger.level`, or the variable `LOG_LEVEL`.
    pub level: LogLevel,
    /// Other levels for some lines: `backend.logger.overrides`.
    pub overrides: Vec<LogOverride>,
    /// Fields of every line: `backend.logger.meta`.
    pub meta: Map<String, Value>,
    /// How lines look.
    pub format: LogFormat,
    /// Lines per second, errors excepted; more are counted instead.
    pub max_lines_per_second: u32,
    /// Where traces go; nowhere when absent.
    pub otlp: Option<OtlpSettings>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// For people, with colours on a terminal.
    Pretty {
        /// Whether to colour.
        colour: bool,
    },
}

/// Where traces go.
#[derive(Debug, Clone)]
pub struct OtlpSettings {
    /// URL of the collector, without `/v1/traces`.
    pub endpoint: String,
    /// Headers of every request to it.
    pub headers: Vec<(String, Secret)>,
    /// Longest time spans wait to be sent.
    pub interval: Duration,
}

impl TelemetrySettings {
    /// The settings in `backend`; what the environment says about them wins.
    pub fn from_config(
        config: &BackendConfig,
        environment: &Environment,
        is_terminal: bool,
    ) -> Self {
        let LoggerConfig {
            level,
            meta,
            overrides,
        } = config.logger.clone();
        let variable = environment.get("LOG_LEVEL").and_then(level_named);
        let production = environment.get("NODE_ENV") == Some("production");
        let format = if production || !is_terminal {
            LogFormat::Json
        } else {
            LogFormat::Pretty {
                colour: environment.get("NO_COLOR").is_none_or(str::is_empty),
            }
        };
        Self {
            level: variable.or(level).unwrap_or(LogLevel::Info),
            overrides,
            meta,
            format,
            otlp: otlp(config.telemetry.otlp.as_ref(), environment),
            ..Self::default()
        }
    }
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            overrides: Vec::new(),
            meta: Map::new(),
            format: LogFormat::Json,
            max_lines_per_second: 5000,
            otlp: None,
        }
    }
}

fn otlp(config: Option<&OtlpConfig>, environment: &Environment) -> Option<OtlpSettings> {
    let configured = config.map(|otlp| (otlp.endpoint.clone(), otlp.headers.clone()));
    let variable = || {
        let endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        (!endpoint.is_empty()).then(|| (endpoint.to_owned(), BTreeMap::default()))
    };
    let (endpoint, headers) = configured.or_else(variable)?;
    Some(OtlpSettings {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        headers: headers.into_iter().collect(),
        interval: Duration::from_secs(2),
    })
}

/// The levels of winston, which Backstage logs with; unknown names are ignored.
fn level_named(name: &str) -> Option<LogLevel> {
    match name.to_ascii_lowercase().as_str() {
        "error" => Some(LogLevel::Error),
        "warn" => Some(LogLevel::Warn),
        "info" => Some(LogLevel::Info),
        "http" | "verbose" | "debug" | "silly" => Some(LogLevel::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)], is_terminal: bool) -> TelemetrySettings {
        let config = serde_json::json!({"logger": {"level": "warn"}});
        let config: BackendConfig = serde_json::from_value(config).unwrap();
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        TelemetrySettings::from_config(&config, &variables.collect(), is_terminal)
    }

    #[test]
    fn the_variable_wins_over_the_key() {
        let cases = [
            (vec![], LogLevel::Warn),
            (vec![("LOG_LEVEL", "DEBUG")], LogLevel::Debug),
            (vec![("LOG_LEVEL", "silly")], LogLevel::Debug),
            (vec![("LOG_LEVEL", "loud")], LogLevel::Warn),
        ];
        for (variables, level) in cases {
            assert_eq!(settings(&variables, false).level, level, "{variables:?}");
        }
    }

    #[test]
    fn people_see_colours_and_machines_see_json() {
        let cases = [
            (vec![], true, LogFormat::Pretty { colour: true }),
            (
                vec![("NO_COLOR", "1")],
                true,
                LogFormat::Pretty { colour: false },
            ),
            (vec![("NODE_ENV", "production")], true, LogFormat::Json),
            (vec![], false, LogFormat::Json),
        ];
        for (variables, is_terminal, format) in cases {
            assert_eq!(
                settings(&variables, is_terminal).format,
                format,
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_collector_may_come_from_the_environment() {
        assert!(settings(&[], false).otlp.is_none());
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")];
        let otlp = settings(&variables, false).otlp.unwrap();
        assert_eq!(otlp.endpoint, "http://collector:4318");
    }
}
