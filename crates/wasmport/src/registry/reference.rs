//! `Reference`: the name of a content in a registry.

use crate::sha256::Sha256;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The name of a content in a registry: `ghcr.io/owner/name:tag`, `ghcr.io/owner/name@sha256:…`, or with both. Then the digest
/// counts. Without both it is the tag `latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Sha256>,
}

/// Text that names no content in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no reference to a registry: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: &'static str,
}

/// The tag of references without one.
const LATEST: &str = "latest";

/// The longest name of a repository with its host, and the longest tag, in bytes.
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

impl Reference {
    /// Returns the host of the registry, with its port if it has one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the repository: the path below the host.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the digest, if it has one.
    #[must_use]
    pub fn digest(&self) -> Option<Sha256> {
        self.digest
    }

    /// Returns the tag: `latest` if it names none.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(LATEST)
    }

    /// Returns the same repository with this digest, which then counts.
    #[must_use]
    pub fn with_digest(&self, digest: Sha256) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Returns the same repository with a tag alone.
    pub(super) fn with_tag(&self, tag: String) -> Self {
        Self { tag: Some(tag), digest: None, ..self.clone() }
    }

    /// Returns the digest or the tag, as the path of a manifest has it.
    pub(super) fn version(&self) -> String {
        self.digest.map_or_else(|| self.tag().to_owned(), |digest| digest.to_string())
    }

    /// Returns whether the registry is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let without_port = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.host,
        };
        is_loopback(without_port)
    }
}

/// Returns whether a host without port is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|reason| ReferenceError { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    if text.contains("://") {
        return Err("leave the scheme out, such as `ghcr.io/owner/name:tag`");
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => {
            (name, Some(digest.parse().map_err(|_| "its digest is not `sha256:` and 64 digits")?))
        }
        None => (text, None),
    };
    let (host, path) = name.split_once('/').ok_or("it has no host, such as `ghcr.io/`")?;
    let (repository, tag) = match path.rsplit_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    let is_host = host == "localhost" || host.contains(['.', ':']);
    if !is_host || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)) {
        return Err("it does not begin with a host, such as `ghcr.io/`");
    }
    if name.len() > LONGEST_NAME || !repository.split('/').all(is_component) {
        return Err(
            "its repository is not small letters and digits with `/`, `.`, `_` and `-` between",
        );
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err("its tag is not letters, digits, `.`, `_` and `-`");
    }
    let (host, repository, tag) = (host.into(), repository.into(), tag.map(Into::into));
    Ok(Reference { host, repository, tag, digest })
}

fn is_component(part: &str) -> bool {
    let is_plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().is_some_and(is_plain) && bytes.last().is_some_and(is_plain);
    ends && bytes.iter().all(|b| is_plain(b) || b"._-".contains(b)) && !part.contains("..")
}

fn is_tag(tag: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first = tag.bytes().next();
    let all = tag.bytes().all(|b| is_plain(b) || b".-".contains(&b));
    first.is_some_and(is_plain) && all && tag.len() <= LONGEST_TAG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_parsed_and_others_are_refused() -> Result<(), ReferenceError> {
        let digest = Sha256::of(b"").to_string();
        for text in [
            "ghcr.io/owner/name".to_owned(),
            "ghcr.io/owner/name:1.2".to_owned(),
            format!("localhost:5000/name@{digest}"),
            format!("[::1]:5000/a/b__c/d-e:T@{digest}"),
        ] {
            assert_eq!(text.parse::<Reference>()?.to_string(), text);
        }
        let both: Reference = format!("h.io/n:1@{digest}").parse()?;
        assert_eq!((both.version(), both.tag()), (digest, "1"));
        assert_eq!("h.io/n".parse::<Reference>()?.version(), "latest");
        let loopback = ["localhost/n", "localhost:1/n", "127.0.0.9:1/n", "[::1]:5/n", "[::1]/n"];
        for text in loopback {
            assert!(text.parse::<Reference>()?.is_loopback(), "{text}");
        }
        for text in ["h.io/n", "localhost.io/n", "127.0.0.1.io/n", "10.0.0.1:80/n"] {
            assert!(!text.parse::<Reference>()?.is_loopback(), "{text}");
        }
        for text in [
            "",
            "name",
            "owner/name",
            "h.io/",
            "h.io//a",
            "h.io/A",
            "h.io/a:",
            "h.io/a:-",
            "h.io/../a",
            "h.io/a/..",
            "https://h.io/a",
            "u:p@h.io/a",
            "h.io/a@sha256:00",
            "h io.x/a",
            "h.io/a b",
            "h.io/a?x=1",
            "h.io/a\n",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        Ok(())
    }
}
