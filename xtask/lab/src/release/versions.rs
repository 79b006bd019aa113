//! The version of the crates, in manifests and in the examples of the documentation.

use crate::{Result, files};
use cargo_metadata::semver::Version;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The templates for CI systems, which install the command.
const TEMPLATES: [&str; 2] = ["ci/github/action.yml", "ci/gitlab/wasmport.yml"];

/// Writes the new version wherever the old one stands in a working copy.
pub(super) fn set(root: &Path, old: &Version, new: &Version) -> Result {
    for manifest in ["Cargo.toml", "crates/cargo-wasmport/Cargo.toml"] {
        let path = root.join(manifest);
        let text = files::read(&path)?;
        files::write(&path, in_manifest(&text, old, new))?;
    }
    for template in TEMPLATES {
        let path = root.join(template);
        let text = files::read(&path)?.replace(&format!(": {old}\n"), &format!(": {new}\n"));
        files::write(&path, text)?;
    }
    for page in pages(root)? {
        files::update(&page, in_page(&files::read(&page)?, old, new))?;
    }
    Ok(())
}

/// Replaces the version of the crates, which no dependency has by chance: those lines name a crate of ours.
fn in_manifest(text: &str, old: &Version, new: &Version) -> String {
    let is_ours = |line: &str| line.starts_with("version = ") || line.starts_with("wasmport");
    let replaced = text.lines().map(|line| match is_ours(line) {
        true => line.replace(&format!("\"{old}\""), &format!("\"{new}\"")) + "\n",
        false => format!("{line}\n"),
    });
    replaced.collect()
}

/// Replaces the compatible version, such as `wasmport = "0.1"`.
fn in_page(text: &str, old: &Version, new: &Version) -> String {
    // Templates and hooks are named with the tag of the release.
    let mut text = text.replace(&format!("@v{old}"), &format!("@v{new}"));
    text = text.replace(&format!("rev: v{old}"), &format!("rev: v{new}"));
    for name in ["wasmport", "wasmport-build", "wasmport-cli"] {
        for prefix in ["= \"", "= { version = \""] {
            let entry =
                |version: &Version| format!("{name} {prefix}{}.{}\"", version.major, version.minor);
            text = text.replace(&entry(old), &entry(new));
        }
    }
    text
}

/// Returns all pages that show how to depend on the crates.
fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "crates"] {
        for entry in WalkDir::new(root.join(folder)) {
            let path = entry?.into_path();
            if path.extension().is_some_and(|extension| extension == "md") && !is_link(&path) {
                pages.push(path);
            }
        }
    }
    Ok(pages)
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_versions_change() {
        let (old, new) = (Version::new(0, 1, 0), Version::new(0, 2, 0));
        let manifest = "[workspace.package]\nversion = \"0.1.0\"\n[dependencies]\nother = \"0.1.0\"\n\
                        wasmport = { version = \"0.1.0\", path = \"x\" }\n";
        let expected = "[workspace.package]\nversion = \"0.2.0\"\n[dependencies]\nother = \"0.1.0\"\n\
                        wasmport = { version = \"0.2.0\", path = \"x\" }\n";
        assert_eq!(in_manifest(manifest, &old, &new), expected);
        let page = "wasmport = \"0.1\"\nwasmport-build = { version = \"0.1\", features = [] }\nwat = \"0.1\"\n\
                    uses: x@v0.1.0\n";
        let expected = "wasmport = \"0.2\"\nwasmport-build = { version = \"0.2\", features = [] }\nwat = \"0.1\"\n\
                        uses: x@v0.2.0\n";
        assert_eq!(in_page(page, &old, &new), expected);
    }

    #[test]
    fn the_pages_name_the_version_of_the_crates() {
        let version = Version::parse(env!("CARGO_PKG_VERSION")).unwrap();
        let entry = format!("wasmport = \"{}.{}\"", version.major, version.minor);
        let root = crate::root();
        let readme = files::read(&root.join("README.md")).unwrap();
        assert!(readme.contains(&entry), "README.md has no `{entry}`");
        let manifest = files::read(&root.join("crates/cargo-wasmport/Cargo.toml")).unwrap();
        assert_eq!(manifest.matches(&format!("\"{version}\"")).count(), 2);
        for template in TEMPLATES {
            let text = files::read(&root.join(template)).unwrap();
            assert_eq!(text.matches(&format!(": {version}\n")).count(), 1, "{template}");
        }
        let page = files::read(&root.join("docs/ci.md")).unwrap();
        assert_eq!(page.matches(&format!("v{version}\n")).count(), 2);
    }
}
