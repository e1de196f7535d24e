//! Lines of git's protocols: four hexadecimal digits of length, then the line.

use platform::{Error, Result};

/// The packet that ends a list.
pub(super) const FLUSH: &str = "0000";

/// A line as a packet.
pub(super) fn packet(line: &str) -> String {
    format!("{:04x}{line}", line.len() + 4)
}

/// The packets of an answer; `None` ends a list.
pub(super) fn packets(mut bytes: &[u8]) -> Result<Vec<Option<&[u8]>>> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let (line, rest) = split_packet(bytes)?;
        packets.push(line);
        bytes = rest;
    }
    Ok(packets)
}

/// The first packet, and what follows it.
pub(super) fn split_packet(bytes: &[u8]) -> Result<(Option<&[u8]>, &[u8])> {
    let broken = || Error::unavailable("the host does not speak git's protocol");
    let (len, rest) = bytes.split_at_checked(4).ok_or_else(broken)?;
    let len = std::str::from_utf8(len).map_err(|_| broken())?;
    let len = usize::from_str_radix(len, 16).map_err(|_| broken())?;
    if len < 4 {
        return Ok((None, rest));
    }
    let (line, rest) = rest.split_at_checked(len - 4).ok_or_else(broken)?;
    Ok((Some(line), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_as_they_are_written() {
        let text = format!("{}{}{FLUSH}", packet("a\n"), packet(""));
        assert_eq!(text, "0006a\n00040000");
        let found = packets(text.as_bytes()).unwrap();
        assert_eq!(found, [Some(&b"a\n"[..]), Some(&b""[..]), None]);
        for broken in ["000", "zzzz", "0009a"] {
            assert!(packets(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
