//! Ranges of addresses: those in CIDR notation, and those with names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Number of bits in front of an IPv4 address that is written as IPv6, such as `::ffff:192.0.2.1`.
const MAPPED: u8 = 96;

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: IpAddr,
    bits: u8,
}

impl Range {
    /// Returns the range of an address in CIDR notation; without bits, that of the address alone. Addresses of IPv4
    /// that are written as IPv6 are those of IPv4.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return None;
        }
        match first.to_canonical() {
            IpAddr::V4(mapped) if first.is_ipv6() && bits >= MAPPED => {
                Some(Self { first: mapped.into(), bits: bits - MAPPED })
            }
            _ => Some(Self { first, bits }),
        }
    }

    /// Returns whether it has addresses of the same version of IP.
    pub fn is_like(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let difference = first.to_bits() ^ address.to_bits();
                difference.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let difference = first.to_bits() ^ address.to_bits();
                difference.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The named ranges, most from the registries of
/// [IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry) and
/// [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry).
const NAMED: [(&str, &[&str]); 7] = [
    ("any", &["0.0.0.0/0", "::/0"]),
    ("loopback", &["127.0.0.0/8", "::1/128"]),
    (
        "private",
        &[
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
            "fec0::/10",
        ],
    ),
    ("link-local", &["169.254.0.0/16", "fe80::/10"]),
    // Services of clouds that answer with a machine's credentials.
    (
        "metadata",
        &[
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.23",
            "169.254.42.42",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "fe80::a9fe:a9fe",
        ],
    ),
    ("multicast", &["224.0.0.0/4", "255.255.255.255", "ff00::/8"]),
    (
        "reserved",
        &[
            "0.0.0.0/8",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "::",
            // NAT64 of a network of one's own, which can put the IPv4 address at several places.
            "64:ff9b:1::/48",
            "100::/64",
            "100:0:0:1::/64",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
        ],
    ),
];

/// The name of all named ranges but `any`.
const INTERNAL: &str = "internal";

/// Returns the ranges with a name.
pub(super) fn named(name: &str) -> Option<Vec<Range>> {
    if name == INTERNAL {
        let names = NAMED.iter().map(|(name, _)| *name).filter(|name| *name != "any");
        return Some(names.filter_map(named).flatten().collect());
    }
    let (_, ranges) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some(ranges.iter().filter_map(|range| Range::parse(range)).collect())
}

/// Returns the names, for messages.
pub(super) fn names() -> String {
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    format!("{}, {INTERNAL}", names.join(", "))
}

/// Returns the addresses that an address stands for: itself, and an IPv4 address inside of it, which a
/// gateway reaches.
pub(super) fn meanings(address: IpAddr) -> [Option<IpAddr>; 2] {
    let address = address.to_canonical();
    let IpAddr::V6(ip) = address else { return [Some(address), None] };
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let is_special = ip == Ipv6Addr::LOCALHOST || ip.is_unspecified();
    let inner = match (a, b) {
        // NAT64 (RFC 6052 and 8215), 6to4 (RFC 3056), and Teredo (RFC 4380), which inverts the bits.
        (0x64, 0xff9b) => Some((g, h)),
        (0x2002, high) => Some((high, c)),
        (0x2001, 0) => Some((!g, !h)),
        // The translated form of RFC 2765 and the deprecated one of RFC 4291.
        (0, 0) if (c, d, e, f) == (0, 0, 0xffff, 0) => Some((g, h)),
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0) && !is_special => Some((g, h)),
        _ => None,
    };
    let inner =
        inner.map(|(high, low)| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    [Some(address), inner.map(IpAddr::V4)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_named_ranges_are_valid() {
        for (name, ranges) in NAMED {
            assert_eq!(named(name).unwrap().len(), ranges.len(), "{name}");
        }
    }

    #[test]
    fn mapped_ranges_are_those_of_ipv4() {
        for (mapped, plain) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(Range::parse(mapped), Range::parse(plain), "{mapped}");
        }
    }
}
