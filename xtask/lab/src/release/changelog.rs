//! The changelog: its section `Unreleased` becomes that of the release.

use crate::{Result, files, root};
use cargo_metadata::semver::Version;
use std::path::Path;

const FILE: &str = "CHANGELOG.md";

/// A changelog that is not written yet.
pub(super) struct Changelog {
    text: String,
}

impl Changelog {
    /// Writes it into a working copy.
    pub(super) fn write(&self, root: &Path) -> Result {
        files::write(&root.join(FILE), &self.text)
    }
}

/// Returns the changelog with a section for the version.
pub(super) fn released(version: &Version) -> Result<Changelog> {
    let text = with_section(&files::read(&root().join(FILE))?, version, &last_day()?)?;
    Ok(Changelog { text })
}

/// Returns the day of the last commit.
fn last_day() -> Result<String> {
    let output = std::process::Command::new("git")
        .args(["log", "-1", "--format=%cs"])
        .current_dir(root())
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn with_section(text: &str, version: &Version, date: &str) -> Result<String> {
    const UNRELEASED: &str = "## Unreleased\n";
    if text.contains(&format!("\n## {version} ")) {
        return Err(format!("CHANGELOG.md has a section for {version} already").into());
    }
    let (head, rest) =
        text.split_once(UNRELEASED).ok_or("CHANGELOG.md has no section `Unreleased`")?;
    let section = rest.split("\n## ").next().unwrap_or(rest);
    if !section.lines().any(|line| line.starts_with("- ")) {
        return Err("CHANGELOG.md lists no change below `Unreleased`".into());
    }
    Ok(format!("{head}{UNRELEASED}\n## {version} - {date}\n{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unreleased_changes_become_a_section() {
        let version = Version::new(0, 2, 0);
        let section = |text| with_section(text, &version, "2026-12-01").map_err(|e| e.to_string());
        let text = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n";
        let released = section(text).unwrap();
        assert!(
            released.starts_with(
                "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n### Added\n"
            )
        );
        assert!(section(&released).unwrap_err().contains("has a section for 0.2.0 already"));
        assert!(section("# Changelog\n").unwrap_err().contains("no section"));
        let empty = "## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n";
        assert!(section(empty).unwrap_err().contains("no change"));
    }
}
