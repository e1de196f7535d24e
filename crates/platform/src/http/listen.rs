//! Sockets the server listens on, and who has them when they are taken.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fs, process};

use thiserror::Error;
use tokio::net::{TcpListener, UnixListener, UnixStream, lookup_host};

use super::settings::Listen;

/// Why a socket could not be opened, with what to change.
#[derive(Debug, Error)]
#[error("cannot listen on {address} (`backend.listen`): {reason}")]
pub struct BindError {
    address: String,
    reason: String,
    #[source]
    source: Option<io::Error>,
}

/// An open socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Removes the socket file when the listener is gone.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Socket {
    pub(super) async fn open(listen: &Listen) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp { host, port } => open_tcp(host.as_deref(), *port).await.map(Self::Tcp),
            Listen::Unix { path, mode } => {
                let (listener, file) = open_unix(path, *mode).await?;
                Ok(Self::Unix(listener, file))
            }
        }
    }

    /// The TCP address that was bound.
    pub(super) fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(_) => f.write_str("a TCP port"),
            },
            Self::Unix(_, file) => write!(f, "{}", file.0.display()),
        }
    }
}

async fn open_tcp(host: Option<&str>, port: u16) -> Result<TcpListener, BindError> {
    let shown = format!("{}:{port}", host.unwrap_or("*"));
    let addresses = addresses(host, port).await;
    let addresses = addresses.map_err(|error| failure(&shown, "the host is not known", error))?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            // Without IPv6 the next address is tried; a port that is taken is not free on IPv4 either.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(failure(&shown, &in_use(port), error));
            }
            Err(error) => last = error,
        }
    }
    let reason = match last.kind() {
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges",
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address",
        _ => "the system refused",
    };
    Err(failure(&shown, reason, last))
}

/// All interfaces are those of IPv6, which include IPv4 ones; without IPv6, those of IPv4.
async fn addresses(host: Option<&str>, port: u16) -> io::Result<Vec<SocketAddr>> {
    let Some(host) = host else {
        let any = [
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ];
        return Ok(any.map(|ip| SocketAddr::new(ip, port)).into());
    };
    Ok(lookup_host((host, port)).await?.collect())
}

fn failure(address: &str, reason: &str, source: io::Error) -> BindError {
    BindError {
        address: address.to_owned(),
        reason: reason.to_owned(),
        source: Some(source),
    }
}

async fn open_unix(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), BindError> {
    let shown = path.display().to_string();
    remove_stale(path).await.map_err(|reason| BindError {
        address: shown.clone(),
        reason: reason.to_owned(),
        source: None,
    })?;
    // Bound under another name first: nobody can connect before the mode is set.
    let draft = path.with_extension(format!("{}.new", process::id()));
    let open = || {
        let listener = UnixListener::bind(&draft)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(mode))?;
        fs::rename(&draft, path)?;
        Ok(listener)
    };
    let listener = open().map_err(|error| {
        let _ = fs::remove_file(&draft);
        failure(&shown, "the system refused", error)
    })?;
    Ok((listener, SocketFile(path.to_owned())))
}

/// Removes the socket of a server that is gone, and nothing else.
async fn remove_stale(path: &Path) -> Result<(), &'static str> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err("a file that is not a socket has this name");
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|_| "the socket of an earlier server cannot be removed")
        }
        _ => Err("another server uses this socket"),
    }
}

fn in_use(port: u16) -> String {
    match owner(port) {
        Some((pid, name)) => format!("the port is taken by process {pid} ({name})"),
        None => "the port is taken by another process".to_owned(),
    }
}

/// The process that listens on a port, where `/proc` tells.
fn owner(port: u16) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let inodes: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| table.lines().filter_map(|line| listening_inode(line, port)))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let files = fs::read_dir(process.path().join("fd")).ok()?.flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        let owns = |target: PathBuf| {
            inodes
                .iter()
                .any(|inode| target.as_os_str() == inode.as_str())
        };
        targets.any(owns).then_some(())?;
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        Some((pid, name.trim().to_owned()))
    })
}

/// The inode in a line of `/proc/net/tcp`, when it listens on the port.
fn listening_inode(line: &str, port: u16) -> Option<&str> {
    const LISTEN: &str = "0A";
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
    let matches =
        u16::from_str_radix(local_port, 16) == Ok(port) && columns.get(3) == Some(&LISTEN);
    matches.then(|| columns.get(9).copied())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(port: u16) -> Listen {
        Listen::Tcp {
            host: Some("127.0.0.1".to_owned()),
            port,
        }
    }

    #[tokio::test]
    async fn a_taken_port_names_its_owner_and_the_key() {
        let first = Socket::open(&loopback(0)).await.unwrap();
        let port = first.tcp_address().unwrap().port();
        let error = Socket::open(&loopback(port)).await.unwrap_err().to_string();
        let expected =
            format!("cannot listen on 127.0.0.1:{port} (`backend.listen`): the port is taken by");
        assert!(error.starts_with(&expected), "{error}");
        if cfg!(target_os = "linux") {
            assert!(
                error.contains(&format!("process {} (", process::id())),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn unusable_addresses_say_why() {
        let cases = [
            ("192.0.2.1", "this machine does not have the address"),
            ("no-such-host.invalid", "the host is not known"),
        ];
        for (host, reason) in cases {
            let listen = Listen::Tcp {
                host: Some(host.to_owned()),
                port: 0,
            };
            let error = Socket::open(&listen).await.unwrap_err();
            assert_eq!(error.reason, reason, "{host}");
        }
    }

    #[tokio::test]
    async fn only_sockets_of_the_dead_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callboard.sock");
        let listen = Listen::Unix {
            path: path.clone(),
            mode: 0o600,
        };

        let first = Socket::open(&listen).await.unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let error = Socket::open(&listen).await.unwrap_err();
        assert_eq!(error.reason, "another server uses this socket");
        drop(first);
        assert!(!path.exists());

        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Socket::open(&listen).await.unwrap());

        fs::write(&path, "precious").unwrap();
        let error = Socket::open(&listen).await.unwrap_err();
        assert_eq!(error.reason, "a file that is not a socket has this name");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
