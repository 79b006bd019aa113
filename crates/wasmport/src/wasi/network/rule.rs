//! `AddressRule`: the addresses, ports, protocols and purposes that one rule of a filter is about.

use super::ranges::{self, Range, meanings};
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use wasmtime_wasi::sockets::SocketAddrUse;

/// The protocol of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The purpose for which a guest uses an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The guest connects or sends to the address.
    Connect,
    /// The guest binds a socket to its own address, or listens there.
    Listen,
    /// The guest accepts a connection or receives a datagram from the address.
    Accept,
}

impl Protocol {
    pub(super) fn of(purpose: SocketAddrUse) -> Self {
        match purpose {
            SocketAddrUse::TcpBind
            | SocketAddrUse::TcpListen
            | SocketAddrUse::TcpAccept
            | SocketAddrUse::TcpConnect => Self::Tcp,
            SocketAddrUse::UdpBind | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => {
                Self::Udp
            }
        }
    }
}

impl Purpose {
    fn of(purpose: SocketAddrUse) -> Self {
        match purpose {
            SocketAddrUse::TcpConnect | SocketAddrUse::UdpSend => Self::Connect,
            SocketAddrUse::TcpBind | SocketAddrUse::TcpListen | SocketAddrUse::UdpBind => {
                Self::Listen
            }
            SocketAddrUse::TcpAccept | SocketAddrUse::UdpReceive => Self::Accept,
        }
    }
}

/// A rule of an [`AddressFilter`](super::AddressFilter): addresses with ports, a protocol and a purpose.
///
/// As text, it is the protocol `tcp` or `udp`, the purpose `connect`, `listen` or `accept`, the addresses, and
/// `port` with ports. All but the addresses may be missing; the rule is then about all of them:
///
/// ```
/// # #[cfg(feature = "wasi")] {
/// use wasmport::wasi::AddressRule;
///
/// for rule in ["any", "192.0.2.7", "tcp connect 2001:db8::/32 port 443", "udp private port 53,8000-8010"] {
///     assert!(rule.parse::<AddressRule>().is_ok(), "{rule}");
/// }
/// # }
/// ```
///
/// Names stand for ranges: `any`, `loopback`, `private`, `link-local`, `metadata` (services of clouds that give
/// out a machine's credentials), `multicast`, `reserved`, and `internal` for all of these but `any`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    pub(super) protocol: Option<Protocol>,
    purpose: Option<Purpose>,
    addresses: Vec<Range>,
    /// All if empty.
    ports: Vec<RangeInclusive<u16>>,
    text: String,
}

impl AddressRule {
    /// Returns whether the rule is about this port, protocol and purpose.
    pub(super) fn is_about(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        let is_port = |ports: &RangeInclusive<u16>| ports.contains(&address.port());
        self.protocol.is_none_or(|protocol| protocol == Protocol::of(purpose))
            && self.purpose.is_none_or(|known| known == Purpose::of(purpose))
            && (self.ports.is_empty() || self.ports.iter().any(is_port))
    }

    /// Returns whether an address is in the rule's ranges.
    pub(super) fn contains(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.addresses.iter().any(|range| range.contains(ip))
    }

    /// Returns whether an address, or another that it stands for, is in the rule's ranges: an IPv4 address inside
    /// of it. An unspecified address stands for all addresses of the host.
    pub(super) fn contains_any(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        if ip.is_unspecified() {
            return self.addresses.iter().any(|range| range.is_like(ip));
        }
        let meanings = meanings(ip);
        let mut meanings = meanings.iter().flatten();
        meanings.any(|ip| self.addresses.iter().any(|range| range.contains(*ip)))
    }
}

impl fmt::Display for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A rule of addresses is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A word is none of a rule.
    #[error(
        "rule `{rule}`: `{word}` is neither an address (such as 192.0.2.0/24) nor one of {names}; \
         a rule is `[tcp|udp] [connect|listen|accept] ADDRESSES [port PORTS]`",
        names = ranges::names()
    )]
    Word {
        /// The rule.
        rule: String,
        /// The word.
        word: String,
    },
    /// The addresses are missing.
    #[error("rule `{rule}`: the addresses are missing; use `any` for all")]
    NoAddresses {
        /// The rule.
        rule: String,
    },
    /// The ports are missing or are none.
    #[error("rule `{rule}`: `{ports}` are no ports; write `port 443` or `port 53,8000-8010`")]
    Ports {
        /// The rule.
        rule: String,
        /// The text of the ports.
        ports: String,
    },
    /// A line does not begin with `allow` or `deny`.
    #[error("line {line}: `{text}` begins with neither `allow` nor `deny`")]
    Line {
        /// The number of the line.
        line: usize,
        /// The line.
        text: String,
    },
}

impl FromStr for AddressRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let rule = || text.clone();
        let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
        let protocol = match words.peek() {
            Some(&"tcp") => Some(Protocol::Tcp),
            Some(&"udp") => Some(Protocol::Udp),
            _ => None,
        };
        let _ = protocol.and_then(|_| words.next());
        let purpose = match words.peek() {
            Some(&"connect") => Some(Purpose::Connect),
            Some(&"listen") => Some(Purpose::Listen),
            Some(&"accept") => Some(Purpose::Accept),
            _ => None,
        };
        let _ = purpose.and_then(|_| words.next());
        let unknown = |word: &str| RuleError::Word { rule: rule(), word: word.to_owned() };
        let word = words.next().ok_or_else(|| RuleError::NoAddresses { rule: rule() })?;
        let named = ranges::named(word).or_else(|| Range::parse(word).map(|range| vec![range]));
        let addresses = named.ok_or_else(|| unknown(word))?;
        let ports = match words.next() {
            None => Vec::new(),
            Some("port") => {
                let listed = words.next().unwrap_or_default();
                let ports = listed.split(',').map(port_range).collect::<Option<_>>();
                ports.ok_or_else(|| RuleError::Ports { rule: rule(), ports: listed.to_owned() })?
            }
            Some(word) => return Err(unknown(word)),
        };
        match words.next() {
            Some(word) => Err(unknown(word)),
            None => Ok(Self { protocol, purpose, addresses, ports, text: rule() }),
        }
    }
}

/// Returns the ports of `443` or `8000-8010`.
fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = first.parse().ok()?..=last.parse().ok()?;
    (!range.is_empty()).then_some(range)
}
