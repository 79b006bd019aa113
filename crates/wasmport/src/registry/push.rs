//! Pushing: contents and manifests.

use super::client::{CONTENT_DIGEST, Registry};
use super::error::RegistryError;
use super::manifest::Descriptor;
use crate::sha256::Sha256;
use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};

/// The header by which a registry says that it lists a manifest as a referrer.
const SUBJECT: &str = "oci-subject";

impl Registry {
    /// Pushes a content, unless the registry has it.
    ///
    /// # Errors
    ///
    /// Fails with the reason why the registry does not take it.
    pub async fn push_blob(
        &self,
        descriptor: &Descriptor,
        bytes: Vec<u8>,
    ) -> Result<(), RegistryError> {
        let (digest, bytes) = (descriptor.digest, Bytes::from(bytes));
        let what = format!("content `{digest}`");
        let url = self.url(&format!("blobs/{digest}"));
        let known = self.send(&what, || self.client.request(Method::HEAD, url.clone())).await?;
        if self.found(known, &what).await?.is_some() {
            return Ok(());
        }
        let url = self.url("blobs/uploads/");
        let begin = || self.client.post(url.clone()).header(CONTENT_LENGTH, 0);
        let begun = self.send(&what, begin).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(self.refused(begun, &what).await);
        }
        let mut location = self.location(&begun, &url, &what)?;
        location.query_pairs_mut().append_pair("digest", &digest.to_string());
        // Another host than the registry gets no credentials of it.
        let is_own = location.origin() == self.base.origin();
        let put = || {
            let request = self.client.put(location.clone()).body(bytes.clone());
            request.header(CONTENT_TYPE, "application/octet-stream")
        };
        let done = match is_own {
            true => self.send(&what, put).await?,
            false => self.send_plain(&what, put()).await?,
        };
        match done.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(self.refused(done, &what).await),
        }
    }

    /// Returns the address to which an upload continues.
    fn location(&self, response: &Response, url: &Url, what: &str) -> Result<Url, RegistryError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.and_then(|location| url.join(location).ok());
        location.ok_or_else(|| RegistryError::Malformed {
            host: self.host(),
            what: what.to_owned(),
            reason: "the registry does not say where to upload it".into(),
        })
    }

    /// Pushes a manifest under the tag or digest `version`, and returns whether the registry lists it as a referrer of its
    /// subject.
    ///
    /// # Errors
    ///
    /// Fails with the reason why the registry does not take it.
    pub async fn push_manifest(
        &self,
        version: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<bool, RegistryError> {
        let what = format!("manifest `{version}`");
        let url = self.url(&format!("manifests/{version}"));
        let bytes = Bytes::copy_from_slice(bytes);
        let put =
            || self.client.put(url.clone()).header(CONTENT_TYPE, media_type).body(bytes.clone());
        let done = self.send(&what, put).await?;
        if done.status() != StatusCode::CREATED {
            return Err(self.refused(done, &what).await);
        }
        let expected = Sha256::of(&bytes);
        let named = done.headers().get(CONTENT_DIGEST).and_then(|v| v.to_str().ok()?.parse().ok());
        match named {
            Some(found) if found != expected => {
                Err(RegistryError::Digest { host: self.host(), what, expected, found })
            }
            _ => Ok(done.headers().contains_key(SUBJECT)),
        }
    }
}
