//! `Git`: reads files of revisions, without a checkout and without the network.

use super::error::ToolError;
use super::process::{Bounds, MAX_OUTPUT, run_for_bytes};
use crate::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const HOW_TO_GET_IT: &str = "install git, or name files and folders instead: check the revision out with `git worktree add`";

const HOW_TO_NAME_IT: &str = "name an existing file or folder, or `REV:PATH` with a revision of git and a path from the top of \
     its repository, such as `HEAD~1:assets`";

/// The program git, run in the current folder.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    program: PathBuf,
}

/// The kind of an object that a name resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitKind {
    /// A file.
    Blob,
    /// A folder.
    Tree,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    /// The name of the object with its content.
    pub id: String,
    /// The length in bytes.
    pub bytes: u64,
    /// The path below the folder, with `/` between parts. It may be any bytes.
    pub path: Vec<u8>,
}

/// The longest time that git may take.
const TIME: Duration = Duration::from_secs(120);

/// The largest list of a folder in bytes.
const LARGEST_LIST: u64 = MAX_OUTPUT;

impl Git {
    /// Finds the program.
    ///
    /// # Errors
    ///
    /// Fails if it is not installed.
    pub fn find() -> Result<Self, ToolError> {
        let program = which::which("git").map_err(|e| {
            ToolError::new(format!("`git` is required to read revisions: {e}")).help(HOW_TO_GET_IT)
        })?;
        Ok(Self { program })
    }

    /// Resolves a name such as `HEAD~1:assets` to the object of a file or folder.
    ///
    /// # Errors
    ///
    /// Fails if there is no such object, or if it is something else.
    pub fn object(&self, name: &str) -> Result<(String, GitKind), ToolError> {
        let refused = |error: ToolError| {
            ToolError::new(format!("`{}`: {error}", name.escape_debug())).help(HOW_TO_NAME_IT)
        };
        let resolve = ["rev-parse", "--verify", "--end-of-options", name];
        let text = self.text(&resolve).map_err(refused)?;
        // Versions before 2.30 print the option too.
        let id = text.lines().last().unwrap_or_default().trim();
        let id = checked(id).map_err(refused)?;
        let kind = self.text(&["cat-file", "-t", &id]).map_err(refused)?;
        match kind.trim() {
            "blob" => Ok((id, GitKind::Blob)),
            "tree" => Ok((id, GitKind::Tree)),
            other => {
                Err(refused(ToolError::new(format!("it is a {other}, and no file or folder"))))
            }
        }
    }

    /// Lists the files below a folder in the order of their paths. Links and other repositories are left out.
    ///
    /// # Errors
    ///
    /// Fails if git does.
    pub fn tree(&self, id: &str) -> Result<Vec<TreeEntry>, ToolError> {
        let list =
            self.bytes(&["ls-tree", "-r", "-z", "--long", "--full-tree", id], LARGEST_LIST)?;
        Ok(list.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    /// Returns the length of a file in bytes.
    ///
    /// # Errors
    ///
    /// Fails if git does.
    pub fn len(&self, id: &str) -> Result<u64, ToolError> {
        let text = self.text(&["cat-file", "-s", id])?;
        text.trim().parse().map_err(|_| ToolError::new("git printed no length"))
    }

    /// Reads a file of `bytes`.
    ///
    /// # Errors
    ///
    /// Fails if git does.
    pub fn blob(&self, id: &str, bytes: u64) -> Result<Vec<u8>, ToolError> {
        self.bytes(&["cat-file", "blob", id], bytes.saturating_add(MAX_OUTPUT))
    }

    /// Returns the folder of the repository that all its worktrees share.
    ///
    /// # Errors
    ///
    /// Fails if git does.
    pub fn folder(&self) -> Result<PathBuf, ToolError> {
        let text = self.text(&["rev-parse", "--git-common-dir"])?;
        Ok(PathBuf::from(text.trim_end_matches(['\r', '\n'])))
    }

    fn text(&self, args: &[&str]) -> Result<String, ToolError> {
        let bytes = self.bytes(args, MAX_OUTPUT)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bytes(&self, args: &[&str], written: u64) -> Result<Vec<u8>, ToolError> {
        let folder = fs::temporary_folder()?;
        let mut command = Command::new(&self.program);
        command.arg("--no-pager").args(args);
        // A partial clone would fetch what is missing, and ask for a password.
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        let bounds = Bounds { time: TIME, memory: u64::MAX, written };
        run_for_bytes(command, folder.path(), &bounds)
    }
}

/// Checks that a text is the name of an object.
fn checked(id: &str) -> Result<String, ToolError> {
    let is_hex = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { Ok(id.to_owned()) } else { Err(ToolError::new("git printed no object")) }
}

/// Reads a line of `ls-tree --long`: mode, type, object, length, a tab, and the path.
fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (facts, path) = (std::str::from_utf8(&line[..tab]).ok()?, line.get(tab + 1..)?);
    let [mode, "blob", id, bytes] = facts.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    let is_file = mode.starts_with("100");
    let (id, bytes) = (checked(id).ok()?, bytes.parse().ok()?);
    is_file.then(|| TreeEntry { id, bytes, path: path.to_vec() })
}

/// Returns whether text is `REV:PATH` for git: a revision before the first colon, and no option.
pub(crate) fn is_revision(text: &str) -> bool {
    text.split_once(':').is_some_and(|(revision, _)| {
        !revision.is_empty() && !revision.starts_with('-') && !text.contains('\0')
    })
}

/// The beginning of the text that Git LFS stores in place of a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// The largest such text in bytes.
const LARGEST_POINTER: usize = 1024;

/// The file that a pointer of Git LFS stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LfsPointer {
    /// The SHA-256 digest of the file.
    pub sha256: String,
    /// The length of the file in bytes.
    pub bytes: u64,
}

impl LfsPointer {
    /// Reads a pointer; none if the bytes are something else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LARGEST_POINTER || !bytes.starts_with(POINTER) {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let sha256 = value("oid sha256:")?.trim();
        let is_hex = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = value("size ")?.trim().parse().ok()?;
        is_hex.then(|| Self { sha256: sha256.to_ascii_lowercase(), bytes })
    }

    /// Returns the path of the file in the store of Git LFS, below the folder of a repository.
    pub fn path(&self, repository: &Path) -> PathBuf {
        let objects = repository.join("lfs").join("objects");
        objects.join(&self.sha256[..2]).join(&self.sha256[2..4]).join(&self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_trees_are_read_and_links_are_left_out() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let line = |mode: &str, kind: &str, bytes: &str, path: &str| {
            entry(format!("{mode} {kind} {id} {bytes}\t{path}").as_bytes())
        };
        let file = line("100644", "blob", "     12", "a b\t\u{202e}.wasm").unwrap();
        assert_eq!((file.bytes, file.id.as_str()), (12, id));
        assert_eq!(file.path, "a b\t\u{202e}.wasm".as_bytes());
        assert!(line("100755", "blob", "1", "a.wasm").is_some());
        for (mode, kind, bytes) in
            [("120000", "blob", "9"), ("160000", "commit", "-"), ("100644", "blob", "-")]
        {
            assert_eq!(line(mode, kind, bytes, "a.wasm"), None, "{mode}");
        }
        for broken in ["", "\t", "100644 blob", "100644 blob x 1\ta.wasm"] {
            assert_eq!(entry(broken.as_bytes()), None, "{broken:?}");
        }
    }

    #[test]
    fn revisions_have_a_name_and_are_no_options() {
        for text in ["HEAD:assets", "HEAD~1:", "v1.0:a/b.wasm", "a:b:c"] {
            assert!(is_revision(text), "{text}");
        }
        for text in ["assets", ":assets", "--output=x:y", "-:x", "", "a:\0"] {
            assert!(!is_revision(text), "{text}");
        }
    }

    #[test]
    fn pointers_are_read() {
        let digest = "4D7A214614AB2935C943F9E0FF69D22EADBB8F32B1258DAAA5E2CA24D17E2393";
        let text = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n"
        );
        let pointer = LfsPointer::parse(text.as_bytes()).unwrap();
        assert_eq!(pointer.bytes, 12345);
        let path = pointer.path(Path::new(".git"));
        let expected: PathBuf = [".git", "lfs", "objects", "4d", "7a"].iter().collect();
        assert_eq!(path.parent().unwrap(), expected);
        for other in [
            text.replace("size 12345", "size x"),
            text.replace(digest, "../../etc/passwd"),
            text.replace("spec/v1", "spec/v9"),
            text.clone() + &" ".repeat(LARGEST_POINTER),
        ] {
            assert_eq!(LfsPointer::parse(other.as_bytes()), None, "{other}");
        }
    }
}
