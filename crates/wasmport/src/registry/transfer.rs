//! Requests: within the time of the operation, and bodies up to their largest length.

use super::client::Registry;
use super::error::RegistryError;
use reqwest::header::AUTHORIZATION;
use reqwest::{RequestBuilder, Response, StatusCode};
use std::error::Error as _;

/// Length in bytes up to which the body of an error is read, and up to which a message shows it.
const LARGEST_ERROR: u64 = 8 << 10;
const SHOWN: usize = 200;

impl Registry {
    /// Sends a request of the registry's own API. If the registry wants credentials, it is sent again with them. Hosts that
    /// a redirect leads to get none, whatever they want.
    pub(super) async fn send(
        &self,
        what: &str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let response = self.send_authorized(what, request()).await?;
        let is_own = response.url().origin() == self.base.origin();
        let is_challenge = is_own && response.status() == StatusCode::UNAUTHORIZED;
        if !is_challenge || !self.authorize(&response, what).await? {
            return Ok(response);
        }
        self.send_authorized(what, request()).await
    }

    async fn send_authorized(
        &self,
        what: &str,
        request: RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let known = self.authorization.lock().map(|known| known.clone()).unwrap_or_default();
        self.send_plain(
            what,
            match known {
                Some(known) => request.header(AUTHORIZATION, known),
                None => request,
            },
        )
        .await
    }

    /// Sends a request without credentials.
    pub(super) async fn send_plain(
        &self,
        what: &str,
        request: RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let left = self.limit.saturating_sub(self.began.elapsed());
        request.timeout(left).send().await.map_err(|error| self.fault(error, what))
    }

    /// Returns the error for a request or a body that failed.
    pub(super) fn fault(&self, error: reqwest::Error, what: &str) -> RegistryError {
        let (host, what) = (self.host(), what.to_owned());
        if error.is_timeout() {
            return RegistryError::TimedOut { host, what, limit: self.limit };
        }
        // The address may have a secret in its query. The last cause says most.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason = cause.to_string();
            source = cause.source();
        }
        RegistryError::Unreachable { host, what, reason }
    }

    /// Reads a body up to a length.
    pub(super) async fn body(
        &self,
        mut response: Response,
        most: u64,
        what: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let too_large = || {
            let (host, what) = (self.host(), what.to_owned());
            Err(RegistryError::TooLarge { host, what, most })
        };
        if response.content_length().is_some_and(|len| len > most) {
            return too_large();
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(error, what))? {
            if (bytes.len() + chunk.len()) as u64 > most {
                return too_large();
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Returns a response of success; none if the content does not exist.
    pub(super) async fn found(
        &self,
        response: Response,
        what: &str,
    ) -> Result<Option<Response>, RegistryError> {
        match response.status() {
            StatusCode::OK => Ok(Some(response)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused(response, what).await),
        }
    }

    /// Returns the error for a response of failure.
    pub(super) async fn refused(&self, response: Response, what: &str) -> RegistryError {
        let (host, status) = (self.host(), response.status().as_u16());
        if [401, 403].contains(&status) {
            return RegistryError::Denied { host, what: what.to_owned(), status };
        }
        let body = self.body(response, LARGEST_ERROR, what).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = text.chars().take(SHOWN).collect();
        let message = if shown.is_empty() { shown } else { format!(": {shown}") };
        RegistryError::Status { host, what: what.to_owned(), status, message }
    }
}
