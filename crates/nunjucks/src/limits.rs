//! How much a template may cost.

use crate::error::{ErrorKind, Fault, Result};

/// Bounds on one template and on one rendering of it.
///
/// The defaults are those of Backstage where it has the same bound; the depth is lower, because
/// no template comes near it and a thread's stack is finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of source.
    pub source: usize,
    /// Nodes of the parsed template.
    pub nodes: usize,
    /// Nesting of brackets and blocks in the source, and of evaluation, macros included.
    pub depth: usize,
    /// Steps of one rendering: evaluated nodes and visited elements.
    pub work: usize,
    /// Bytes of texts that one rendering makes on the way, also those it drops again.
    pub scratch: usize,
    /// Bytes that one rendering puts out.
    pub output: usize,
    /// Calls of filters and functions of the host in one rendering.
    pub calls: usize,
}

impl Limits {
    const DEFAULT: Self = Self {
        source: 4 << 20,
        nodes: 1_000_000,
        depth: 200,
        work: 1_000_000,
        scratch: 256 << 20,
        output: 16 << 20,
        calls: 4_096,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is left of the limits of one rendering.
#[derive(Debug)]
pub(crate) struct Meter {
    work: usize,
    scratch: usize,
    output: usize,
    calls: usize,
    depth: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            work: limits.work,
            scratch: limits.scratch,
            output: limits.output,
            calls: limits.calls,
            depth: limits.depth,
        }
    }

    /// Takes steps.
    #[inline]
    pub(crate) fn work(&mut self, n_steps: usize) -> Result<()> {
        take(&mut self.work, n_steps, "steps")
    }

    /// Takes the room of a text.
    #[inline]
    pub(crate) fn scratch(&mut self, n_bytes: usize) -> Result<()> {
        take(&mut self.scratch, n_bytes, "room for intermediate texts")
    }

    /// Takes room in the output.
    #[inline]
    pub(crate) fn output(&mut self, n_bytes: usize) -> Result<()> {
        take(&mut self.output, n_bytes, "output")
    }

    /// Takes a call of the host.
    pub(crate) fn call(&mut self) -> Result<()> {
        take(&mut self.calls, 1, "calls of the host")
    }

    /// Whether evaluation may be nested that deep.
    #[inline]
    pub(crate) fn check_depth(&self, depth: usize) -> Result<()> {
        if depth > self.depth {
            return Err(exceeded("nesting"));
        }
        Ok(())
    }
}

#[inline]
fn take(left: &mut usize, amount: usize, what: &str) -> Result<()> {
    match left.checked_sub(amount) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => Err(exceeded(what)),
    }
}

/// The template needs more than its share of something.
#[cold]
pub(crate) fn exceeded(what: &str) -> Fault {
    Fault::new(
        ErrorKind::Limit,
        format!("the template needs too much: the limit of {what} is exceeded"),
    )
}
