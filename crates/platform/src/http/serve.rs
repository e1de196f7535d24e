//! Accepting connections, and ending them politely.
//!
//! Invariants: connections are bounded in number, and in time while they say nothing; after the
//! shutdown began no connection outlives the drain timeout.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Result;

use super::front::Front;
use super::listen::{BindError, Socket};
use super::settings::{HttpSettings, Limits};
use super::tls;

/// Pause after a failed accept, which mostly means that files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Open sockets that nobody accepts from yet.
pub struct Server {
    sockets: Vec<Socket>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    shutdown_delay: Duration,
    drain_timeout: Duration,
}

impl Server {
    /// Opens all sockets; [`BindError`] names the one that failed, and why.
    pub async fn bind(settings: &HttpSettings) -> Result<Self, anyhow::Error> {
        let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
        let mut sockets = Vec::with_capacity(settings.listen.len());
        for listen in &settings.listen {
            let socket: Result<_, BindError> = Socket::open(listen).await;
            sockets.push(socket?);
        }
        Ok(Self {
            sockets,
            tls,
            limits: settings.limits,
            shutdown_delay: settings.shutdown_delay,
            drain_timeout: settings.drain_timeout,
        })
    }

    /// The TCP addresses that were bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets
            .iter()
            .filter_map(Socket::tcp_address)
            .collect()
    }

    /// Serves until `shutdown`, then finishes what was begun, within bounds.
    pub async fn run(self, front: Front, shutdown: CancellationToken) {
        let connections = Connections {
            http: Arc::new(protocols(&self.limits)),
            tls: self.tls,
            front,
            permits: Arc::new(Semaphore::new(self.limits.connections)),
            handshake_timeout: self.limits.handshake_timeout,
            head_timeout: self.limits.head_timeout,
            stop: CancellationToken::new(),
            drain_timeout: self.drain_timeout,
            tasks: TaskTracker::new(),
        };
        let acceptors = TaskTracker::new();
        for socket in self.sockets {
            tracing::info!(address = %socket, "listening");
            acceptors.spawn(connections.clone().accept_from(socket));
        }
        acceptors.close();
        shutdown.cancelled().await;
        connections.front.readiness().set_leaving();
        tokio::time::sleep(self.shutdown_delay).await;
        connections.front.readiness().set_shutting_down();
        connections.stop.cancel();
        acceptors.wait().await;
        connections.tasks.close();
        connections.tasks.wait().await;
    }
}

fn protocols(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.head);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.handshake_timeout);
    http
}

/// What every connection shares.
#[derive(Clone)]
struct Connections {
    http: Arc<auto::Builder<TokioExecutor>>,
    tls: Option<TlsAcceptor>,
    front: Front,
    permits: Arc<Semaphore>,
    handshake_timeout: Duration,
    head_timeout: Duration,
    /// No new connections; open ones end after their current request.
    stop: CancellationToken,
    /// How long they may take for that.
    drain_timeout: Duration,
    tasks: TaskTracker,
}

impl Connections {
    async fn accept_from(self, socket: Socket) {
        while let Some(permit) = self.permit().await {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.accept(&socket, permit) => accepted,
            };
            if let Err(error) = accepted {
                tracing::warn!(%error, "connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            permit = Arc::clone(&self.permits).acquire_owned() => permit.ok(),
        }
    }

    async fn accept(&self, socket: &Socket, permit: OwnedSemaphorePermit) -> io::Result<()> {
        match socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are written at once; waiting for more only delays them.
                let _ = stream.set_nodelay(true);
                self.start(
                    self.clone().serve_tcp(stream, peer.ip().to_canonical()),
                    permit,
                );
            }
            Socket::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                self.start(self.clone().serve(stream, None), permit);
            }
        }
        Ok(())
    }

    fn start(
        &self,
        connection: impl Future<Output = ()> + Send + 'static,
        permit: OwnedSemaphorePermit,
    ) {
        self.tasks.spawn(async move {
            connection.await;
            drop(permit);
        });
    }

    async fn serve_tcp(self, stream: TcpStream, peer: IpAddr) {
        let Some(tls) = self.tls.clone() else {
            return self.serve(stream, Some(peer)).await;
        };
        match tokio::time::timeout(self.handshake_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, Some(peer)).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        }
    }

    async fn serve<S>(self, stream: S, peer: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let front = self.front.clone();
        let spoke = Arc::new(AtomicBool::new(false));
        let silence = silence(Arc::clone(&spoke), self.head_timeout);
        let service = service_fn(move |request: http::Request<Incoming>| {
            spoke.store(true, Ordering::Relaxed);
            let front = front.clone();
            async move { Ok::<_, Infallible>(front.answer(request, peer).await) }
        });
        let http = Arc::clone(&self.http);
        let mut connection =
            pin!(http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        // A token of its own: connections do not queue for the lock of a common one.
        let stop = self.stop.child_token();
        let outcome = tokio::select! {
            biased;
            outcome = connection.as_mut() => Some(outcome),
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(self.drain_timeout, connection).await.ok()
            }
            () = silence => return tracing::debug!("connection said nothing"),
        };
        match outcome {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(error, "connection failed"),
            None => tracing::warn!("connection was cut off by the shutdown"),
        }
    }
}

/// Ends when a connection has not sent a whole request within the limit, and never otherwise.
///
/// hyper bounds the time of a head only once it knows which version of HTTP is spoken.
async fn silence(spoke: Arc<AtomicBool>, limit: Duration) {
    tokio::time::sleep(limit).await;
    if spoke.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
