//! `AddressFilter`: the addresses that guests may use, as rules.

use super::rule::{AddressRule, Protocol, RuleError};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use wasmtime_wasi::sockets::SocketAddrUse;

/// The addresses that guests may use: those of a rule that allows and of none that denies.
///
/// ```
/// # #[cfg(feature = "wasi")]
/// # fn wasi() -> Result<wasmport::wasi::Wasi, wasmport::wasi::RuleError> {
/// use wasmport::wasi::{AddressFilter, Wasi};
///
/// let filter = AddressFilter::new().allow("tcp connect any port 443")?.deny("internal")?;
/// Ok(Wasi::new().address_filter(filter).allow_ip_name_lookup(true))
/// # }
/// ```
///
/// Each address is checked when it is used, whatever name it comes from. An IPv6 address with an IPv4 address
/// inside, as NAT64 and 6to4 have them, is denied if a rule denies either. A guest that listens at an unspecified
/// address, such as `0.0.0.0`, listens at all addresses of the host: a rule that denies one of its version of IP for
/// `listen` denies it.
///
/// As text, a filter has one rule a line, after `allow` or `deny`; `#` begins a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct AddressFilter {
    allowed: Vec<AddressRule>,
    denied: Vec<AddressRule>,
}

impl AddressFilter {
    /// Creates a filter that allows no address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows the addresses of a rule.
    ///
    /// # Errors
    ///
    /// Fails if the [rule](AddressRule) is not valid.
    pub fn allow(mut self, rule: &str) -> Result<Self, RuleError> {
        self.allowed.push(rule.parse()?);
        Ok(self)
    }

    /// Denies the addresses of a rule, also if another allows them.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::allow`].
    pub fn deny(mut self, rule: &str) -> Result<Self, RuleError> {
        self.denied.push(rule.parse()?);
        Ok(self)
    }

    /// Returns the rules that allow.
    #[must_use]
    pub fn allowed(&self) -> &[AddressRule] {
        &self.allowed
    }

    /// Returns the rules that deny.
    #[must_use]
    pub fn denied(&self) -> &[AddressRule] {
        &self.denied
    }

    /// Returns whether a guest may use an address.
    ///
    /// Before it connects or sends, a socket is bound to an unspecified address with port 0. This is
    /// permitted if a rule allows its protocol. A TCP socket that listens there has a port by then, and is checked
    /// again.
    #[must_use]
    pub fn permits(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        let is_bind = matches!(purpose, SocketAddrUse::TcpBind | SocketAddrUse::UdpBind);
        if is_bind && address.port() == 0 && address.ip().to_canonical().is_unspecified() {
            return self.uses(Protocol::of(purpose));
        }
        let is_about = |rule: &&AddressRule| rule.is_about(address, purpose);
        self.allowed.iter().filter(is_about).any(|rule| rule.contains(address))
            && !self.denied.iter().filter(is_about).any(|rule| rule.contains_any(address))
    }

    /// Returns whether a rule allows a protocol.
    pub(crate) fn uses(&self, protocol: Protocol) -> bool {
        self.allowed.iter().any(|rule| rule.protocol.is_none_or(|known| known == protocol))
    }
}

impl fmt::Display for AddressFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in &self.allowed {
            writeln!(f, "allow {rule}")?;
        }
        for rule in &self.denied {
            writeln!(f, "deny {rule}")?;
        }
        Ok(())
    }
}

impl FromStr for AddressFilter {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut filter = Self::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (word, rule) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            filter = match word {
                "" => filter,
                "allow" => filter.allow(rule)?,
                "deny" => filter.deny(rule)?,
                _ => return Err(RuleError::Line { line: number + 1, text: line.to_owned() }),
            };
        }
        Ok(filter)
    }
}
