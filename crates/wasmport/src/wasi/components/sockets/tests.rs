//! Two guests that talk over a virtual network, with calls that block and async ones.

use crate::wasi::{NetworkLimits, VirtualNetwork, Wasi};
use crate::{DynamicAsset, EngineConfig, Error, LoadedComponent, Runtime, RuntimeOptions, Session};
use std::thread;
use std::time::Duration;
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, Lower};
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;

type Peer = Session<(), Instance>;

/// The result of an error.
fn failed(code: ErrorCode) -> u32 {
    100 + code as u32
}

/// The end of a stream.
const END: u32 = 1000;

fn load(time: Option<Duration>) -> LoadedComponent {
    load_text(include_str!("peer.wat"), time)
}

fn load_text(text: &str, time: Option<Duration>) -> LoadedComponent {
    let config = EngineConfig::new().epoch_interruption(time.is_some());
    let mut options = RuntimeOptions::default();
    options.limits.time = time;
    let runtime = Runtime::builder(&config).options(options).build().unwrap();
    let asset = DynamicAsset::<Component>::component("peer", text);
    runtime.load_dynamic(&asset).unwrap()
}

fn peer(component: &LoadedComponent, wasi: &Wasi) -> Peer {
    Session::of(component, (), |linker, store| wasi.link_component(linker, store)).unwrap()
}

fn call<P>(peer: &mut Peer, name: &str, params: P) -> Result<u32, Error>
where
    P: ComponentNamedList + Lower + Send + Sync,
{
    peer.call(|instance, store| {
        let func = instance.get_typed_func::<P, (u32,)>(&mut *store, name)?;
        Ok(func.call(store, params)?.0)
    })
}

async fn call_async<P>(peer: &mut Peer, name: &str, params: P) -> u32
where
    P: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
{
    let called = peer.call_async(async |instance, store| {
        let func = instance.get_typed_func::<P, (u32,)>(&mut *store, name)?;
        Ok(func.call_async(store, params).await?.0)
    });
    called.await.unwrap()
}

#[test]
fn guests_of_one_host_connect_by_its_loopback_address() {
    let component = load(None);
    let wasi = Wasi::new().network(VirtualNetwork::new());
    let [mut server, mut client] = [(); 2].map(|()| peer(&component, &wasi));
    let refused = failed(ErrorCode::ConnectionRefused);
    assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), refused);
    assert_eq!(call(&mut server, "listen", (80_u32,)).unwrap(), 0);
    let in_use = failed(ErrorCode::AddressInUse);
    assert_eq!(call(&mut client, "listen", (80_u32,)).unwrap(), in_use);
    assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), 0);
    assert_eq!(call(&mut client, "send", (7_u32,)).unwrap(), 0);
    assert_eq!(call(&mut server, "accept", ()).unwrap(), 0);
    assert_eq!(call(&mut server, "receive", ()).unwrap(), 7);
    assert_eq!(call(&mut server, "send", (8_u32,)).unwrap(), 0);
    drop(server);
    assert_eq!(call(&mut client, "receive", ()).unwrap(), 8, "sent before the end");
    assert_eq!(call(&mut client, "receive", ()).unwrap(), END);
    assert_eq!(call(&mut client, "send", (9_u32,)).unwrap(), END);
    assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), refused);
}

#[test]
fn guests_on_other_threads_wake_those_that_wait() {
    let component = load(None);
    let network = VirtualNetwork::new();
    let at = |host: &str| Wasi::new().network(network.host(host.parse().unwrap()));
    let mut server = peer(&component, &at("10.0.0.1"));
    assert_eq!(call(&mut server, "listen", (80_u32,)).unwrap(), 0);
    let server = thread::spawn(move || {
        for sent in 1..=3 {
            assert_eq!(call(&mut server, "accept", ()).unwrap(), 0);
            assert_eq!(call(&mut server, "receive", ()).unwrap(), sent);
            assert_eq!(call(&mut server, "send", (sent + 10,)).unwrap(), 0);
        }
    });
    let unreachable = failed(ErrorCode::ConnectionRefused);
    let mut stranger = peer(&component, &at("10.0.0.2"));
    assert_eq!(
        call(&mut stranger, "connect", (0_u32, 80_u32)).unwrap(),
        unreachable,
        "its own host"
    );
    for sent in 1..=3 {
        // The server waits by then, or soon.
        thread::sleep(Duration::from_millis(20));
        let mut client = peer(&component, &at("10.0.0.2"));
        assert_eq!(call(&mut client, "connect", (1_u32, 80_u32)).unwrap(), 0);
        assert_eq!(call(&mut client, "send", (sent,)).unwrap(), 0);
        assert_eq!(call(&mut client, "receive", ()).unwrap(), sent + 10);
    }
    server.join().unwrap();
}

/// Lets other futures of the task go on.
#[cfg(feature = "async")]
async fn yield_now() {
    let mut is_second = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_second, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[cfg(feature = "async")]
#[test]
fn async_guests_take_turns_on_one_thread() {
    let component = load(None);
    let wasi = Wasi::new().network(VirtualNetwork::new());
    wasmtime_wasi::runtime::in_tokio(async {
        let start = || {
            Session::of_async(&component, (), |linker, store| {
                wasi.link_component_async(linker, store)
            })
        };
        let (mut server, mut client) = (start().await.unwrap(), start().await.unwrap());
        let serves = async {
            assert_eq!(call_async(&mut server, "listen", (80_u32,)).await, 0);
            assert_eq!(call_async(&mut server, "accept", ()).await, 0);
            let sent = call_async(&mut server, "receive", ()).await;
            assert_eq!(call_async(&mut server, "send", (sent + 1,)).await, 0);
            sent
        };
        let asks = async {
            while call_async(&mut client, "connect", (0_u32, 80_u32)).await != 0 {
                yield_now().await;
            }
            assert_eq!(call_async(&mut client, "send", (41_u32,)).await, 0);
            call_async(&mut client, "receive", ()).await
        };
        let (mut serves, mut asks) = (Box::pin(serves), Box::pin(asks));
        let (mut sent, mut answered) = (None, None);
        std::future::poll_fn(|context| {
            if sent.is_none()
                && let std::task::Poll::Ready(value) = serves.as_mut().poll(context)
            {
                sent = Some(value);
            }
            if answered.is_none()
                && let std::task::Poll::Ready(value) = asks.as_mut().poll(context)
            {
                answered = Some(value);
            }
            match (sent, answered) {
                (Some(41), Some(42)) => std::task::Poll::Ready(()),
                (Some(sent), Some(answered)) => panic!("{sent} {answered}"),
                _ => std::task::Poll::Pending,
            }
        })
        .await;
    });
}

#[test]
fn waiting_ends_with_the_deadline_of_the_session() {
    let time = Duration::from_secs(1);
    let component = load(Some(time));
    let wasi = Wasi::new().network(VirtualNetwork::new());
    let is_timeout = |error: Error| matches!(error, Error::TimedOut { limit, .. } if limit == time);
    let mut server = peer(&component, &wasi);
    assert_eq!(call(&mut server, "listen", (80_u32,)).unwrap(), 0);
    let mut client = peer(&component, &wasi);
    assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), 0);
    assert!(is_timeout(call(&mut client, "receive", ()).unwrap_err()), "of a stream");
    drop(client);
    assert_eq!(call(&mut server, "accept", ()).unwrap(), 0);
    assert!(is_timeout(call(&mut server, "accept", ()).unwrap_err()), "of a listener");
}

#[test]
fn a_full_buffer_holds_the_writer_back() {
    let time = Duration::from_secs(1);
    let component = load(Some(time));
    let limits = NetworkLimits { buffer_bytes: 2, ..NetworkLimits::default() };
    let wasi = Wasi::new().network(VirtualNetwork::with_limits(limits));
    let [mut server, mut client] = [(); 2].map(|()| peer(&component, &wasi));
    assert_eq!(call(&mut server, "listen", (80_u32,)).unwrap(), 0);
    assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), 0);
    assert_eq!(call(&mut server, "accept", ()).unwrap(), 0);
    assert_eq!(call(&mut client, "send", (1_u32,)).unwrap(), 0);
    assert_eq!(call(&mut client, "send", (2_u32,)).unwrap(), 0);
    let blocked = call(&mut client, "send", (3_u32,));
    assert!(matches!(blocked, Err(Error::TimedOut { .. })), "{blocked:?}");
}

#[test]
fn a_filter_permits_addresses_of_the_real_network() {
    use crate::wasi::AddressFilter;
    let component = load(None);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = u32::from(listener.local_addr().unwrap().port());
    let connect = |rules: &str| {
        let filter: AddressFilter = rules.parse().unwrap();
        let mut client = peer(&component, &Wasi::new().address_filter(filter));
        call(&mut client, "connect", (0_u32, port)).unwrap()
    };
    let denied = failed(ErrorCode::AccessDenied);
    assert_eq!(connect(&format!("allow tcp connect loopback port {port}")), 0);
    assert_eq!(connect("allow any\ndeny private"), 0);
    assert_eq!(connect("allow any\ndeny internal"), denied);
    assert_eq!(connect("allow tcp connect 192.0.2.0/24"), denied);
    assert_eq!(connect("allow tcp connect loopback port 1"), denied);
    assert_eq!(connect("allow tcp listen any"), denied);
    assert_eq!(connect("allow udp any"), denied);
    assert_eq!(connect(""), denied);
}

#[test]
fn a_filter_permits_addresses_to_listen_at() {
    let component = load(None);
    let listen = |rules: &str, port: u32| {
        let wasi = Wasi::new().address_filter(rules.parse().unwrap());
        call(&mut peer(&component, &wasi), "listen", (port,)).unwrap()
    };
    let denied = failed(ErrorCode::AccessDenied);
    assert_eq!(listen("allow tcp listen any", 0), 0);
    assert_eq!(listen("allow tcp listen any\ndeny connect private", 0), 0);
    assert_eq!(listen("allow tcp connect any", 49_151), denied, "to bind a port");
    assert_eq!(listen("allow tcp connect any", 0), denied, "to listen");
    assert_eq!(listen("allow tcp listen any\ndeny private", 0), denied, "at all addresses");
    assert_eq!(listen("allow udp listen any", 0), denied);
}

#[test]
fn a_filter_permits_datagrams_of_the_real_network() {
    let component = load_text(include_str!("sender.wat"), None);
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let port = u32::from(receiver.local_addr().unwrap().port());
    let sender =
        |rules: &str| peer(&component, &Wasi::new().address_filter(rules.parse().unwrap()));
    let bound = |rules: &str| {
        let mut sender = sender(rules);
        assert_eq!(call(&mut sender, "bind", (0_u32,)).unwrap(), 0, "{rules}");
        sender
    };
    let connect = |rules: &str| call(&mut bound(rules), "stream", (port,)).unwrap();
    let send = |rules: &str| {
        let mut sender = bound(rules);
        assert_eq!(call(&mut sender, "stream", (0_u32,)).unwrap(), 0, "{rules}");
        call(&mut sender, "send", (port, 7_u32)).unwrap()
    };
    let denied = failed(ErrorCode::AccessDenied);
    for rules in [
        "allow any\ndeny internal",
        "allow udp any\ndeny connect 127.0.0.1",
        "allow udp accept any",
        "allow udp 192.0.2.0/24",
        "allow udp loopback port 1",
    ] {
        assert_eq!((send(rules), connect(rules)), (denied, denied), "{rules}");
    }
    assert_eq!(send("allow udp connect loopback"), 0);
    assert_eq!(connect("allow udp connect loopback"), denied, "it would receive too");
    assert_eq!(connect("allow udp loopback"), 0);
    let mut received = [0; 2];
    assert_eq!((receiver.recv(&mut received).unwrap(), received[0]), (1, 7));
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut received).is_err(), "one datagram was permitted");
    let bind = |rules: &str, port: u32| call(&mut sender(rules), "bind", (port,)).unwrap();
    assert_eq!(bind("allow udp connect any", port), denied, "a port of its own");
    assert_eq!(bind("allow tcp any", 0), denied);
}

#[test]
fn a_linker_with_a_network_refuses_contexts_without() {
    let component = load(None);
    let wasi = Wasi::new().network(VirtualNetwork::new());
    let guest = Session::of(&component, (), |linker, store| {
        store.data_mut().set_wasi(Wasi::new().build()?);
        wasi.add_to_component_linker(linker)
    });
    let error = call(&mut guest.unwrap(), "listen", (80_u32,)).unwrap_err();
    assert!(error.to_string().contains("the context has none"), "{error}");
}
