//! Tests of filters of addresses.

use super::{AddressFilter, AddressRule, RuleError};
use wasmtime_wasi::sockets::SocketAddrUse::{
    self, TcpAccept, TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend,
};

fn filter(text: &str) -> AddressFilter {
    text.parse().unwrap()
}

fn permits(filter: &AddressFilter, address: &str, purpose: SocketAddrUse) -> bool {
    filter.permits(address.parse().unwrap(), purpose)
}

#[test]
fn an_empty_filter_permits_nothing() {
    let none = AddressFilter::new();
    for purpose in [TcpBind, TcpListen, TcpAccept, TcpConnect, UdpBind, UdpSend, UdpReceive] {
        assert!(!permits(&none, "127.0.0.1:1", purpose), "{purpose:?}");
        assert!(!permits(&none, "0.0.0.0:0", purpose), "{purpose:?}");
    }
}

#[test]
fn rules_are_about_addresses_ports_protocols_and_purposes() {
    let rules =
        filter("allow tcp connect 192.0.2.0/25 port 443,8000-8010\nallow udp 2001:db8::/33");
    let connects = |address| permits(&rules, address, TcpConnect);
    assert!(
        connects("192.0.2.0:443") && connects("192.0.2.127:8000") && connects("192.0.2.1:8010")
    );
    assert!(!connects("192.0.2.128:443") && !connects("192.0.1.255:443"));
    assert!(!connects("192.0.2.1:444") && !connects("192.0.2.1:8011"));
    assert!(!permits(&rules, "192.0.2.1:443", UdpSend));
    assert!(
        !permits(&rules, "192.0.2.1:443", TcpAccept)
            && !permits(&rules, "192.0.2.1:443", TcpListen)
    );
    assert!(permits(&rules, "[2001:db8:7fff::1]:53", UdpSend));
    assert!(
        permits(&rules, "[2001:db8::1]:9", UdpReceive)
            && permits(&rules, "[2001:db8::1]:9", UdpBind)
    );
    assert!(!permits(&rules, "[2001:db8:8000::1]:53", UdpSend));
    assert!(!permits(&rules, "[2001:db8::1]:53", TcpConnect));
}

#[test]
fn sockets_may_be_bound_before_they_connect() {
    let rules = filter("allow tcp connect 192.0.2.7");
    assert!(permits(&rules, "0.0.0.0:0", TcpBind) && permits(&rules, "[::]:0", TcpBind));
    assert!(!permits(&rules, "0.0.0.0:0", UdpBind));
    assert!(!permits(&rules, "0.0.0.0:80", TcpBind) && !permits(&rules, "192.0.2.7:0", TcpBind));
    assert!(!permits(&rules, "0.0.0.0:0", TcpListen));
}

#[test]
fn denied_addresses_are_denied_in_every_form() {
    let rules = AddressFilter::new().allow("any").unwrap().deny("internal").unwrap();
    for public in
        ["1.1.1.1:443", "[2606:4700::1111]:443", "[64:ff9b::101:101]:443", "[2002:101:101::]:443"]
    {
        assert!(permits(&rules, public, TcpConnect), "{public}");
    }
    for internal in [
        "127.0.0.1:80",
        "127.255.0.1:80",
        "[::1]:80",
        "10.1.2.3:80",
        "172.31.0.1:80",
        "192.168.0.1:80",
        "100.64.0.1:80",
        "169.254.169.254:80",
        "168.63.129.16:80",
        "100.100.100.200:80",
        "[fe80::1]:80",
        "[fd00::1]:80",
        "[fd00:ec2::254]:80",
        "224.0.0.1:80",
        "255.255.255.255:80",
        "0.0.0.1:80",
        "0.0.0.0:80",
        "[::]:80",
        // The same as IPv4 inside of IPv6.
        "[::ffff:127.0.0.1]:80",
        "[::ffff:10.0.0.1]:80",
        "[::10.0.0.1]:80",
        "[64:ff9b::a9fe:a9fe]:80",
        "[64:ff9b:1::a00:1]:80",
        "[2002:7f00:1::]:80",
        "[2002:c0a8:1:1::1]:80",
        "[::ffff:0:10.0.0.1]:80",
        "[2001:0:101:101::f5ff:fffe]:80",
        "[64:ff9b:1:a00:0:100::]:80",
    ] {
        assert!(!permits(&rules, internal, TcpConnect), "{internal}");
        assert!(!permits(&rules, internal, UdpSend), "{internal}");
    }
}

#[test]
fn mapped_addresses_are_those_of_ipv4() {
    let rules = filter("allow 192.0.2.0/24");
    assert!(permits(&rules, "[::ffff:192.0.2.1]:80", TcpConnect));
    assert!(!permits(&rules, "[64:ff9b::c000:201]:80", TcpConnect), "a gateway is another address");
}

#[test]
fn an_address_inside_of_another_is_denied_by_its_own_rule() {
    let rules = filter("allow any\ndeny ::ffff:10.0.0.0/104");
    for address in [
        "10.0.0.1:80",
        "[::ffff:10.0.0.1]:80",
        "[::10.0.0.1]:80",
        "[::ffff:0:10.0.0.1]:80",
        "[64:ff9b::10.0.0.1]:80",
        "[2002:a00:1::]:80",
        // The bits of 10.0.0.1 are inverted.
        "[2001:0:101:101::f5ff:fffe]:80",
    ] {
        assert!(!permits(&rules, address, TcpConnect), "{address}");
        assert!(!permits(&rules, address, UdpSend), "{address}");
    }
    assert!(permits(&rules, "11.0.0.1:80", TcpConnect));
    assert!(permits(&rules, "[2001:0:101:101::f4ff:fffe]:80", TcpConnect));
}

#[test]
fn to_listen_at_all_addresses_is_to_listen_at_each() {
    let any = filter("allow listen any\ndeny connect private");
    assert!(permits(&any, "0.0.0.0:80", TcpBind) && permits(&any, "[::]:80", UdpBind));
    let not_private = filter("allow listen any\ndeny listen 10.0.0.0/8");
    assert!(permits(&not_private, "192.0.2.1:80", TcpListen));
    assert!(permits(&not_private, "[::]:80", TcpListen), "the rule is about IPv4");
    for purpose in [TcpBind, TcpListen, UdpBind] {
        assert!(!permits(&not_private, "0.0.0.0:80", purpose), "{purpose:?}");
        assert!(!permits(&not_private, "[::ffff:0.0.0.0]:80", purpose), "{purpose:?}");
    }
}

#[test]
fn a_denied_port_leaves_the_others() {
    let rules = filter("allow tcp any\ndeny connect any port 25 # mail\n\n  # nothing\n");
    assert!(!permits(&rules, "1.1.1.1:25", TcpConnect));
    assert!(permits(&rules, "1.1.1.1:26", TcpConnect) && permits(&rules, "1.1.1.1:25", TcpAccept));
}

#[test]
fn a_filter_is_its_text() {
    let rules = filter("allow   tcp connect any   port 443\ndeny private");
    assert_eq!(rules.to_string(), "allow tcp connect any port 443\ndeny private\n");
    assert_eq!(filter(&rules.to_string()), rules);
}

#[test]
fn errors_name_the_rule_and_the_word() {
    let error = |rule: &str| rule.parse::<AddressRule>().unwrap_err();
    for (rule, word) in [
        ("tcp connect 10.0.0.0/33", "10.0.0.0/33"),
        ("10.0.0.0/-1", "10.0.0.0/-1"),
        ("10.0.0.0/", "10.0.0.0/"),
        ("::/129", "::/129"),
        ("sctp any", "sctp"),
        ("connect tcp any", "tcp"),
        ("any ports 3", "ports"),
        ("any port 3 4", "4"),
        ("example.com", "example.com"),
    ] {
        assert_eq!(error(rule), RuleError::Word { rule: rule.into(), word: word.into() });
    }
    for (rule, ports) in [
        ("any port", ""),
        ("any port 1,", "1,"),
        ("any port 2-1", "2-1"),
        ("any port 65536", "65536"),
    ] {
        assert_eq!(error(rule), RuleError::Ports { rule: rule.into(), ports: ports.into() });
    }
    assert_eq!(error(" tcp "), RuleError::NoAddresses { rule: "tcp".into() });
    assert!(
        error("sctp any").to_string().starts_with("rule `sctp any`: `sctp` is neither an address")
    );
    let line = "allow any\npermit any".parse::<AddressFilter>().unwrap_err();
    assert_eq!(line, RuleError::Line { line: 2, text: "permit any".into() });
}
