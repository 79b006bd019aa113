//! Tests of the text and data of policies.

use super::*;
use crate::wasi::{AddressFilter, Capture, ManualClock, Terminal, TerminalSize, Verdict};
use std::time::Duration;

#[test]
fn an_empty_system_may_do_nothing() {
    let text = "\
arguments: none
environment: none
stdin: empty
stdout: discarded
stderr: discarded
folders: none
clock: real
randomness: the system's
network: denied
http: denied
audit: none
";
    assert_eq!(Wasi::new().policy().to_string(), text);
}

#[test]
fn everything_that_is_granted_is_in_the_text_and_no_secret() {
    let filter = AddressFilter::new().allow("tcp connect any port 443").unwrap();
    let wasi = Wasi::new()
        .args(["app", "a b\n"])
        .env("TOKEN", "hunter2")
        .stdin_bytes("hunter3")
        .stdout(Capture::new())
        .preopened_dir("/srv/assets", "/assets")
        .preopened_dir_read_write("/srv/work", "/work")
        .clock(&ManualClock::new(Duration::from_millis(86_400_500)))
        .random_seed(4_711)
        .address_filter(filter.deny("internal").unwrap())
        .allow_ip_name_lookup(true)
        .audit(|_| Verdict::Allow);
    #[cfg(feature = "vfs")]
    let wasi = wasi
        .files(&crate::vfs::Files::new(), "/tmp")
        .shared_files(&crate::vfs::SharedFiles::new(&crate::vfs::Files::new()), "/shared");
    let text = wasi.policy().to_string();
    let virtual_files = match cfg!(feature = "vfs") {
        true => {
            "\
folder `/tmp`: virtual, up to 1073741824 bytes in 100000 files, 1024 open
folder `/shared`: virtual, shared, up to 1073741824 bytes in 100000 files, 1024 open
"
        }
        false => "",
    };
    let expected = format!(
        "\
arguments: `app` `a b\\n`
environment: `TOKEN`
stdin: 7 bytes
stdout: a stream of the program
stderr: discarded
folder `/assets`: read, from `/srv/assets`
folder `/work`: read and write, from `/srv/work`
{virtual_files}\
clock: manual, at 86400 s since 1970
randomness: from a seed
network: allow tcp connect any port 443; deny internal
names: looked up
http: denied
audit: each call
"
    );
    assert_eq!(text, expected);
    let debug = format!("{:?}", wasi.policy());
    assert!(!debug.contains("hunter") && !debug.contains("4711"), "{debug}");
}

#[test]
fn the_network_is_what_was_set_last() {
    let network = |wasi: Wasi| wasi.policy().network;
    let checked = || Wasi::new().allow_tcp(true).socket_addr_check(|_, _| true);
    assert_eq!(network(Wasi::new().allow_tcp(true)), NetworkPolicy::Denied);
    assert_eq!(network(Wasi::new().inherit_network()), NetworkPolicy::Denied);
    assert_eq!(network(checked()), NetworkPolicy::Check { tcp: true, udp: false });
    let all = checked().inherit_network().allow_udp(true);
    assert_eq!(network(all.clone()), NetworkPolicy::All { tcp: true, udp: true });
    let filter = AddressFilter::new().allow("udp loopback").unwrap();
    let filtered = all.address_filter(filter.clone());
    let udp_alone = NetworkPolicy::Filter { filter: filter.clone(), tcp: false, udp: true };
    assert_eq!(network(filtered.clone()), udp_alone);
    assert_eq!(network(filtered.clone().allow_tcp(true)), udp_alone, "no rule allows TCP");
    assert_eq!(network(filtered.allow_tcp(true).allow_udp(false)), NetworkPolicy::Denied);
    let checked_again = checked().address_filter(filter).socket_addr_check(|_, _| false);
    assert_eq!(network(checked_again), NetworkPolicy::Check { tcp: false, udp: true });
    #[cfg(feature = "component-model")]
    {
        let own = checked().network(crate::wasi::VirtualNetwork::new());
        assert_eq!(network(own), NetworkPolicy::Own("virtual, host 127.0.0.1".into()));
    }
}

#[test]
fn a_protocol_that_is_denied_beside_a_filter_is_in_the_text() {
    let filter = AddressFilter::new().allow("any port 53").unwrap();
    let text = |wasi: Wasi| wasi.policy().network.to_string();
    let both = Wasi::new().address_filter(filter);
    assert_eq!(text(both.clone()), "allow any port 53");
    assert_eq!(text(both.clone().allow_tcp(false)), "allow any port 53; UDP alone");
    assert_eq!(text(both.clone().allow_udp(false)), "allow any port 53; TCP alone");
    assert_eq!(text(both.allow_tcp(false).allow_udp(false)), "denied");
}

#[test]
fn variables_of_a_terminal_are_in_the_text() {
    let terminal = Terminal::new(TerminalSize { columns: 80, lines: 24 }, |_| {});
    let names = |wasi: Wasi| wasi.terminal(&terminal).policy().env;
    assert_eq!(names(Wasi::new()), ["COLUMNS", "LINES"]);
    assert_eq!(names(Wasi::new().env("LINES", "1")), ["LINES", "COLUMNS"]);
}

#[cfg(feature = "component-model")]
#[test]
fn names_are_not_looked_up_beside_a_network_of_the_program() {
    let wasi = Wasi::new().allow_ip_name_lookup(true);
    assert!(wasi.policy().ip_name_lookup);
    let own = wasi.network(crate::wasi::VirtualNetwork::new()).policy();
    assert!(!own.ip_name_lookup && !own.to_string().contains("looked up"), "{own}");
}

#[cfg(feature = "wasi-http")]
#[test]
fn grants_of_http_are_in_the_text() {
    let wasi = Wasi::new().allow_http_hosts(["example.com"]);
    let text = wasi.policy().http.to_string();
    assert_eq!(text, "`example.com:443` `example.com:80`, up to 64 requests at once");
}
