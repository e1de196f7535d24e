//! Embeds what the build of the web app left in `web/dist`; without one, the table is empty and
//! the crate serves a page that says how to build it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = root.join("../../web/dist");
    // The folder is there without a build of the app, too: a path that is missing would count as
    // changed every time.
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join("manifest.json").exists() {
        list(&dist, &dist, &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table(&dist, &files))
}

/// All files below `folder` as paths relative to `root`, with `/`.
fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// One entry for each file, with its packed forms where they exist.
fn table(dist: &Path, files: &[String]) -> String {
    let is_hidden = |name: &&String| name.starts_with('.');
    let is_packed = |name: &str| {
        let extension = Path::new(name).extension();
        extension.is_some_and(|extension| extension == "br" || extension == "gz")
    };
    let mut text = String::from("&[\n");
    let plain_files = files.iter().filter(|name| !is_packed(name));
    for name in plain_files.filter(|name| !is_hidden(name)) {
        let plain = included(dist, name);
        let packed = |suffix: &str| {
            let packed = format!("{name}.{suffix}");
            if files.binary_search(&packed).is_ok() {
                format!("Some({})", included(dist, &packed))
            } else {
                "None".to_owned()
            }
        };
        let _ = writeln!(
            text,
            "    Asset {{ path: {name:?}, plain: {plain}, brotli: {}, gzip: {} }},",
            packed("br"),
            packed("gz")
        );
    }
    text.push_str("]\n");
    text
}

fn included(dist: &Path, name: &str) -> String {
    format!(
        "include_bytes!({:?})",
        dist.join(name).display().to_string()
    )
}
