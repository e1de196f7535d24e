//! What the portal talks to: its port, source control hosts and locations.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use catalog::ConfigLocation;
use integrations::{
    FileLimits, ReadRequest, ReadUrl as _, ScmIntegrations, SearchOutcome, UrlReaders, read_files,
};
use platform::Clock;
use platform::config::BackendConfig;
use tokio::net::{TcpListener, lookup_host};
use tokio::time::timeout;
use url::Url;

use crate::app::Sections;
use crate::output::counted;

use super::Finding;

/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a portal may take to say that it is alive.
const PROBE: Duration = Duration::from_secs(2);
/// Most locations that are read.
const MAX_LOCATIONS: usize = 50;

/// Whether the port is free, or who has it.
pub(super) async fn port(backend: &BackendConfig) -> Finding {
    let listen = &backend.listen;
    if let Some(socket) = &listen.unix_socket {
        return Finding::fine(format!("the portal listens on the socket `{socket}`"));
    }
    let port = listen.port;
    let host = listen.host.as_deref().unwrap_or("0.0.0.0");
    match TcpListener::bind((host, port)).await {
        Ok(_) => Finding::fine(format!("port {port} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if is_portal(backend).await {
                return Finding::fine(format!("port {port}: a portal runs there"));
            }
            Finding::wrong(
                format!("port {port} is taken by another program"),
                "end it, or choose another `backend.listen.port`",
            )
        }
        Err(error) => Finding::wrong(
            format!("cannot listen on `{host}:{port}`: {error}"),
            "check `backend.listen`; ports below 1024 need more rights",
        ),
    }
}

/// Whether what listens answers as a portal does when it is asked whether it is alive. Its
/// certificate proves nothing to us, as nothing secret is sent.
async fn is_portal(backend: &BackendConfig) -> bool {
    let scheme = backend.https.settings().map_or("http", |_| "https");
    let host = match backend.listen.host.as_deref() {
        None | Some("" | "0.0.0.0" | "::") => "127.0.0.1".to_owned(),
        Some(host) if host.contains(':') => format!("[{host}]"),
        Some(host) => host.to_owned(),
    };
    let port = backend.listen.port;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PROBE)
        .tls_danger_accept_invalid_certs(true)
        .build();
    let Ok(client) = client else { return false };
    let url = format!("{scheme}://{host}:{port}/.backstage/health/v1/liveness");
    let Ok(answer) = client.get(url).send().await else {
        return false;
    };
    let is_small = answer.content_length().is_some_and(|length| length < 1000);
    is_small
        && answer
            .text()
            .await
            .is_ok_and(|text| text.contains("{\"status\":\"ok\"}"))
}

/// Whether hosts have credentials and names that resolve. Nothing is sent to them.
pub(super) async fn integrations(sections: &Sections, offline: bool) -> Vec<Finding> {
    let integrations = match ScmIntegrations::new(&reading(sections)) {
        Ok(integrations) => integrations,
        Err(error) => {
            return vec![Finding::wrong(
                format!("`integrations` cannot be used: {error}"),
                "see `callboard config check`",
            )];
        }
    };
    // Several accounts of one host are one line.
    let mut hosts: BTreeMap<String, (String, &Url, bool)> = BTreeMap::new();
    for integration in integrations.list() {
        let host = integration.host().to_owned();
        let entry = hosts.entry(host).or_insert_with(|| {
            (
                integration.kind().title().to_owned(),
                integration.api_url(),
                false,
            )
        });
        entry.2 |= integration.is_authenticated();
    }
    let configured = configured_hosts(sections);
    hosts.retain(|host, (_, _, has_token)| *has_token || configured.contains(host));
    let mut findings = Vec::new();
    for (host, (title, api, has_token)) in hosts {
        let what = format!("{title} at {host}");
        if !has_token {
            findings.push(Finding::doubtful(
                format!("{what}: no credentials; only public files, and few per hour"),
                "set a token below `integrations`, for example from a variable",
            ));
            continue;
        }
        findings.push(if offline {
            Finding::fine(format!("{what}: has credentials"))
        } else {
            resolves(&what, api).await
        });
    }
    findings
}

/// Hosts that the configuration names; those that are always there need no words.
fn configured_hosts(sections: &Sections) -> Vec<String> {
    let config = &sections.integrations;
    let github = config.github.iter().map(|host| &host.host);
    let gitlab = config.gitlab.iter().map(|host| &host.host);
    let azure = config.azure.iter().map(|host| &host.host);
    let bitbucket = config.bitbucket_server.iter().map(|host| &host.host);
    let gitea = config.gitea.iter().map(|host| &host.host);
    github
        .chain(gitlab)
        .chain(azure)
        .chain(bitbucket)
        .chain(gitea)
        .cloned()
        .collect()
}

async fn resolves(what: &str, api: &Url) -> Finding {
    let host = api.host_str().unwrap_or_default().to_owned();
    let port = api.port_or_known_default().unwrap_or(443);
    match timeout(PATIENCE, lookup_host((host.as_str(), port))).await {
        Ok(Ok(_)) => Finding::fine(format!("{what}: has credentials, `{host}` resolves")),
        Ok(Err(error)) => Finding::wrong(
            format!("{what}: `{host}` does not resolve: {error}"),
            "check the name, and the DNS servers of this machine",
        ),
        Err(_) => Finding::wrong(
            format!("{what}: `{host}` does not resolve in time"),
            "check the DNS servers of this machine",
        ),
    }
}

fn reading(sections: &Sections) -> integrations::Settings {
    integrations::Settings::from_config(
        &sections.integrations,
        &sections.backend.reading,
        &sections.callboard.reading,
    )
}

/// Whether the configured locations can be read, as the portal would read them.
pub(super) async fn locations(sections: &Sections, offline: bool) -> Vec<Finding> {
    let settings = catalog::Settings::new(&sections.catalog, &sections.folders);
    let reading = reading(sections);
    let readers = ScmIntegrations::new(&reading)
        .ok()
        .and_then(|integrations| UrlReaders::new(&reading, integrations, Clock::system()).ok());
    let mut findings = Vec::new();
    for location in settings.locations.iter().take(MAX_LOCATIONS) {
        let read = match (location.kind.as_str(), &readers) {
            ("file", _) => read_local(location).await,
            ("url", Some(readers)) if !offline => read_remote(location, readers).await,
            _ => continue,
        };
        let name = format!("{}:{}", location.kind, location.target);
        findings.push(match read {
            Ok(n_files) => Finding::fine(format!("`{name}`: {}", counted(n_files, "file"))),
            Err(message) => Finding::wrong(
                format!("`{name}` cannot be read: {message}"),
                if location.kind == "file" {
                    "check `catalog.locations`; relative paths start at the working folder"
                } else {
                    "check the address, the token below `integrations` and the network"
                },
            ),
        });
    }
    let n_left = settings.locations.len().saturating_sub(MAX_LOCATIONS);
    if n_left > 0 {
        findings.push(Finding::doubtful(
            format!("{} not looked at", counted(n_left, "more location")),
            "`callboard catalog errors` tells about all of them once the portal has run",
        ));
    }
    findings
}

async fn read_local(location: &ConfigLocation) -> Result<usize, String> {
    let files = read_files(&location.target, FileLimits::default()).await;
    files
        .map(|files| files.len())
        .map_err(|error| error.to_string())
}

async fn read_remote(location: &ConfigLocation, readers: &UrlReaders) -> Result<usize, String> {
    let url = Url::parse(&location.target).map_err(|error| error.to_string())?;
    let request = ReadRequest::new(url);
    match timeout(PATIENCE, readers.search(&request)).await {
        Ok(Ok(SearchOutcome::Found { files, .. })) => Ok(files.len()),
        Ok(Ok(SearchOutcome::NotModified)) => Ok(1),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
