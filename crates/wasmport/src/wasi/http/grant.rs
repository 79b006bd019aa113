//! `Grant`: the hosts that a guest reaches, and limits.

use crate::wasi::policy::HttpPolicy;
use http::Uri;
use http::uri::{Authority, Scheme};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::RequestOptions;

/// The requests that a guest may send, and the limits of their bodies.
#[derive(Clone, Default)]
pub(in crate::wasi) struct Grant {
    pub(in crate::wasi) is_allowed: Option<Arc<IsAllowed>>,
    /// Hosts with their ports.
    hosts: BTreeSet<String>,
    /// The longest of each timeout of a request.
    pub(in crate::wasi) timeout: Option<Duration>,
    /// The most requests at once.
    pub(in crate::wasi) requests: Option<usize>,
    /// The most bytes in a body.
    pub(in crate::wasi) body_bytes: Option<u64>,
}

/// The program's own decision about an address.
type IsAllowed = dyn Fn(&Uri) -> bool + Send + Sync;

/// The most requests at once by default.
const REQUESTS: usize = 64;

impl Grant {
    /// Returns the most requests at once.
    pub(super) fn requests(&self) -> usize {
        self.requests.unwrap_or(REQUESTS)
    }

    /// Describes it; none if it allows no request.
    pub(in crate::wasi) fn policy(&self) -> Option<HttpPolicy> {
        let is_checked = self.is_allowed.is_some();
        let allows = is_checked || !self.hosts.is_empty();
        allows.then(|| HttpPolicy::Granted {
            hosts: self.hosts.iter().cloned().collect(),
            is_checked,
            timeout: self.timeout,
            requests: self.requests(),
            body_bytes: self.body_bytes,
        })
    }

    /// Allows a host at its port, or at the schemes' own ports.
    pub(in crate::wasi) fn allow_host(&mut self, host: &str) {
        let host = host.to_ascii_lowercase();
        match has_port(&host) {
            true => self.hosts.extend([host]),
            false => self.hosts.extend([format!("{host}:80"), format!("{host}:443")]),
        }
    }

    /// Returns whether the guest may send a request to `uri`.
    pub(in crate::wasi) fn allows(&self, uri: &Uri) -> bool {
        // Text before an `@` would be taken for a part of the host when the connection is opened.
        let Some(authority) = uri.authority().filter(|a| !a.as_str().contains('@')) else {
            return false;
        };
        self.hosts.contains(&host_and_port(authority, uri.scheme()))
            || self.is_allowed.as_ref().is_some_and(|is_allowed| is_allowed(uri))
    }

    /// Returns the timeouts of a request: those that the guest has set, if they are not longer.
    pub(in crate::wasi) fn timeouts(
        &self,
        asked: Option<RequestOptions>,
    ) -> Option<RequestOptions> {
        let Some(longest) = self.timeout else { return asked };
        let asked = asked.unwrap_or_default();
        let shorter = |asked: Option<Duration>| Some(asked.map_or(longest, |a| a.min(longest)));
        Some(RequestOptions {
            connect_timeout: shorter(asked.connect_timeout),
            first_byte_timeout: shorter(asked.first_byte_timeout),
            between_bytes_timeout: shorter(asked.between_bytes_timeout),
        })
    }
}

/// Writes the host in small letters, and its port also if it is the scheme's own.
fn host_and_port(authority: &Authority, scheme: Option<&Scheme>) -> String {
    let own = if scheme == Some(&Scheme::HTTP) { 80 } else { 443 };
    let host = authority.host().to_ascii_lowercase();
    format!("{host}:{}", authority.port_u16().unwrap_or(own))
}

/// Returns whether a host has a port: the colons of an IPv6 address are in brackets.
fn has_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}
