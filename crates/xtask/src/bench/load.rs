//! A load generator: keep-alive connections that send the next request when the answer is there.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::server::{Server, TOKEN};

/// A request under measurement.
pub(super) struct Request {
    pub(super) name: &'static str,
    /// Variants that are sent in turn, so that no single answer is measured.
    variants: Vec<Vec<u8>>,
}

/// What a load gave.
pub(super) struct Load {
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn get(path: &str) -> Vec<u8> {
    request("GET", path, "")
}

impl Request {
    /// The requests of the budget and of the baseline.
    pub(super) fn all(server: &Server) -> Result<Vec<Self>> {
        let sample = Sample::read(server)?;
        let mut requests = sample.queries();
        requests.extend(sample.facets());
        requests.extend(sample.lookups());
        Ok(requests)
    }

    /// The same number of bytes from memory.
    pub(super) fn yardstick(size: usize) -> Self {
        Self {
            name: "static",
            variants: vec![get(&format!("/.callboard/static/{size}"))],
        }
    }

    /// Bytes of a typical answer.
    pub(super) fn size(&self, server: &Server) -> Result<usize> {
        let mut connection = Connection::open(server.port)?;
        connection.ask(&self.variants[0])
    }
}

/// Components that requests are about.
struct Sample(Vec<Value>);

impl Sample {
    fn read(server: &Server) -> Result<Self> {
        let mut sample = server.json(
            "/api/catalog/entities/by-query?limit=200&filter=kind=component\
             &orderField=metadata.name,asc&offset=500&fields=metadata.name,spec.owner",
        )?;
        let items = sample["items"].as_array_mut().context("no items")?;
        Ok(Self(std::mem::take(items)))
    }

    fn texts(&self, pointer: &str) -> impl Iterator<Item = &str> {
        let texts = self.0.iter().filter_map(move |item| item.pointer(pointer));
        texts.filter_map(Value::as_str)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.texts("/metadata/name")
    }

    fn queries(&self) -> Vec<Request> {
        let by_query = "/api/catalog/entities/by-query?limit=20";
        let by_name = format!("{by_query}&filter=kind=component&orderField=metadata.name,asc");
        let types = ["service", "library", "website"].into_iter();
        let kinds: Vec<_> = types
            .flat_map(|kind| ["production", "experimental"].map(|life| (kind, life)))
            .collect();
        let three = |order: &str| {
            let pages = (0..20).flat_map(|page| kinds.iter().map(move |kind| (page * 20, kind)));
            pages
                .map(|(offset, (kind, life))| {
                    get(&format!(
                        "{by_query}&filter=kind=component,spec.type={kind},spec.lifecycle={life}\
                         &orderField={order}&offset={offset}"
                    ))
                })
                .collect()
        };
        let page = |page| get(&format!("{by_name}&offset={}", page * 20));
        let text = |name: &str| {
            let term = name.split('-').next().unwrap_or_default();
            get(&format!(
                "{by_name}&fullTextFilterTerm={term}\
                 &fullTextFilterFields=metadata.name,metadata.title"
            ))
        };
        vec![
            Request {
                name: "by-query 20, three filters, by name",
                variants: three("metadata.name,asc"),
            },
            Request {
                name: "by-query 20, three filters, by owner, descending",
                variants: three("spec.owner,desc"),
            },
            Request {
                name: "by-query 20, kind=component, by name",
                variants: (0..100).map(page).collect(),
            },
            Request {
                name: "by-query 20, the same with text",
                variants: self.names().map(text).collect(),
            },
        ]
    }

    fn facets(&self) -> Vec<Request> {
        let facets = "/api/catalog/entity-facets?facet=spec.type";
        let three = format!("{facets}&facet=spec.lifecycle&facet=spec.owner&filter=kind=component");
        let owned = |owner: &str| get(&format!("{three},spec.owner={owner}"));
        vec![
            Request {
                name: "facets, three keys, one filter",
                variants: vec![get(&three)],
            },
            Request {
                name: "facets, three keys, many filters",
                variants: self.texts("/spec/owner").map(owned).collect(),
            },
            Request {
                name: "facets, spec.type",
                variants: vec![get(facets)],
            },
        ]
    }

    fn lookups(&self) -> Vec<Request> {
        let by_name = |name: &str, rest: &str| {
            get(&format!(
                "/api/catalog/entities/by-name/component/default/{name}{rest}"
            ))
        };
        let refs = self.names().take(40);
        let refs: Vec<_> = refs
            .map(|name| format!("component:default/{name}"))
            .collect();
        vec![
            Request {
                name: "entity by name",
                variants: self.names().map(|name| by_name(name, "")).collect(),
            },
            Request {
                name: "by-refs, 40",
                variants: vec![request(
                    "POST",
                    "/api/catalog/entities/by-refs",
                    &json!({ "entityRefs": refs }).to_string(),
                )],
            },
            Request {
                name: "ancestry",
                variants: self
                    .names()
                    .take(20)
                    .map(|name| by_name(name, "/ancestry"))
                    .collect(),
            },
            Request {
                name: "entities, limit 20",
                variants: vec![get("/api/catalog/entities?limit=20")],
            },
        ]
    }
}

impl Load {
    /// Sends requests on several connections for a while.
    pub(super) fn run(
        server: &Server,
        request: &Request,
        connections: usize,
        duration: Duration,
    ) -> Result<Self> {
        let started = Instant::now();
        let end = started + duration;
        let results: Vec<Result<Vec<u32>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..connections)
                .map(|first| scope.spawn(move || ask_until(server.port, request, first, end)))
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("load thread failed")))
            };
            threads.into_iter().map(join).collect()
        });
        let elapsed = started.elapsed();
        let mut micros = Vec::new();
        for result in results {
            micros.extend(result?);
        }
        ensure!(!micros.is_empty(), "no answer within {duration:?}");
        micros.sort_unstable();
        let at = |share: usize| {
            Duration::from_micros(u64::from(micros[(micros.len() - 1) * share / 100]))
        };
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let per_second = micros.len() as f64 / elapsed.as_secs_f64();
        Ok(Self {
            per_second,
            p50: at(50),
            p99: at(99),
        })
    }
}

/// Microseconds of each answer.
fn ask_until(port: u16, request: &Request, first: usize, end: Instant) -> Result<Vec<u32>> {
    let mut connection = Connection::open(port)?;
    let mut micros = Vec::new();
    let mut next = first;
    loop {
        let started = Instant::now();
        if started >= end {
            return Ok(micros);
        }
        connection.ask(&request.variants[next % request.variants.len()])?;
        next += 1;
        micros.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self {
            stream,
            buffer: vec![0; 1 << 16],
        })
    }

    /// Sends a request and reads its answer to the end; the size of the body.
    fn ask(&mut self, request: &[u8]) -> Result<usize> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let (head, length) = loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let n = self.stream.read(&mut self.buffer[filled..])?;
            ensure!(n > 0, "connection closed");
            filled += n;
            if let Some(found) = head_of(&self.buffer[..filled])? {
                break found;
            }
        };
        let mut left = (head + length).saturating_sub(filled);
        while left > 0 {
            let room = left.min(self.buffer.len());
            let n = self.stream.read(&mut self.buffer[..room])?;
            ensure!(n > 0, "connection closed");
            left -= n;
        }
        Ok(length)
    }
}

/// Length of the head and of the body, once the head is complete.
fn head_of(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).context("head is not text")?;
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "{}",
        head.lines().next().unwrap_or_default()
    );
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Ok(Some((
        end + 4,
        length.context("answer without content-length")?.parse()?,
    )))
}
