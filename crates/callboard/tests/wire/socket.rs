//! HTTP/1.1 on a bare socket, so that nothing between the test and the portal adds or hides
//! anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Raw {
    /// A header; empty without one.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Option<&str>,
) -> std::io::Result<Raw> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n").into_bytes();
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n")?;
    }
    if let Some(body) = body {
        write!(request, "Content-Length: {}\r\n", body.len())?;
    }
    write!(request, "\r\n{}", body.unwrap_or_default())?;
    stream.write_all(&request)?;
    receive(&mut BufReader::new(stream), method)
}

fn receive(stream: &mut impl BufRead, method: &str) -> std::io::Result<Raw> {
    let status_line = line(stream)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut raw = Raw {
        status,
        headers,
        body: Vec::new(),
    };
    if method == "HEAD" || matches!(status, 204 | 304) {
        return Ok(raw);
    }
    if raw.header("transfer-encoding") == "chunked" {
        read_chunks(stream, &mut raw.body)?;
    } else if let Ok(length) = raw.header("content-length").parse() {
        raw.body.resize(length, 0);
        stream.read_exact(&mut raw.body)?;
    } else {
        stream.read_to_end(&mut raw.body)?;
    }
    Ok(raw)
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> std::io::Result<()> {
    loop {
        let size = usize::from_str_radix(&line(stream)?, 16);
        let size = size.map_err(|_| std::io::ErrorKind::InvalidData)?;
        stream.by_ref().take(size as u64).read_to_end(body)?;
        line(stream)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// A line without its end.
pub(crate) fn line(stream: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
