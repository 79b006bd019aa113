//! `Registry`: one operation with a repository, within its time.

use super::credentials::Credentials;
use super::error::RegistryError;
use super::manifest::{
    DOCKER_INDEX, DOCKER_MANIFEST, Descriptor, INDEX, Index, MANIFEST, Manifest,
};
use super::options::RegistryOptions;
use super::reference::Reference;
use crate::sha256::Sha256;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use serde::de::DeserializeOwned;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Length in bytes up to which a manifest or an index is read: registries need not take longer ones.
pub(super) const LARGEST_MANIFEST: u64 = 4 << 20;

/// The header in which a registry names the digest of what it returns.
pub(super) const CONTENT_DIGEST: &str = "docker-content-digest";

/// An operation with a repository of a registry: all its requests share a time.
pub struct Registry {
    pub(super) client: Client,
    /// For servers of tokens: a redirect would carry secrets elsewhere.
    pub(super) tokens: Client,
    pub(super) reference: Reference,
    /// The scheme and the host of the registry's own API.
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    /// The header that the registry asked for.
    pub(super) authorization: Mutex<Option<HeaderValue>>,
    /// The kind of access that the operation needs.
    pub(super) actions: &'static str,
    pub(super) began: Instant,
    pub(super) limit: Duration,
    pub(super) max_bytes: u64,
}

/// A manifest or an index.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The type.
    pub media_type: String,
    /// The digest.
    pub digest: Sha256,
    /// The text.
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// Describes it, for a manifest that refers to it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::of(&self.media_type, &self.bytes)
    }

    /// Returns whether it is a list of manifests.
    #[must_use]
    pub fn is_index(&self) -> bool {
        [INDEX, DOCKER_INDEX].contains(&self.media_type.as_str())
    }
}

impl Registry {
    /// Begins an operation that reads.
    ///
    /// # Errors
    ///
    /// Fails if the credentials cannot be read.
    pub async fn reading(
        reference: &Reference,
        options: &RegistryOptions,
    ) -> Result<Self, RegistryError> {
        Self::new(reference, options, "pull").await
    }

    /// Begins an operation that also writes.
    ///
    /// # Errors
    ///
    /// Fails if the credentials cannot be read.
    pub async fn writing(
        reference: &Reference,
        options: &RegistryOptions,
    ) -> Result<Self, RegistryError> {
        Self::new(reference, options, "pull,push").await
    }

    async fn new(
        reference: &Reference,
        options: &RegistryOptions,
        actions: &'static str,
    ) -> Result<Self, RegistryError> {
        let began = Instant::now();
        let host = reference.host().to_owned();
        let is_plain = options.insecure || reference.is_loopback();
        let malformed = |reason: String| RegistryError::Unreachable {
            host: reference.host().to_owned(),
            what: "the registry".into(),
            reason,
        };
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(malformed("the call needs a runtime of tokio".into()));
        }
        let scheme = if is_plain { "http" } else { "https" };
        // The one registry whose API is on another host than its name.
        let api = if host == "docker.io" { "registry-1.docker.io" } else { &host };
        let base =
            Url::parse(&format!("{scheme}://{api}/")).map_err(|e| malformed(e.to_string()))?;
        let client = |redirects: Policy| {
            let mut client = Client::builder()
                .https_only(!is_plain)
                .redirect(redirects)
                .user_agent(concat!("wasmport/", env!("CARGO_PKG_VERSION")));
            if reference.is_loopback() {
                client = client.no_proxy();
            }
            client.build().map_err(|e| malformed(e.without_url().to_string()))
        };
        let (client, tokens) = (client(Policy::default())?, client(Policy::none())?);
        let credentials = match &options.credentials {
            Some(credentials) => credentials.clone(),
            None => {
                let what = "the credentials".to_owned();
                let limit = options.timeout;
                let timed_out = RegistryError::TimedOut { host: host.clone(), what, limit };
                // Docker's programs may wait for somebody.
                let read = tokio::task::spawn_blocking(move || Credentials::of_environment(&host));
                match tokio::time::timeout(limit, read).await {
                    Ok(Ok(credentials)) => credentials?,
                    Ok(Err(failed)) => return Err(malformed(failed.to_string())),
                    Err(_) => return Err(timed_out),
                }
            }
        };
        let (limit, max_bytes) = (options.timeout, options.max_bytes);
        let (reference, authorization) = (reference.clone(), Mutex::default());
        Ok(Self {
            client,
            tokens,
            reference,
            base,
            credentials,
            authorization,
            actions,
            began,
            limit,
            max_bytes,
        })
    }

    /// Returns the reference.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    pub(super) fn host(&self) -> String {
        self.reference.host().to_owned()
    }

    /// Returns the address of something in the repository.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        // The reference has checked the characters of the repository.
        url.set_path(&format!("v2/{}/{path}", self.reference.repository()));
        url
    }

    /// Returns the manifest or index that the reference names.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or with the reason why it does not count.
    pub async fn manifest(&self) -> Result<Fetched, RegistryError> {
        let what = format!("manifest `{}`", self.reference.version());
        let found = self.manifest_of(&self.reference).await?;
        found.ok_or_else(|| RegistryError::NotFound { host: self.host(), what })
    }

    /// Returns a manifest of the repository by its digest.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or with the reason why it does not count.
    pub async fn manifest_by_digest(&self, digest: Sha256) -> Result<Fetched, RegistryError> {
        let found = self.manifest_of(&self.reference.with_digest(digest)).await?;
        let what = format!("manifest `{digest}`");
        found.ok_or_else(|| RegistryError::NotFound { host: self.host(), what })
    }

    /// Returns the manifest of a reference in the repository, if there is one.
    pub(super) async fn manifest_of(
        &self,
        reference: &Reference,
    ) -> Result<Option<Fetched>, RegistryError> {
        let version = reference.version();
        let what = format!("manifest `{version}`");
        let accept = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX].join(", ");
        let url = self.url(&format!("manifests/{version}"));
        let send = || self.client.request(Method::GET, url.clone()).header(ACCEPT, accept.as_str());
        let Some(response) = self.found(self.send(&what, send).await?, &what).await? else {
            return Ok(None);
        };
        let media_type = media_type(&response);
        if ![MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX].contains(&media_type.as_str()) {
            let (host, expected) = (self.host(), "a manifest of the OCI");
            return Err(RegistryError::MediaType { host, what, expected, found: media_type });
        }
        let named =
            response.headers().get(CONTENT_DIGEST).and_then(|v| v.to_str().ok()?.parse().ok());
        let bytes = self.body(response, LARGEST_MANIFEST, &what).await?;
        let digest = Sha256::of(&bytes);
        if let Some(expected) = reference.digest().or(named)
            && expected != digest
        {
            return Err(RegistryError::Digest { host: self.host(), what, expected, found: digest });
        }
        Ok(Some(Fetched { media_type, digest, bytes }))
    }

    /// Parses a manifest.
    ///
    /// # Errors
    ///
    /// Fails if it is malformed, or something else.
    pub fn parse(&self, fetched: &Fetched) -> Result<Manifest, RegistryError> {
        if fetched.is_index() {
            let (host, what) = (self.host(), format!("manifest `{}`", fetched.digest));
            let (expected, found) = ("a manifest of one content", fetched.media_type.clone());
            return Err(RegistryError::MediaType { host, what, expected, found });
        }
        let manifest: Manifest =
            self.json(&fetched.bytes, || format!("manifest `{}`", fetched.digest))?;
        self.is_of_type(fetched, manifest.schema_version, manifest.media_type.as_deref())?;
        Ok(manifest)
    }

    /// Parses an index.
    ///
    /// # Errors
    ///
    /// Fails if it is malformed, or something else.
    pub fn parse_index(&self, fetched: &Fetched) -> Result<Index, RegistryError> {
        if !fetched.is_index() {
            let (host, what) = (self.host(), format!("manifest `{}`", fetched.digest));
            let (expected, found) = ("an index", fetched.media_type.clone());
            return Err(RegistryError::MediaType { host, what, expected, found });
        }
        let index: Index = self.json(&fetched.bytes, || format!("index `{}`", fetched.digest))?;
        self.is_of_type(fetched, index.schema_version, index.media_type.as_deref())?;
        Ok(index)
    }

    /// Checks that the text is of the type that the registry named: else the same bytes would be two things.
    fn is_of_type(
        &self,
        fetched: &Fetched,
        version: u32,
        media_type: Option<&str>,
    ) -> Result<(), RegistryError> {
        let reason = match media_type {
            _ if version != 2 => format!("it has the version {version} of the format, not 2"),
            Some(other) if other != fetched.media_type => {
                format!(
                    "it is of the type `{other}`, and the registry says `{}`",
                    fetched.media_type
                )
            }
            _ => return Ok(()),
        };
        let what = format!("manifest `{}`", fetched.digest);
        Err(RegistryError::Malformed { host: self.host(), what, reason })
    }

    /// Parses JSON.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        what: impl FnOnce() -> String,
    ) -> Result<T, RegistryError> {
        serde_json::from_slice(bytes).map_err(|error| RegistryError::Malformed {
            host: self.host(),
            what: what(),
            reason: format!("it is malformed: {error}"),
        })
    }

    /// Returns the content that a descriptor names.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or with the reason why it does not count.
    pub async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let Descriptor { digest, size, .. } = *descriptor;
        let what = format!("content `{digest}`");
        if size > self.max_bytes {
            return Err(RegistryError::TooLarge { host: self.host(), what, most: self.max_bytes });
        }
        let url = self.url(&format!("blobs/{digest}"));
        let response = self.send(&what, || self.client.request(Method::GET, url.clone())).await?;
        let Some(response) = self.found(response, &what).await? else {
            return Err(RegistryError::NotFound { host: self.host(), what });
        };
        let bytes = self.body(response, size, &what).await?;
        let found = Sha256::of(&bytes);
        if found != digest {
            return Err(RegistryError::Digest { host: self.host(), what, expected: digest, found });
        }
        Ok(bytes)
    }
}

/// Returns the type of a response, without parameters.
pub(super) fn media_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
