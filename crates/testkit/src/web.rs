//! A web in memory: the fake at the seam where the catalog reads URLs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use globset::GlobBuilder;
use integrations::{
    FileBody, FileKind, FolderFile, FoundFile, ReadError, ReadOutcome, ReadRequest, ReadUrl,
    SearchOutcome,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use url::Url;

/// How a URL fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// 401 or 403.
    Denied,
    /// Configuration forbids reading it.
    NotAllowed,
    /// 429, with the time to wait.
    RateLimited(Duration),
    /// 503, or no connection.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// More bytes than we take.
    TooLarge,
    /// An answer that makes no sense.
    Invalid,
}

impl Outage {
    /// Every way to fail; none of them says that a file is gone.
    pub const ALL: [Self; 7] = [
        Self::Denied,
        Self::NotAllowed,
        Self::RateLimited(Duration::from_secs(30)),
        Self::Unavailable,
        Self::Timeout,
        Self::TooLarge,
        Self::Invalid,
    ];

    fn error(self, url: &str) -> ReadError {
        let message = format!("could not read {url}, {self:?}");
        match self {
            Self::Denied => ReadError::Denied { message },
            Self::NotAllowed => ReadError::NotAllowed { message },
            Self::RateLimited(retry_after) => ReadError::RateLimited {
                message,
                retry_after,
            },
            Self::Unavailable => ReadError::Unavailable {
                message,
                retry_after: None,
                source: None,
            },
            Self::Timeout => ReadError::Timeout { message },
            Self::TooLarge => ReadError::TooLarge { message },
            Self::Invalid => ReadError::Invalid { message },
        }
    }
}

/// Files by URL; clones share them.
#[derive(Clone, Default)]
pub struct FakeWeb(Arc<Mutex<Files>>);

#[derive(Default)]
struct Files {
    by_url: BTreeMap<String, (Bytes, u64)>,
    version: u64,
    outages: BTreeMap<String, Outage>,
    gates: BTreeMap<String, watch::Receiver<bool>>,
    n_reads: BTreeMap<String, usize>,
    n_downloads: BTreeMap<String, usize>,
}

impl FakeWeb {
    /// Puts a file at a URL.
    pub fn put(&self, url: &str, text: impl Into<String>) {
        let bytes = Bytes::from(text.into());
        let mut files = self.0.lock();
        files.version += 1;
        let version = files.version;
        files.by_url.insert(url.to_owned(), (bytes, version));
    }

    /// Takes a file away: reading it says "not found".
    pub fn remove(&self, url: &str) {
        self.0.lock().by_url.remove(url);
    }

    /// Makes reads of a URL fail.
    pub fn fail(&self, url: &str, outage: Outage) {
        self.0.lock().outages.insert(url.to_owned(), outage);
    }

    /// Ends the failure of a URL.
    pub fn mend(&self, url: &str) {
        self.0.lock().outages.remove(url);
    }

    /// Keeps the answer to the next read of a URL until the gate opens; the answer is as of the
    /// time of the question.
    pub fn hold_next(&self, url: &str) -> Gate {
        let gate = Gate(watch::channel(true).0);
        self.0
            .lock()
            .gates
            .insert(url.to_owned(), gate.0.subscribe());
        gate
    }

    /// Reads of a URL so far, whatever came of them.
    pub fn n_reads(&self, url: &str) -> usize {
        self.0.lock().n_reads.get(url).copied().unwrap_or_default()
    }

    /// Reads of a URL that gave its content.
    pub fn n_downloads(&self, url: &str) -> usize {
        self.0
            .lock()
            .n_downloads
            .get(url)
            .copied()
            .unwrap_or_default()
    }

    /// Waits until a URL has been asked for more than `n` times.
    pub async fn wait_for_reads(&self, url: &str, n: usize) {
        while self.n_reads(url) <= n {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ask<T>(
        &self,
        url: &str,
        answer: impl FnOnce(&mut Files) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let (answer, gate) = {
            let mut files = self.0.lock();
            *files.n_reads.entry(url.to_owned()).or_default() += 1;
            (answer(&mut files), files.gates.remove(url))
        };
        if let Some(mut gate) = gate {
            // A gate that is gone is open.
            let _ = gate.wait_for(|is_closed| !is_closed).await;
        }
        answer
    }
}

/// A held answer; dropping it lets the answer go as well.
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Lets the answer go.
    pub fn open(self) {
        self.0.send_replace(false);
    }
}

impl Files {
    fn count_download(&mut self, url: &str) {
        *self.n_downloads.entry(url.to_owned()).or_default() += 1;
    }

    fn download(&self, url: &str) -> Result<(Bytes, u64), ReadError> {
        if let Some(outage) = self.outages.get(url) {
            return Err(outage.error(url));
        }
        let file = self.by_url.get(url).cloned();
        let message = || format!("could not read {url}, 404 Not Found");
        file.ok_or_else(|| ReadError::NotFound { message: message() })
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let mut glob = GlobBuilder::new(pattern);
        let matcher = glob
            .literal_separator(true)
            .build()
            .unwrap()
            .compile_matcher();
        self.by_url
            .keys()
            .filter(|url| matcher.is_match(url))
            .cloned()
            .collect()
    }

    fn search(&self, url: &str) -> Result<(Vec<FoundFile>, String), ReadError> {
        if let Some(outage) = self.outages.get(url) {
            return Err(outage.error(url));
        }
        let urls = if url.contains('*') {
            self.matching(url)
        } else {
            vec![url.to_owned()]
        };
        let mut found = Vec::new();
        let mut etag = String::new();
        for url in urls {
            match self.download(&url) {
                Ok((bytes, version)) => {
                    etag.push_str(&version.to_string());
                    etag.push('.');
                    found.push(FoundFile {
                        url: Url::parse(&url).unwrap(),
                        bytes,
                    });
                }
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
        }
        Ok((found, etag))
    }
}

#[async_trait]
impl ReadUrl for FakeWeb {
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let url = request.url.as_str();
        self.ask(url, |files| {
            let (bytes, version) = files.download(url)?;
            let etag = Some(version.to_string());
            if request.etag == etag {
                return Ok(ReadOutcome::NotModified);
            }
            files.count_download(url);
            Ok(ReadOutcome::Found(FileBody {
                bytes,
                etag,
                last_modified: None,
            }))
        })
        .await
    }

    async fn search(&self, request: &ReadRequest) -> Result<SearchOutcome, ReadError> {
        let url = request.url.as_str();
        self.ask(url, |files| {
            let (found, etag) = files.search(url)?;
            if request.etag.as_deref() == Some(&etag) && !found.is_empty() {
                return Ok(SearchOutcome::NotModified);
            }
            files.count_download(url);
            Ok(SearchOutcome::Found {
                files: found,
                etag: Some(etag),
            })
        })
        .await
    }

    async fn folder(&self, request: &ReadRequest) -> Result<Vec<FolderFile>, ReadError> {
        let url = request.url.as_str();
        let prefix = format!("{}/", url.trim_end_matches('/'));
        self.ask(url, |files| {
            let below = files.by_url.iter().filter_map(|(url, (bytes, _))| {
                Some(FolderFile {
                    path: url.strip_prefix(&prefix)?.to_owned(),
                    bytes: bytes.clone(),
                    kind: FileKind::Plain,
                })
            });
            let found: Vec<FolderFile> = below.collect();
            if found.is_empty() {
                let message = format!("there is nothing at {url}");
                return Err(ReadError::NotFound { message });
            }
            Ok(found)
        })
        .await
    }
}
