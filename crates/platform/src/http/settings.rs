//! What the HTTP shell needs to know, in its own terms.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::DEFAULT_PORT;

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
    /// Serves `/.callboard/static/<bytes>`, the yardstick of benchmarks.
    pub bench: bool,
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
