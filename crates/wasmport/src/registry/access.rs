//! The credentials that a registry asks for, and tokens for them.

use super::client::Registry;
use super::credentials::Credentials;
use super::error::RegistryError;
use super::reference::is_loopback;
use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

/// Length in bytes up to which the answer of a server of tokens is read.
const LARGEST_TOKEN: u64 = 64 << 10;

/// The name by which servers of tokens know this program.
const CLIENT: &str = "wasmport";

/// The answer of a server of tokens: one of the two.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// Prepares the credentials that the response asks for; false if there are none that could help.
    pub(super) async fn authorize(
        &self,
        response: &Response,
        what: &str,
    ) -> Result<bool, RegistryError> {
        let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let texts: Vec<&str> = challenges.filter_map(|value| value.to_str().ok()).collect();
        let challenges = texts.iter().flat_map(|text| ChallengeParser::new(text).flatten());
        let challenges: Vec<ChallengeRef<'_>> = challenges.collect();
        let of = |scheme: &str| challenges.iter().find(|c| c.scheme.eq_ignore_ascii_case(scheme));
        let header = match (of("Bearer"), of("Basic"), &self.credentials) {
            (Some(_), _, Credentials::Bearer(token)) => bearer(token),
            (Some(challenge), _, _) => Some(self.token(challenge).await?),
            (None, Some(_), Credentials::Password { .. }) => {
                let request = self.with_password(self.client.get(self.base.clone())).build().ok();
                request.and_then(|request| request.headers().get(AUTHORIZATION).cloned())
            }
            _ => None,
        };
        let Some(header) = header else { return Ok(false) };
        let mut known = self.authorization.lock().map_err(|_| RegistryError::Denied {
            host: self.host(),
            what: what.to_owned(),
            status: response.status().as_u16(),
        })?;
        // The same again does not help.
        let is_new = known.as_ref() != Some(&header);
        *known = Some(header);
        Ok(is_new)
    }

    /// Returns whether a server of tokens gets the credentials: one with TLS; or if the registry has none, itself and
    /// those on this machine.
    fn may_know_secrets(&self, realm: &Url) -> bool {
        let is_near = realm.host_str().is_some_and(is_loopback);
        let is_own = realm.origin() == self.base.origin();
        match realm.scheme() {
            "https" => true,
            "http" => self.base.scheme() == "http" && (is_own || is_near),
            _ => false,
        }
    }

    fn with_password(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.credentials {
            Credentials::Password { username, password } => {
                request.basic_auth(username, Some(password))
            }
            _ => request,
        }
    }

    /// Gets a token from the server that a challenge names.
    async fn token(&self, challenge: &ChallengeRef<'_>) -> Result<HeaderValue, RegistryError> {
        let what = "the token";
        let malformed = |reason: &str| RegistryError::Malformed {
            host: self.host(),
            what: what.to_owned(),
            reason: reason.to_owned(),
        };
        let parameter = |name: &str| {
            let mut values = challenge.params.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.to_unescaped())
        };
        let realm = parameter("realm").and_then(|realm| Url::parse(&realm).ok());
        let mut realm = realm.ok_or_else(|| malformed("its server of tokens has no address"))?;
        if !self.may_know_secrets(&realm) {
            return Err(malformed("its server of tokens has no TLS"));
        }
        let scope = format!("repository:{}:{}", self.reference.repository(), self.actions);
        let service = parameter("service").unwrap_or_default();
        let request = match &self.credentials {
            Credentials::Identity(token) => {
                let mut form = realm.clone();
                form.set_query(None);
                form.query_pairs_mut()
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("service", &service)
                    .append_pair("client_id", CLIENT)
                    .append_pair("scope", &scope)
                    .append_pair("refresh_token", token);
                let body = form.query().unwrap_or_default().to_owned();
                let request = self.tokens.post(realm).body(body);
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            }
            _ => {
                realm
                    .query_pairs_mut()
                    .append_pair("service", &service)
                    .append_pair("scope", &scope);
                self.with_password(self.tokens.get(realm))
            }
        };
        let response = self.send_plain(what, request).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response, what).await);
        }
        let body = self.body(response, LARGEST_TOKEN, what).await?;
        // The text of a token stays out of messages.
        let token: Token = serde_json::from_slice(&body)
            .map_err(|_| malformed("its server of tokens sends none"))?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        let header = token.and_then(|token| bearer(&token));
        header.ok_or_else(|| malformed("its server of tokens sends none"))
    }
}

/// Returns the header with a token, if the token has the characters of one.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
