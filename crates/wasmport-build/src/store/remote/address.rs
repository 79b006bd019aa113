//! The address of a remote store, and the service behind it.

use opendal::services::{Http, Redis, S3, Webdav};
use opendal::{Builder, Operator};
use std::collections::BTreeMap;

/// The variable with the host that the credentials are for: a settings file may come from a stranger.
pub(super) const HOST_VARIABLE: &str = "WASMPORT_REMOTE_HOST";

/// The variables with the credentials of WebDAV, Redis and HTTP. S3 has those of Amazon's tools, which sign requests and are
/// not sent.
pub(super) const USER_VARIABLE: &str = "WASMPORT_REMOTE_USERNAME";
pub(super) const PASSWORD_VARIABLE: &str = "WASMPORT_REMOTE_PASSWORD";
pub(super) const TOKEN_VARIABLE: &str = "WASMPORT_REMOTE_TOKEN";

/// Gives the credentials that there are to the builder of a service. OpenDAL's builders have no trait for it.
macro_rules! with_credentials {
    ($service:expr, $($method:ident: $value:expr),*) => {{
        let mut service = $service;
        $(if let Some(value) = &$value {
            service = service.$method(value);
        })*
        service
    }};
}

/// The address of a remote store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    scheme: Scheme,
    /// The host with its port, or the bucket of S3.
    host: String,
    /// The path in the store, which ends with `/`.
    root: String,
    parameters: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    S3,
    Webdav { tls: bool },
    Redis { tls: bool },
    Http { tls: bool },
}

/// The reason why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("`{0}` is no address of a remote store")]
    Scheme(String),
    #[error("the address has no {0}")]
    Missing(&'static str),
    #[error("the address has a user name or a password")]
    Credentials,
    #[error("the address has the parameter `{0}`, which does not exist")]
    Parameter(String),
    #[error("the credentials in the environment are not for the host `{0}`")]
    OtherHost(String),
    #[error("credentials would reach `{0}` without encryption")]
    Plain(String),
    #[error("an address of HTTP can only be read")]
    ReadOnly,
    #[error("{0}")]
    Service(String),
}

impl AddressError {
    /// Returns what to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Credentials => format!(
                "put them into the variables `{USER_VARIABLE}` and `{PASSWORD_VARIABLE}`, or `{TOKEN_VARIABLE}`; S3 takes \
                 those of Amazon's tools, such as `AWS_ACCESS_KEY_ID`"
            ),
            Self::OtherHost(host) => format!(
                "if you trust it, set `{HOST_VARIABLE}={host}`; or name the whole address in `WASMPORT_REMOTE_URL`"
            ),
            Self::Plain(_) => {
                "use `webdavs://`, `rediss://` or `https://`; or name the whole address in `WASMPORT_REMOTE_URL`".into()
            }
            Self::ReadOnly => "set `mode = \"read\"`, or write over S3, WebDAV or Redis".into(),
            _ => {
                "write `s3://bucket/path?endpoint=https://host&region=name`, `webdav://host/path`, \
                  `webdavs://host/path`, `redis://host:port/number`, `rediss://host:port/number`, \
                  `http://host/path` or `https://host/path`"
                    .into()
            }
        }
    }
}

impl Address {
    /// Parses an address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let unknown = || AddressError::Scheme(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(unknown)?;
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "webdav" => Scheme::Webdav { tls: false },
            "webdavs" => Scheme::Webdav { tls: true },
            "redis" => Scheme::Redis { tls: false },
            "rediss" => Scheme::Redis { tls: true },
            "http" => Scheme::Http { tls: false },
            "https" => Scheme::Http { tls: true },
            _ => return Err(unknown()),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        if host.contains('@') {
            return Err(AddressError::Credentials);
        }
        if host.is_empty() {
            let part = if scheme == Scheme::S3 { "bucket" } else { "host" };
            return Err(AddressError::Missing(part));
        }
        let known: &[&str] = match scheme {
            Scheme::S3 => &["endpoint", "region", "virtual-host"],
            _ => &[],
        };
        let mut parameters = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                return Err(AddressError::Parameter(name.to_owned()));
            }
            let _ = parameters.insert(name.to_owned(), value.to_owned());
        }
        let path = path.trim_matches('/');
        let root = if path.is_empty() { "/".into() } else { format!("/{path}/") };
        Ok(Self { scheme, host: host.to_owned(), root, parameters })
    }

    /// Returns whether results can be uploaded there.
    pub fn is_writable(&self) -> bool {
        !matches!(self.scheme, Scheme::Http { .. })
    }

    /// Fails if credentials of the environment are not for this address, which a settings file names. `host` is the one
    /// that they are for.
    fn check_credentials(&self, host: Option<&str>) -> Result<(), AddressError> {
        if host != Some(&self.host) {
            return Err(AddressError::OtherHost(self.host.clone()));
        }
        let is_plain = match self.scheme {
            Scheme::S3 => false,
            Scheme::Webdav { tls } | Scheme::Redis { tls } | Scheme::Http { tls } => !tls,
        };
        if is_plain && !is_loopback(&self.host) {
            return Err(AddressError::Plain(self.host.clone()));
        }
        Ok(())
    }

    /// Returns the service, with credentials of the environment. Whoever names the address there means it; for one of
    /// a settings file, the environment has to name the host too.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be used, or if the credentials are for another host.
    pub fn operator(&self, is_of_environment: bool) -> Result<Operator, AddressError> {
        // The client for HTTP, which operators share.
        opendal::install_default();
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let user = variable(USER_VARIABLE);
        let (password, token) = (variable(PASSWORD_VARIABLE), variable(TOKEN_VARIABLE));
        let has_credentials = user.is_some() || password.is_some() || token.is_some();
        if has_credentials && !is_of_environment && self.scheme != Scheme::S3 {
            self.check_credentials(variable(HOST_VARIABLE).as_deref())?;
        }
        let parameter = |name: &str| self.parameters.get(name).map(String::as_str);
        let web = |tls| format!("{}://{}", if tls { "https" } else { "http" }, self.host);
        match self.scheme {
            Scheme::S3 => {
                let mut service = S3::default().bucket(&self.host).root(&self.root);
                if let Some(endpoint) = parameter("endpoint") {
                    service = service.endpoint(endpoint);
                }
                service = service.region(parameter("region").unwrap_or("auto"));
                if parameter("virtual-host").is_some_and(|value| value != "false") {
                    service = service.enable_virtual_host_style();
                }
                build(service)
            }
            Scheme::Webdav { tls } => {
                let service = Webdav::default().endpoint(&web(tls)).root(&self.root);
                build(with_credentials!(service, username: user, password: password, token: token))
            }
            Scheme::Redis { tls } => {
                let scheme = if tls { "rediss" } else { "redis" };
                let number = self.root.trim_matches('/');
                let number = if number.is_empty() { "0" } else { number };
                let number =
                    number.parse().map_err(|_| AddressError::Missing("number of a database"))?;
                let endpoint = format!("{scheme}://{}", self.host);
                let service = Redis::default().endpoint(&endpoint).db(number).root("/wasmport");
                build(with_credentials!(service, username: user, password: password))
            }
            Scheme::Http { tls } => {
                let service = Http::default().endpoint(&web(tls)).root(&self.root);
                build(with_credentials!(service, username: user, password: password, token: token))
            }
        }
    }
}

/// Returns whether a host, with its port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn build(service: impl Builder) -> Result<Operator, AddressError> {
    Operator::new(service).map_err(|error| AddressError::Service(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_and_others_are_refused() -> Result<(), AddressError> {
        let address = Address::parse("s3://bucket/a/b?endpoint=http://127.0.0.1:1&region=x")?;
        assert_eq!((address.host.as_str(), address.root.as_str()), ("bucket", "/a/b/"));
        assert_eq!(address.parameters["endpoint"], "http://127.0.0.1:1");
        assert!(address.is_writable() && !Address::parse("https://host")?.is_writable());
        let refused = |text| Address::parse(text).err();
        assert_eq!(refused("host/path"), Some(AddressError::Scheme("host/path".into())));
        assert_eq!(refused("ftp://host"), Some(AddressError::Scheme("ftp://host".into())));
        assert_eq!(refused("s3:///path"), Some(AddressError::Missing("bucket")));
        assert_eq!(refused("redis://me:secret@host"), Some(AddressError::Credentials));
        assert_eq!(refused("s3://b?key=1"), Some(AddressError::Parameter("key".into())));
        for text in ["s3://b?region=x", "webdav://h/p", "redis://h:1/2", "http://h:80/p"] {
            assert!(Address::parse(text)?.operator(false).is_ok(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn credentials_reach_the_host_that_the_environment_names_and_no_other()
    -> Result<(), AddressError> {
        let check = |text: &str, host| Address::parse(text)?.check_credentials(host);
        assert_eq!(check("webdavs://store:1/a", Some("store:1")), Ok(()));
        for (text, host) in [("webdavs://evil/a", Some("store:1")), ("rediss://evil/1", None)] {
            assert_eq!(check(text, host), Err(AddressError::OtherHost("evil".into())));
        }
        for text in ["webdav://store/a", "redis://store/1", "http://store", "http://127.0.0.1.evil"]
        {
            let address = Address::parse(text)?;
            let host = address.host.clone();
            assert_eq!(address.check_credentials(Some(&host)), Err(AddressError::Plain(host)));
        }
        for text in ["webdav://127.0.0.1:8/a", "redis://localhost/1", "http://[::1]:80"] {
            let address = Address::parse(text)?;
            assert_eq!(address.check_credentials(Some(&address.host)), Ok(()), "{text}");
        }
        Ok(())
    }
}
