//! WASI of programs: descriptors and clocks, the environment, and the network.

use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;
use wasmport::wasi::{ManualClock, Wasi};
use wasmport::wasmtime::component::{Component, Instance};
use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

fn runtime() -> Runtime {
    Runtime::new(&EngineConfig::new()).unwrap()
}

fn module(text: &str, wasi: &Wasi) -> Session<()> {
    let module = runtime().load_dynamic(&DynamicAsset::new("guest", text)).unwrap();
    Session::of(&module, (), |linker, store| wasi.link(linker, store)).unwrap()
}

fn component(component: impl Into<Vec<u8>>, wasi: &Wasi) -> Session<(), Instance> {
    let asset = DynamicAsset::<Component>::component("guest", component);
    let component = runtime().load_dynamic(&asset).unwrap();
    Session::of(&component, (), |linker, store| wasi.link_component(linker, store)).unwrap()
}

/// Subscribes at 0 to a descriptor, with room for two events at 256 and for their number at 512.
const POLL: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ;; 1,000,000 x errno + 1,000 x error of the event + 10 x bytes + hang-up, for reading or writing.
    (func (export "wait") (param $kind i32) (param $fd i32) (result i32) (local $errno i32)
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 1024))
        (i32.store8 (i32.const 8) (local.get $kind))
        (i32.store (i32.const 16) (local.get $fd))
        (local.set $errno (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))
        (i32.add
            (i32.add
                (i32.mul (local.get $errno) (i32.const 1000000))
                (i32.mul (i32.load16_u (i32.const 264)) (i32.const 1000)))
            (i32.add
                (i32.mul (i32.load (i32.const 272)) (i32.const 10))
                (i32.load16_u (i32.const 280)))))
    ;; The number of events of an hour and of a descriptor, and the kind of the first.
    (func (export "race") (param $kind i32) (param $fd i32) (result i32 i32)
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (i32.store8 (i32.const 56) (local.get $kind))
        (i32.store (i32.const 64) (local.get $fd))
        (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 2) (i32.const 512)))
        (i32.load (i32.const 512))
        (i32.load8_u (i32.const 266))))"#;

#[test]
fn a_manual_clock_changes_nothing_about_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let system = Wasi::new().stdin_bytes("abc").preopened_dir(folder.path(), "/");
    let manual = system.clone().clock(&ManualClock::new(Duration::ZERO));
    let mut all = Vec::new();
    for wasi in [&system, &manual] {
        let mut guest = module(POLL, wasi);
        let mut wait =
            |kind: i32, fd: i32| guest.call_func::<(i32, i32), i32>("wait", (kind, fd)).unwrap();
        // Not open; the standard streams; a folder.
        all.push([
            wait(1, 99),
            wait(2, 99),
            wait(1, 0),
            wait(1, 1),
            wait(2, 1),
            wait(2, 0),
            wait(1, 3),
        ]);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0][..2], [8_000_000, 8_000_000]);

    let mut empty = module(POLL, &Wasi::new().clock(&ManualClock::new(Duration::ZERO)));
    assert_eq!(empty.call_func::<(i32, i32), i32>("wait", (1, 0)).unwrap(), 10);
}

#[test]
fn a_descriptor_that_is_ready_comes_before_a_manual_clock() {
    let clock = ManualClock::new(Duration::ZERO);
    let mut guest = module(POLL, &Wasi::new().clock(&clock));
    assert_eq!(guest.call_func::<(i32, i32), (i32, i32)>("race", (2, 1)).unwrap(), (1, 2));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

/// Writes the block of variables to the standard output.
#[cfg(unix)]
const ENVIRONMENT: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 16)
    (func (export "say")
        (drop (call $sizes (i32.const 0) (i32.const 12)))
        (drop (call $get (i32.const 65536) (i32.const 131072)))
        (i32.store (i32.const 8) (i32.const 131072))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 4)))))"#;

#[test]
#[cfg(unix)]
fn an_environment_that_is_not_text_is_inherited_or_refused() {
    use std::env;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Command;
    use wasmport::Error;
    use wasmport::wasi::Capture;
    const ODD: &str = "WASMPORT_TEST_ODD";
    if env::var_os(ODD).is_none() {
        let test = "wasi::an_environment_that_is_not_text_is_inherited_or_refused";
        let mut command = Command::new(env::current_exe().unwrap());
        let odd = OsStr::from_bytes(b"a\xffb");
        let output = command.args(["--exact", test]).env(ODD, odd).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let output = Capture::new();
    let mut guest = module(ENVIRONMENT, &Wasi::new().inherit_env().stdout(output.clone()));
    guest.call_func::<(), ()>("say", ()).unwrap();
    let text = output.text();
    let odd = text.split('\0').find(|variable| variable.starts_with(ODD));
    assert_eq!(odd, Some("WASMPORT_TEST_ODD=a\u{fffd}b"));

    let error = Wasi::new().try_inherit_env().unwrap_err();
    assert!(matches!(&error, Error::Environment { name } if name == ODD));
    let message = "the variable `WASMPORT_TEST_ODD` of this program's environment is not UTF-8";
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_function_of_wasi_that_is_gated_is_linked() {
    let text = r#"(component
        (import "wasi:io/error@0.2.6" (instance $io (export "error" (type (sub resource)))))
        (alias export $io "error" (type $error))
        (import "wasi:sockets/network@0.2.6" (instance
            (alias outer 1 $error (type $outer))
            (export "error" (type $own (eq $outer)))
            (type $codes (enum "unknown" "access-denied" "not-supported" "invalid-argument"
                "out-of-memory" "timeout" "concurrency-conflict" "not-in-progress" "would-block"
                "invalid-state" "new-socket-limit" "address-not-bindable" "address-in-use"
                "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
                "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
                "permanent-resolver-failure"))
            (export "error-code" (type $code (eq $codes)))
            (export "network-error-code" (func (param "err" (borrow $own)) (result (option $code)))))))"#;
    component(text, &Wasi::new());
}

/// The parts of `wasi:sockets` that the guest uses.
const SOCKETS: &str = "
    package demo:net;
    world net {
        import wasi:sockets/instance-network@0.2.0;
        import wasi:sockets/tcp@0.2.0;
        import wasi:sockets/tcp-create-socket@0.2.0;
        import wasi:sockets/udp@0.2.0;
        import wasi:sockets/udp-create-socket@0.2.0;
        export tcp: func() -> s32;
        export udp: func() -> s32;
    }
    package wasi:sockets@0.2.0 {
        interface network {
            resource network;
            enum error-code {
                unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
                concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
                address-not-bindable, address-in-use, remote-unreachable, connection-refused,
                connection-reset, connection-aborted, datagram-too-large, name-unresolvable,
                temporary-resolver-failure, permanent-resolver-failure,
            }
            enum ip-address-family { ipv4, ipv6 }
            type ipv4-address = tuple<u8, u8, u8, u8>;
            type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
            record ipv4-socket-address { port: u16, address: ipv4-address }
            record ipv6-socket-address {
                port: u16, flow-info: u32, address: ipv6-address, scope-id: u32,
            }
            variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
        }
        interface instance-network { use network.{network}; instance-network: func() -> network; }
        interface tcp {
            use network.{network, error-code, ip-socket-address};
            resource tcp-socket {
                start-bind: func(network: borrow<network>, local-address: ip-socket-address)
                    -> result<_, error-code>;
                finish-bind: func() -> result<_, error-code>;
                start-listen: func() -> result<_, error-code>;
                finish-listen: func() -> result<_, error-code>;
                local-address: func() -> result<ip-socket-address, error-code>;
            }
        }
        interface tcp-create-socket {
            use network.{error-code, ip-address-family};
            use tcp.{tcp-socket};
            create-tcp-socket: func(address-family: ip-address-family)
                -> result<tcp-socket, error-code>;
        }
        interface udp {
            use network.{network, error-code, ip-socket-address};
            resource udp-socket {
                start-bind: func(network: borrow<network>, local-address: ip-socket-address)
                    -> result<_, error-code>;
                finish-bind: func() -> result<_, error-code>;
                local-address: func() -> result<ip-socket-address, error-code>;
            }
        }
        interface udp-create-socket {
            use network.{error-code, ip-address-family};
            use udp.{udp-socket};
            create-udp-socket: func(address-family: ip-address-family)
                -> result<udp-socket, error-code>;
        }
    }";

/// The functions of one protocol: binds to a free port of the loopback address and returns it, or -1 minus
/// the number of an error.
fn protocol(name: &str, listens: bool) -> (String, String) {
    let address = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    let of = format!("wasi:sockets/{name}@0.2.0");
    let mut imports = format!(
        "(import \"wasi:sockets/{name}-create-socket@0.2.0\" \"create-{name}-socket\"
            (func ${name} (param i32 i32)))
        (import \"{of}\" \"[method]{name}-socket.start-bind\" (func ${name}-start-bind {address}))"
    );
    let steps = ["finish-bind", "start-listen", "finish-listen", "local-address"];
    let steps = steps.into_iter().filter(|step| listens || !step.contains("listen"));
    let (zero, failed) = ("(i32.const 0)", "(if (i32.load8_u (i32.const 0)) (then (return");
    let fail = format!("{failed} (i32.sub (i32.const -1) (i32.load8_u (i32.const 1))))))");
    let mut body = format!(
        "(call ${name} {zero} {zero})
        {failed} (i32.sub (i32.const -1) (i32.load8_u (i32.const 4))))))
        (local.set 0 (i32.load (i32.const 4)))
        (call ${name}-start-bind (local.get 0) (call $network) {zero} {zero}
            (i32.const 127) {zero} {zero} (i32.const 1) {} {zero})
        {fail}",
        [zero; 6].join(" ")
    );
    for step in steps {
        imports += &format!(
            "(import \"{of}\" \"[method]{name}-socket.{step}\" (func ${name}-{step} (param i32 i32)))"
        );
        body += &format!("(call ${name}-{step} (local.get 0) {zero}) {fail}");
    }
    let func = format!(
        "(func (export \"{name}\") (result i32) (local i32) {body} (i32.load16_u (i32.const 8)))"
    );
    (imports, func)
}

fn net() -> Vec<u8> {
    let ((tcp_imports, tcp), (udp_imports, udp)) = (protocol("tcp", true), protocol("udp", false));
    let text = format!(
        "(module
            (import \"wasi:sockets/instance-network@0.2.0\" \"instance-network\"
                (func $network (result i32)))
            {tcp_imports} {udp_imports}
            (memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)
            {tcp} {udp})"
    );
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("net.wit", SOCKETS).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

#[test]
fn sockets_are_denied_by_default_and_granted_by_protocol_and_address() {
    const DENIED: i32 = -2;
    let bytes = net();
    let bind = |wasi: Wasi| {
        let mut guest = component(bytes.clone(), &wasi);
        let ports = ["tcp", "udp"].map(|name| {
            let port = guest.call(|instance, store| {
                instance.get_typed_func::<(), (i32,)>(&mut *store, name)?.call(store, ())
            });
            port.unwrap().0
        });
        (ports, guest)
    };
    assert_eq!(bind(Wasi::new()).0, [DENIED; 2]);
    assert_eq!(bind(Wasi::new().inherit_network()).0, [DENIED; 2]);
    let both = Wasi::new().allow_tcp(true).allow_udp(true);
    assert_eq!(bind(both.clone()).0, [DENIED; 2], "no address is permitted");
    let elsewhere = both.clone().socket_addr_check(|address, _| !address.ip().is_loopback());
    assert_eq!(bind(elsewhere).0, [DENIED; 2]);

    let loopback = both.allow_udp(false).socket_addr_check(|address, _| address.ip().is_loopback());
    let ([tcp, udp], _guest) = bind(loopback);
    assert_eq!(udp, DENIED);
    TcpStream::connect(("127.0.0.1", u16::try_from(tcp).unwrap())).unwrap();

    let ([tcp, udp], _guest) = bind(Wasi::new().allow_udp(true).inherit_network());
    assert_eq!(tcp, DENIED);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", u16::try_from(udp).unwrap())).unwrap();
    assert_eq!(socket.send(b"hello").unwrap(), 5);
}
