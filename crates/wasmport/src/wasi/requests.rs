//! The methods of `Wasi` about HTTP.

use super::builder::Wasi;
use http::Uri;
use std::sync::Arc;
use std::time::Duration;

/// HTTP. A new `Wasi` denies all requests, with the error `HTTP-request-denied` for the guest.
impl Wasi {
    /// Allows the guest to send requests to these hosts. `example.com` allows both schemes at their own
    /// ports, `example.com:8080` that port alone. An IPv6 address stands in brackets.
    ///
    /// A host is compared by its name. Redirects are the guest's: each is a request that needs to be
    /// allowed.
    pub fn allow_http_hosts(mut self, hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        hosts.into_iter().for_each(|host| self.http.allow_host(host.as_ref()));
        self
    }

    /// Allows the guest to send the requests for whose address `is_allowed` returns true: `|_| true` allows
    /// all. Replaces an earlier function; hosts of [`Self::allow_http_hosts`] are allowed besides.
    pub fn allow_http(mut self, is_allowed: impl Fn(&Uri) -> bool + Send + Sync + 'static) -> Self {
        self.http.is_allowed = Some(Arc::new(is_allowed));
        self
    }

    /// Sets the longest time that a request of the guest may take to connect, until the first byte of the
    /// answer, and between bytes. The guest can ask for less. The default is Wasmtime's, ten minutes.
    pub fn http_timeout(mut self, timeout: Duration) -> Self {
        self.http.timeout = Some(timeout);
        self
    }

    /// Sets how many requests of a guest may be under way at once, its answers included. The next one gets the
    /// error `connection-limit-reached`. The default is 64.
    pub fn http_requests(mut self, requests: usize) -> Self {
        self.http.requests = Some(requests);
        self
    }

    /// Limits the bytes of each body, of requests and answers in both directions. A longer body ends with
    /// an error. The default is no limit: bodies are passed on in parts.
    pub fn http_body_bytes(mut self, bytes: u64) -> Self {
        self.http.body_bytes = Some(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime_wasi_http::RequestOptions;

    fn allowed(wasi: &Wasi, uri: &str) -> bool {
        wasi.http.allows(&uri.parse().unwrap())
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!allowed(&Wasi::new(), "http://localhost/"));
    }

    #[test]
    fn hosts_are_compared_with_their_ports() {
        let wasi = Wasi::new().allow_http_hosts(["Example.com", "local:8080", "[::1]", "[::2]:81"]);
        for uri in [
            "http://example.com/a",
            "https://EXAMPLE.com",
            "https://example.com:443/",
            "http://local:8080/",
            "http://[::1]/",
            "http://[::2]:81/",
        ] {
            assert!(allowed(&wasi, uri), "{uri}");
        }
        for uri in [
            "http://example.com:8080/",
            "http://example.com.evil/",
            "http://sub.example.com/",
            "http://example.com@evil/",
            "http://evil@example.com/",
            "http://local/",
            "http://[::2]/",
            "/relative",
        ] {
            assert!(!allowed(&wasi, uri), "{uri}");
        }
    }

    #[test]
    fn a_function_allows_besides() {
        let wasi = Wasi::new().allow_http_hosts(["one"]).allow_http(|uri| uri.path() == "/yes");
        assert!(allowed(&wasi, "http://one/") && allowed(&wasi, "http://two/yes"));
        assert!(!allowed(&wasi, "http://two/"));
    }

    #[test]
    fn timeouts_are_the_shorter_ones() {
        let second = Duration::from_secs(1);
        let wasi = Wasi::new().http_timeout(second);
        let short = RequestOptions {
            connect_timeout: Some(second / 2),
            first_byte_timeout: Some(2 * second),
            between_bytes_timeout: None,
        };
        let timeouts = wasi.http.timeouts(Some(short)).unwrap();
        assert_eq!(timeouts.connect_timeout, Some(second / 2));
        assert_eq!(timeouts.first_byte_timeout, Some(second));
        assert_eq!(timeouts.between_bytes_timeout, Some(second));
        assert!(Wasi::new().http.timeouts(None).is_none());
    }
}
