//! Rule `crate-direction`: who may depend on whom.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{Finding, Tree};

const RULE: &str = "crate-direction";

/// Tier of every crate: a crate may depend on its own tier and on those below.
const TIERS: [(&str, u8); 27] = [
    ("model", 0),
    ("index", 0),
    ("nunjucks", 0),
    ("score", 0),
    ("platform", 1),
    ("integrations", 1),
    ("audit", 1),
    ("catalog", 2),
    ("identity", 2),
    ("org", FEATURE),
    ("permission", FEATURE),
    ("proxy", FEATURE),
    ("settings", FEATURE),
    ("scaffolder", FEATURE),
    ("techdocs", FEATURE),
    ("search", FEATURE),
    ("kubernetes", FEATURE),
    ("governance", FEATURE),
    ("delivery", FEATURE),
    ("notifications", FEATURE),
    ("plugins", FEATURE),
    ("mcp", FEATURE),
    ("web", FEATURE),
    ("callboard", BINARY),
    ("testkit", TOOL),
    ("xtask", TOOL),
    ("bench", TOOL),
];
/// Features meet through `platform` and through the handle of `catalog`, never directly.
const FEATURE: u8 = 3;
const BINARY: u8 = 4;
/// Never part of the product.
const TOOL: u8 = 5;

/// A member of the workspace.
#[derive(Deserialize)]
pub struct Package {
    /// Crate name.
    pub name: String,
    /// Every dependency, ours or not.
    pub dependencies: Vec<Dependency>,
}

/// One edge out of a [`Package`].
#[derive(Deserialize)]
pub struct Dependency {
    /// Crate name.
    pub name: String,
    /// `None` for an ordinary one, otherwise `dev` or `build`.
    pub kind: Option<String>,
    /// Folder, for crates of this workspace.
    pub path: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// Asks cargo for the members of the workspace at `root`.
pub(super) fn load(root: &Path) -> Result<Vec<Package>> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .context("cannot start `cargo metadata`")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo metadata` failed: {stderr}");
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.packages)
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let manifest = format!("crates/{}/Cargo.toml", package.name);
        if tier(&package.name).is_none() {
            let message = "this crate has no tier: add it to TIERS in the tidy rule";
            findings.push(Finding::error(RULE, &manifest, 0, message));
        }
        for dependency in package.dependencies.iter().filter(|it| it.path.is_some()) {
            if let Some(message) = objection(package, dependency) {
                findings.push(Finding::error(RULE, &manifest, 0, message));
            }
        }
    }
    findings
}

/// Why `package` must not have this dependency.
fn objection(package: &Package, dependency: &Dependency) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    let (from_tier, to_tier) = (tier(from)?, tier(to)?);
    let is_dev = dependency.kind.as_deref() == Some("dev");
    if to_tier == TOOL {
        return (to != "testkit" || !is_dev)
            .then(|| format!("`{to}` is for tests: only `testkit`, only in [dev-dependencies]"));
    }
    if from_tier >= BINARY {
        return None;
    }
    if to_tier > from_tier {
        return Some(format!(
            "tier {from_tier} must not depend on `{to}` of tier {to_tier}"
        ));
    }
    if from_tier == FEATURE && to_tier == FEATURE {
        return Some(format!(
            "features never depend on each other, here on `{to}`: use platform"
        ));
    }
    (to == "identity")
        .then(|| "use the traits of `platform` instead of `identity`; callboard wires them".into())
}

fn tier(name: &str) -> Option<u8> {
    TIERS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, tier)| *tier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(from: &str, to: &str, kind: Option<&str>) -> usize {
        let dependency = Dependency {
            name: to.into(),
            kind: kind.map(Into::into),
            path: Some(format!("crates/{to}")),
        };
        let package = Package {
            name: from.into(),
            dependencies: vec![dependency],
        };
        check(&Tree {
            packages: vec![package],
            ..Tree::default()
        })
        .len()
    }

    #[test]
    fn edges_point_down() {
        let dev = Some("dev");
        for (from, to, kind, n_objections) in [
            ("catalog", "platform", None, 0),
            ("index", "model", None, 0),
            ("integrations", "platform", None, 0),
            ("callboard", "identity", None, 0),
            ("callboard", "search", None, 0),
            ("catalog", "testkit", dev, 0),
            ("testkit", "callboard", None, 0),
            ("model", "platform", None, 1),
            ("platform", "catalog", None, 1),
            ("platform", "catalog", dev, 1),
            ("catalog", "callboard", None, 1),
            ("search", "techdocs", None, 1),
            ("catalog", "identity", None, 1),
            ("scaffolder", "identity", None, 1),
            ("catalog", "testkit", None, 1),
            ("catalog", "xtask", dev, 1),
            ("nobody-knows", "model", None, 1),
        ] {
            assert_eq!(
                objections(from, to, kind),
                n_objections,
                "{from} -> {to} {kind:?}"
            );
        }
    }

    #[test]
    fn crates_of_others_are_not_judged() {
        let dependency = Dependency {
            name: "catalog".into(),
            kind: None,
            path: None,
        };
        let package = Package {
            name: "model".into(),
            dependencies: vec![dependency],
        };
        assert!(
            check(&Tree {
                packages: vec![package],
                ..Tree::default()
            })
            .is_empty()
        );
    }
}
