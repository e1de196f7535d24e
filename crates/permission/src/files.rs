//! The files of policies: read at the start, and again when they change.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::SystemTime;

use model::Problem;
use platform::{Error, Result};

use crate::condition::read_conditions;
use crate::csv::read_csv;
use crate::policy::PolicySet;
use crate::settings::RbacSettings;

/// Most bytes of the file of policies.
const MAX_BYTES: u64 = 64 << 20;

/// What the files and the configuration say.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What the configuration says.
    pub configured: PolicySet,
    /// What the files say.
    pub filed: PolicySet,
    /// Lines and documents that were left out.
    pub problems: Vec<Problem>,
}

/// Tells versions of the files apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    pub(crate) fn of(settings: &RbacSettings) -> Self {
        let stamp = |path: &Option<std::path::PathBuf>| {
            let metadata = fs::metadata(path.as_ref()?).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self([
            stamp(&settings.policies_file),
            stamp(&settings.conditions_file),
        ])
    }
}

/// Reads the files; fails when one cannot be read, while wrong lines are left out.
pub fn load(settings: &RbacSettings) -> Result<Loaded> {
    let mut loaded = Loaded {
        configured: settings.policy(),
        ..Loaded::default()
    };
    if let Some(path) = &settings.policies_file {
        let text = read(path, MAX_BYTES, "permission.rbac.policies-csv-file")?;
        (loaded.filed, loaded.problems) = read_csv(&text, &path.to_string_lossy());
    }
    if let Some(path) = &settings.conditions_file {
        let limit = u64::try_from(settings.limits.file_bytes).unwrap_or(u64::MAX);
        let text = read(path, limit, "permission.rbac.conditionalPoliciesFile")?;
        let name = path.to_string_lossy();
        let (conditions, problems) = read_conditions(&text, &name, &settings.limits);
        loaded.filed.conditions = conditions;
        loaded.problems.extend(problems);
    }
    Ok(loaded)
}

fn read(path: &Path, limit: u64, key: &str) -> Result<String> {
    let name = path.display();
    let failed = |error: std::io::Error| {
        Error::input(format!("`{key}`: cannot read `{name}`")).with_source(error)
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(limit + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > limit {
        return Err(Error::input(format!(
            "`{key}`: `{name}` has more than {limit} bytes"
        )));
    }
    Ok(text)
}
