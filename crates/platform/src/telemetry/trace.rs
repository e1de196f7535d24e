//! W3C trace context: which trace a request belongs to.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// A position in a trace: the trace, and the span that stands for the current request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: NonZeroU128,
    /// The request's own span.
    pub span_id: NonZeroU64,
    /// The caller's span, when it sent one.
    pub parent_id: Option<NonZeroU64>,
    /// Whether the caller records the trace; we do, unless it says otherwise.
    pub sampled: bool,
}

impl TraceContext {
    /// A new trace.
    pub fn root() -> Self {
        Self {
            trace_id: random_trace_id(),
            span_id: random_span_id(),
            parent_id: None,
            sampled: true,
        }
    }

    /// A new span below the caller's `traceparent`, or a new trace when that is not valid.
    pub fn continuing(traceparent: Option<&[u8]>) -> Self {
        let Some((trace_id, parent_id, flags)) = traceparent.and_then(parse) else {
            return Self::root();
        };
        Self {
            trace_id,
            span_id: random_span_id(),
            parent_id: Some(parent_id),
            sampled: flags & 1 == 1,
        }
    }

    /// The trace id as 32 hex digits.
    pub fn trace_id_hex(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The context below which a request we send continues the trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: random_span_id(),
            parent_id: Some(self.span_id),
            ..*self
        }
    }
}

impl fmt::Display for TraceContext {
    /// Writes the value of a `traceparent` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(
            f,
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.span_id
        )
    }
}

/// Reads `version-trace-parent-flags`; later versions may append more.
fn parse(header: &[u8]) -> Option<(NonZeroU128, NonZeroU64, u8)> {
    let text = std::str::from_utf8(header).ok()?;
    let mut parts = text.splitn(5, '-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let parent_id = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    if version == 0xff || (version == 0 && parts.next().is_some()) {
        return None;
    }
    Some((
        NonZeroU128::new(trace_id)?,
        NonZeroU64::new(u64::try_from(parent_id).ok()?)?,
        u8::try_from(flags).ok()?,
    ))
}

fn hex(digits: &str, len: usize) -> Option<u128> {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let valid = digits.len() == len && digits.bytes().all(lower_hex);
    valid.then(|| u128::from_str_radix(digits, 16).ok())?
}

fn random_trace_id() -> NonZeroU128 {
    NonZeroU128::new(rand::random()).unwrap_or(NonZeroU128::MIN)
}

/// A fresh span id.
pub(super) fn random_span_id() -> NonZeroU64 {
    NonZeroU64::new(rand::random()).unwrap_or(NonZeroU64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_parents_are_continued_and_others_start_a_trace() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let cases = [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), Some(true)),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), Some(false)),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-more"), Some(true)),
            (format!("00-{TRACE}-00f067aa0ba902b7-01-more"), None),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), None),
            (
                format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
                None,
            ),
            (format!("00-{TRACE}-0000000000000000-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (format!("00-{TRACE}-00f067aa0ba902b7"), None),
            (format!("00-{TRACE}-+0f067aa0ba902b7-01"), None),
            (String::new(), None),
        ];
        for (header, sampled) in cases {
            let context = TraceContext::continuing(Some(header.as_bytes()));
            let continued = (context.trace_id_hex() == TRACE).then_some(context.sampled);
            assert_eq!(continued, sampled, "{header}");
            assert_eq!(context.parent_id.is_some(), sampled.is_some(), "{header}");
        }
    }

    #[test]
    fn the_context_is_written_as_a_header() {
        let context = TraceContext::continuing(None);
        let child = TraceContext::continuing(Some(context.to_string().as_bytes()));
        assert_eq!(child.trace_id, context.trace_id);
        assert_eq!(child.parent_id, Some(context.span_id));
        assert_ne!(child.span_id, context.span_id);
        assert_eq!(context.child().parent_id, Some(context.span_id));
    }
}
