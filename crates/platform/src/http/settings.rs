//! What the HTTP shell needs to know, in its own terms.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::config::{
    BackendConfig, CorsConfig, CspDirective, DEFAULT_PORT, HttpsConfig, ListenConfig, Millis,
    OneOrMany, ServerConfig, TrustProxy,
};
use crate::error::{Error, Result};

use super::limit::RateLimits;

/// Permission bits of a unix socket: the owner and the group may connect.
const SOCKET_MODE: u32 = 0o660;

/// Settings of listeners, headers and limits; `Default` is what Backstage does without configuration.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where to listen: `backend.listen`.
    pub listen: Vec<Listen>,
    /// Certificates: `backend.https`; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// The path of `backend.baseUrl`, below which everything is served; empty or `/portal`.
    pub base_path: String,
    /// `backend.cors`; no CORS headers when absent.
    pub cors: Option<CorsSettings>,
    /// `backend.csp`: directives that replace the built-in ones, or remove them when `None`.
    pub csp: Vec<(String, Option<Vec<String>>)>,
    /// `backend.referrer.policy`.
    pub referrer_policy: Vec<String>,
    /// `backend.health.headers`.
    pub health_headers: Vec<(String, String)>,
    /// `backend.lifecycle.startupRequestPauseTimeout`: how long early requests wait.
    pub startup_pause: Duration,
    /// `backend.lifecycle.serverShutdownDelay`: time between the first 503 and the closed port.
    pub shutdown_delay: Duration,
    /// How long requests in flight may take after that.
    pub drain_timeout: Duration,
    /// Bounds of what clients may send.
    pub limits: Limits,
    /// `backend.rateLimit`; no limits when absent.
    pub rate_limits: Option<RateLimits>,
    /// `backend.trustProxy`: who may say what the address of a client is.
    pub trust_proxy: TrustProxy,
    /// Serves `/.callboard/static/<bytes>`, the yardstick of benchmarks.
    pub bench: bool,
}

impl HttpSettings {
    /// The settings in `backend`; `folder` keeps a self-signed certificate.
    pub fn from_config(config: &BackendConfig, folder: &Path) -> Result<Self> {
        let base_url = config.base_url.as_deref().map(Url::parse).transpose();
        let base_url = base_url
            .map_err(|error| Error::input("`backend.baseUrl` is not a URL").with_source(error))?;
        let base_path = base_url.as_ref().map_or("", Url::path);
        let tls = config.https.settings();
        let csp = config.csp.iter().map(|(name, directive)| match directive {
            CspDirective::Removed => (name.clone(), None),
            CspDirective::Sources(sources) => (name.clone(), Some(sources.clone())),
        });
        Ok(Self {
            listen: vec![Listen::from(&config.listen)],
            tls: tls.map(|https| Tls::new(https, base_url.as_ref(), folder)),
            base_path: base_path.trim_end_matches('/').to_owned(),
            cors: config.cors.as_ref().map(CorsSettings::from),
            csp: csp.collect(),
            referrer_policy: config.referrer.policy.clone(),
            health_headers: config.health.headers.clone().into_iter().collect(),
            startup_pause: config.lifecycle.startup_request_pause_timeout.get(),
            shutdown_delay: config.lifecycle.server_shutdown_delay.get(),
            limits: Limits::from(&config.server),
            rate_limits: config.rate_limit.settings().map(RateLimits::from),
            trust_proxy: config.trust_proxy.clone(),
            ..Self::default()
        })
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: vec![Listen::Tcp {
                host: None,
                port: DEFAULT_PORT,
            }],
            tls: None,
            base_path: String::new(),
            cors: None,
            csp: Vec::new(),
            referrer_policy: vec!["no-referrer".to_owned()],
            health_headers: Vec::new(),
            startup_pause: Duration::from_secs(5),
            shutdown_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(20),
            limits: Limits::default(),
            rate_limits: None,
            trust_proxy: TrustProxy::Nobody,
            bench: false,
        }
    }
}

/// One address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port.
    Tcp {
        /// Host name or address; all interfaces when absent.
        host: Option<String>,
        /// Port; 0 for any free one.
        port: u16,
    },
    /// A unix socket.
    Unix {
        /// Path of the socket file.
        path: PathBuf,
        /// Permission bits of the file.
        mode: u32,
    },
}

impl From<&ListenConfig> for Listen {
    fn from(config: &ListenConfig) -> Self {
        match &config.unix_socket {
            Some(path) => Self::Unix {
                path: path.into(),
                mode: SOCKET_MODE,
            },
            None => Self::Tcp {
                host: config.host.clone(),
                port: config.port,
            },
        }
    }
}

/// Where the certificate comes from.
#[derive(Clone)]
pub enum Tls {
    /// `backend.https: true`: made for this host, kept in this folder.
    SelfSigned {
        /// Host name of `backend.baseUrl`.
        host: String,
        /// Folder that keeps the certificate between starts.
        folder: PathBuf,
    },
    /// `backend.https.certificate`, in PEM.
    Pem {
        /// Certificate chain.
        certificate: String,
        /// Private key.
        key: String,
    },
}

impl Tls {
    fn new(config: &HttpsConfig, base_url: Option<&Url>, folder: &Path) -> Self {
        match &config.certificate {
            Some(certificate) => Self::Pem {
                certificate: certificate.cert.clone(),
                key: certificate.key.expose().to_owned(),
            },
            None => Self::SelfSigned {
                host: base_url
                    .and_then(Url::host_str)
                    .unwrap_or("localhost")
                    .to_owned(),
                folder: folder.to_owned(),
            },
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SelfSigned { host, folder } => f
                .debug_struct("SelfSigned")
                .field("host", host)
                .field("folder", folder)
                .finish(),
            Self::Pem { .. } => f.write_str("Pem(***)"),
        }
    }
}

/// `backend.cors`. Absent lists are those of the `cors` package of Express.
#[derive(Debug, Clone, Default)]
pub struct CorsSettings {
    /// Patterns of allowed origins; every origin when absent.
    pub origins: Option<Vec<String>>,
    /// Allowed methods.
    pub methods: Option<Vec<String>>,
    /// Allowed request headers; those asked for when absent.
    pub allowed_headers: Option<Vec<String>>,
    /// Response headers scripts may read.
    pub exposed_headers: Vec<String>,
    /// Whether cookies may be sent.
    pub credentials: bool,
    /// How long browsers may keep the answer to a preflight.
    pub max_age: Option<Duration>,
}

impl From<&CorsConfig> for CorsSettings {
    fn from(config: &CorsConfig) -> Self {
        let list = |list: &Option<OneOrMany<String>>| list.as_ref().map(|list| list.0.clone());
        Self {
            origins: list(&config.origin),
            methods: list(&config.methods),
            allowed_headers: list(&config.allowed_headers),
            exposed_headers: list(&config.exposed_headers).unwrap_or_default(),
            credentials: config.credentials.unwrap_or_default(),
            max_age: config.max_age.map(Duration::from_secs),
        }
    }
}

/// Bounds of what clients may send, in size, number and time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait.
    pub connections: usize,
    /// Bytes of any request body; routes have tighter limits of their own.
    pub body: usize,
    /// Bytes of request line and headers together; more gives 431, a URL over 64 KiB 414.
    pub head: usize,
    /// Number of headers.
    pub headers: usize,
    /// Time to send the head of a request, and how long a connection may idle.
    pub head_timeout: Duration,
    /// Time for the TLS handshake.
    pub handshake_timeout: Duration,
    /// Streams at once in one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            body: 64 << 20,
            head: 128 << 10,
            headers: 100,
            head_timeout: Duration::from_mins(1),
            handshake_timeout: Duration::from_secs(10),
            streams: 200,
        }
    }
}

impl From<&ServerConfig> for Limits {
    fn from(config: &ServerConfig) -> Self {
        let defaults = Self::default();
        let headers = config
            .max_headers_count
            .and_then(|count| usize::try_from(count).ok());
        Self {
            headers: headers.unwrap_or(defaults.headers),
            head_timeout: config
                .headers_timeout
                .map_or(defaults.head_timeout, Millis::get),
            ..defaults
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(config: serde_json::Value) -> Result<HttpSettings> {
        let config: BackendConfig = serde_json::from_value(config).unwrap();
        HttpSettings::from_config(&config, Path::new("/data"))
    }

    #[test]
    fn the_keys_of_backstage_are_read() {
        let settings = settings(json!({
            "baseUrl": "https://portal.example.com/portal/",
            "listen": {"host": "127.0.0.1", "port": 8080},
            "https": true,
            "cors": {"origin": "http://localhost:3000", "credentials": true},
            "csp": {"connect-src": ["'self'"], "upgradeInsecureRequests": false},
            "health": {"headers": {"x-service": "portal"}},
            "lifecycle": {"serverShutdownDelay": "2s"},
            "server": {"headersTimeout": 1500, "maxHeadersCount": 50},
        }));
        let settings = settings.unwrap();
        assert_eq!(settings.base_path, "/portal");
        let host = Some("127.0.0.1".to_owned());
        assert_eq!(settings.listen, [Listen::Tcp { host, port: 8080 }]);
        let Some(Tls::SelfSigned { host, folder }) = settings.tls else {
            panic!("no certificate")
        };
        assert_eq!(
            (host.as_str(), folder.as_path()),
            ("portal.example.com", Path::new("/data"))
        );
        let cors = settings.cors.unwrap();
        assert_eq!(
            cors.origins.as_deref(),
            Some(&["http://localhost:3000".to_owned()][..])
        );
        assert!(cors.credentials);
        assert_eq!(settings.csp.len(), 2);
        assert_eq!(
            settings.health_headers,
            [("x-service".to_owned(), "portal".to_owned())]
        );
        assert_eq!(settings.shutdown_delay, Duration::from_secs(2));
        assert_eq!(settings.limits.head_timeout, Duration::from_millis(1500));
        assert_eq!(settings.limits.headers, 50);
    }

    #[test]
    fn without_keys_it_is_plain_http_on_the_default_port() {
        let settings = settings(json!({})).unwrap();
        assert_eq!(
            settings.listen,
            [Listen::Tcp {
                host: None,
                port: DEFAULT_PORT
            }]
        );
        assert!(settings.tls.is_none() && settings.cors.is_none());
        assert_eq!(settings.base_path, "");
    }

    #[test]
    fn a_bad_base_url_names_its_key() {
        let error = settings(json!({"baseUrl": "portal"})).unwrap_err();
        assert_eq!(error.message(), "`backend.baseUrl` is not a URL");
    }
}
