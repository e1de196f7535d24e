//! What checks find: the first mistake, as the catalog tells it, or all of them.

/// Most mistakes kept of one check; nobody reads more.
const MOST: usize = 100;

/// Takes mistakes. A check passes on what [`Findings::add`] gives with `?`, so that it ends at the
/// first one where nobody asks for more.
#[derive(Debug)]
pub(crate) struct Findings<T>(Option<Vec<T>>);

impl<T> Findings<T> {
    /// Ends the check at the first mistake.
    pub(crate) fn first() -> Self {
        Self(None)
    }

    /// Collects mistakes.
    pub(crate) fn all() -> Self {
        Self(Some(Vec::new()))
    }

    /// Adds a mistake; an error ends the check.
    pub(crate) fn add(&mut self, mistake: T) -> Result<(), T> {
        match &mut self.0 {
            Some(all) if all.len() < MOST => {
                all.push(mistake);
                Ok(())
            }
            _ => Err(mistake),
        }
    }

    /// What was collected by a check.
    pub(crate) fn of(check: impl FnOnce(&mut Self) -> Result<(), T>) -> Vec<T> {
        let mut findings = Self::all();
        // An error says that there are more than are kept.
        let _ = check(&mut findings);
        findings.0.unwrap_or_default()
    }
}
