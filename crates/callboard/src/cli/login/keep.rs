//! Where tokens of this machine's user are kept: one file that only the user can read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use platform::config::Environment;
use serde::{Deserialize, Serialize};

/// Largest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Tokens at a portal. There is no `Debug`: they are secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    /// Who is asked for new tokens.
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) client_id: String,
    pub(super) access_token: String,
    /// Milliseconds since the epoch.
    pub(super) expires_at: i64,
    pub(super) refresh_token: Option<String>,
}

/// The file with the tokens, by address of the portal.
pub(super) struct Logins {
    path: PathBuf,
}

impl Logins {
    /// In the folder for the user's configuration.
    pub(super) fn of(environment: &Environment) -> anyhow::Result<Self> {
        let set = |name| environment.get(name).filter(|value| !value.is_empty());
        let own = || Some(Path::new(set("HOME")?).join(".config"));
        let folder = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(own);
        let Some(folder) = folder.or_else(|| set("APPDATA").map(PathBuf::from)) else {
            bail!("cannot tell where your configuration is; set XDG_CONFIG_HOME");
        };
        Ok(Self {
            path: folder.join("callboard/logins.json"),
        })
    }

    /// The portal with an address, or the only one.
    pub(super) fn chosen(&self, url: Option<&str>) -> anyhow::Result<(String, Login)> {
        let mut all = self.load()?;
        let base = match url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if all.len() > 1 => {
                let known: Vec<_> = all.keys().map(String::as_str).collect();
                bail!("say which portal: {}", known.join(", "))
            }
            None => all.keys().next().cloned().unwrap_or_default(),
        };
        match all.remove(&base) {
            Some(login) => Ok((base, login)),
            None => bail!("you are not logged in; `callboard login URL` does it"),
        }
    }

    pub(super) fn load(&self) -> anyhow::Result<BTreeMap<String, Login>> {
        let path = self.path.display();
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Ok(file) if file.len() > MAX_FILE => bail!("`{path}` is too large"),
            _ => {}
        }
        let text = fs::read(&self.path).with_context(|| format!("cannot read `{path}`"))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("`{path}` is not what we wrote; remove it and log in anew"))
    }

    pub(super) fn save(&self, base: &str, login: &Login) -> anyhow::Result<()> {
        let mut all = self.load()?;
        all.insert(base.to_owned(), login.clone());
        self.write(&all)
    }

    pub(super) fn remove(&self, base: &str) -> anyhow::Result<()> {
        let mut all = self.load()?;
        all.remove(base);
        self.write(&all)
    }

    /// Written beside and moved, so that a reader never sees half of it.
    fn write(&self, all: &BTreeMap<String, Login>) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(all)?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        let fresh = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        let written = private(&fresh).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)
        });
        if written.is_err() {
            // It holds tokens; that it cannot be removed either is told by the error.
            let _ = fs::remove_file(&fresh);
        }
        written.with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}

/// A new file that nobody else can read.
fn private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
