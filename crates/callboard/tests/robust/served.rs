//! A web server of files in memory, which counts how often each is fetched.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use parking_lot::Mutex;

/// The files; clones share them. The server ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct Served {
    files: Arc<Mutex<HashMap<String, File>>>,
    host: String,
}

#[derive(Default)]
struct File {
    text: Option<String>,
    n_fetched: usize,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let served = Self {
            files: Arc::default(),
            host,
        };
        let router = Router::new().fallback(answer).with_state(served.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        served
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The URL of a file.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.host)
    }

    /// Serves a file from now on.
    pub(crate) fn put(&self, url: &str, text: String) {
        self.files.lock().entry(url.to_owned()).or_default().text = Some(text);
    }

    /// How often each file was fetched since it was last asked.
    pub(crate) fn take_fetched(&self) -> HashMap<String, usize> {
        let mut files = self.files.lock();
        files
            .iter_mut()
            .map(|(url, file)| (url.clone(), std::mem::take(&mut file.n_fetched)))
            .collect()
    }
}

async fn answer(State(served): State<Served>, request: Request) -> Response {
    let url = served.url(request.uri().path().trim_start_matches('/'));
    let mut files = served.files.lock();
    let file = files.entry(url).or_default();
    file.n_fetched += 1;
    let (status, text) = match &file.text {
        Some(text) => (200, text.clone()),
        None => (404, String::new()),
    };
    Response::builder()
        .status(status)
        .body(Body::from(text))
        .unwrap()
}
