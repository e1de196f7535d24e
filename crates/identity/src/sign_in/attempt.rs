//! What an operator learns of a sign-in that failed.

use platform::Millis;
use serde::{Deserialize, Serialize};

/// A sign-in of somebody whom the provider vouched for and the catalog does not know, or the like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedSignIn {
    /// What the person was told to give to an operator.
    pub id: String,
    /// When.
    pub at: Millis,
    /// Id of the provider.
    pub provider: String,
    /// Environment of the provider; none for those that have none.
    pub environment: Option<String>,
    /// Names of the claims that came.
    pub claims: Vec<String>,
    /// What was tried, in order.
    pub steps: Vec<FailedStep>,
    /// What to do.
    pub fix: String,
}

/// What one resolver did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedStep {
    /// Name of the resolver; none when it did not come to that.
    pub resolver: Option<String>,
    /// The entity it looked for.
    pub looked_for: Option<String>,
    /// What it found.
    pub outcome: String,
}

impl FailedSignIn {
    /// One line per step: resolver, what it looked for, what it found.
    pub fn story(&self) -> String {
        let line = |step: &FailedStep| {
            let resolver = step.resolver.as_deref().unwrap_or("provider");
            match &step.looked_for {
                Some(looked_for) => format!("{resolver}: {looked_for}: {}", step.outcome),
                None => format!("{resolver}: {}", step.outcome),
            }
        };
        let lines: Vec<String> = self.steps.iter().map(line).collect();
        lines.join("; ")
    }
}
