//! Referrers: manifests that refer to another. Registries list them, or those who push do under a tag.

use super::client::{Fetched, LARGEST_MANIFEST, Registry, media_type};
use super::error::RegistryError;
use super::manifest::{ARCHITECTURE, Descriptor, INDEX, Index, Manifest};
use crate::sha256::Sha256;
use reqwest::Method;
use reqwest::header::{ACCEPT, LINK};
use std::time::Duration;

/// The largest number of pages of a list that are read.
const MOST_PAGES: usize = 16;

/// The number of times that a list under a tag is read, if others write it at the same time.
const ATTEMPTS: usize = 16;

/// The number of times that a manifest has to be in the list that was written.
const LOOKS: u32 = 2;

/// The largest number of manifests in a list that are read for their contents.
const MOST_PLATFORMS: usize = 8;

/// The origin of a list of referrers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The registry lists them itself.
    Api,
    /// Pushes list them under a tag.
    Tag,
}

impl Registry {
    /// Returns the digests of the contents that a manifest names: of a list of manifests, those of the ones for WebAssembly,
    /// or of the only one.
    ///
    /// # Errors
    ///
    /// Fails if one of them is malformed, or with the reason why it does not count.
    pub async fn contents(&self, fetched: &Fetched) -> Result<Vec<Sha256>, RegistryError> {
        if !fetched.is_index() {
            return Ok(layers(&self.parse(fetched)?));
        }
        let index = self.parse_index(fetched)?;
        let is_wasm = |manifest: &&Descriptor| {
            let platform = manifest.platform.as_ref();
            index.manifests.len() == 1 || platform.is_some_and(|p| p.architecture == ARCHITECTURE)
        };
        let mut found = Vec::new();
        for manifest in index.manifests.iter().filter(is_wasm).take(MOST_PLATFORMS) {
            let manifest = self.parse(&self.manifest_by_digest(manifest.digest).await?)?;
            found.extend(layers(&manifest));
        }
        Ok(found)
    }

    /// Returns the manifests of a type that refer to a manifest.
    ///
    /// # Errors
    ///
    /// Fails with the reason why the list does not count.
    pub async fn referrers(
        &self,
        subject: Sha256,
        artifact_type: &str,
    ) -> Result<(Listed, Vec<Descriptor>), RegistryError> {
        let (listed, mut found) = match self.referrers_of_api(subject, artifact_type).await? {
            Some(found) => (Listed::Api, found),
            None => (
                Listed::Tag,
                self.referrers_of_tag(subject).await?.map_or_else(Vec::new, |i| i.manifests),
            ),
        };
        // A registry need not filter.
        found.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(artifact_type));
        Ok((listed, found))
    }

    /// Returns the list of the registry; none if it makes none.
    async fn referrers_of_api(
        &self,
        subject: Sha256,
        artifact_type: &str,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let what = format!("list of what refers to `{subject}`");
        let mut url = self.url(&format!("referrers/{subject}"));
        url.query_pairs_mut().append_pair("artifactType", artifact_type);
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let send = || self.client.request(Method::GET, url.clone()).header(ACCEPT, INDEX);
            let response = self.send(&what, send).await?;
            let Some(response) = self.found(response, &what).await? else { return Ok(None) };
            let media_type = media_type(&response);
            if media_type != INDEX {
                let (host, expected) = (self.host(), "an index of the OCI");
                return Err(RegistryError::MediaType { host, what, expected, found: media_type });
            }
            let link = response.headers().get(LINK).and_then(|link| link.to_str().ok());
            let next = link.and_then(next_page).and_then(|link| url.join(link).ok());
            let body = self.body(response, LARGEST_MANIFEST, &what).await?;
            found.extend(self.json::<Index>(&body, || what.clone())?.manifests);
            match next {
                // Credentials are for the registry alone.
                Some(next) if next.origin() == self.base.origin() => url = next,
                _ => break,
            }
        }
        Ok(Some(found))
    }

    /// Returns the list under the tag, if there is one.
    async fn referrers_of_tag(&self, subject: Sha256) -> Result<Option<Index>, RegistryError> {
        let tagged = self.reference.with_tag(subject.referrers_tag());
        match self.manifest_of(&tagged).await? {
            Some(fetched) => Ok(Some(self.parse_index(&fetched)?)),
            None => Ok(None),
        }
    }

    /// Adds a manifest to the list under the tag of its subject, for a registry that makes none. Others may write the list
    /// at the same time, and no registry has to prevent that: it is read again afterwards.
    ///
    /// # Errors
    ///
    /// Fails if the tag is something else, or with the reason why the registry does not take the list.
    pub async fn add_referrer(
        &self,
        subject: Sha256,
        referrer: &Descriptor,
    ) -> Result<(), RegistryError> {
        // Another writer that read the list before may still replace it: the second look is later by a time of its own.
        let own = referrer.digest.to_string().bytes().map(u64::from).sum::<u64>() % 256;
        let pause = Duration::from_millis(100 + own);
        let (mut has_written, mut looks) = (false, 0);
        for _ in 0..ATTEMPTS {
            let mut index = self.referrers_of_tag(subject).await?.unwrap_or_else(Index::empty);
            if index.manifests.iter().any(|other| other.digest == referrer.digest) {
                looks += 1;
                if !has_written || looks == LOOKS {
                    return Ok(());
                }
                tokio::time::sleep(pause).await;
                continue;
            }
            (has_written, looks) = (true, 0);
            index.manifests.push(referrer.clone());
            let text = serde_json::to_vec(&index).map_err(|error| RegistryError::Malformed {
                host: self.host(),
                what: format!("list of what refers to `{subject}`"),
                reason: error.to_string(),
            })?;
            let _ = self.push_manifest(&subject.referrers_tag(), INDEX, &text).await?;
        }
        let lists = self.referrers_of_tag(subject).await?;
        if lists.is_some_and(|index| index.manifests.iter().any(|m| m.digest == referrer.digest)) {
            return Ok(());
        }
        Err(RegistryError::Malformed {
            host: self.host(),
            what: format!("list of what refers to `{subject}`"),
            reason: "others write it at the same time".into(),
        })
    }
}

fn layers(manifest: &Manifest) -> Vec<Sha256> {
    manifest.layers.iter().map(|layer| layer.digest).collect()
}

/// Returns the address of the next page in a header `Link: <…>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.replace(' ', "").to_ascii_lowercase().contains("rel=\"next\"").then_some(address)
}

/// The address of a page is a part of the registry.
#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn the_next_page_is_in_the_header() {
        assert_eq!(next_page("</v2/a?n=1>; rel=\"next\""), Some("/v2/a?n=1"));
        assert_eq!(next_page("</v2/a>; rel=\"prev\""), None);
        assert_eq!(next_page("nothing"), None);
    }
}
