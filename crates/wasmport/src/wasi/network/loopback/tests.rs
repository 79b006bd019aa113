//! Tests of virtual networks by their traits.

use super::{NetworkLimits, VirtualNetwork};
use crate::wasi::network::sockets::{
    SocketError, Sockets as _, TcpConnection, TcpSocket, UdpSocket,
};
use bytes::Bytes;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use wasmtime_wasi::p2::StreamError;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn host(network: &VirtualNetwork, ip: &str) -> VirtualNetwork {
    network.host(ip.parse().unwrap())
}

fn now<R>(poll: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> Option<R> {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn listen(network: &VirtualNetwork, local: &str) -> Box<dyn TcpSocket> {
    let mut socket = network.bind_tcp(address(local)).unwrap();
    socket.listen(8).unwrap();
    socket
}

fn connect(
    network: &VirtualNetwork,
    local: &str,
    remote: &str,
) -> Result<Box<dyn TcpConnection>, SocketError> {
    let mut socket = network.bind_tcp(address(local)).unwrap();
    now(|context| socket.poll_connect(context, address(remote))).unwrap()
}

fn accept(socket: &mut Box<dyn TcpSocket>) -> Option<Box<dyn TcpConnection>> {
    now(|context| socket.poll_accept(context)).map(Result::unwrap)
}

#[test]
fn hosts_reach_each_other_by_address_and_themselves_by_loopback() {
    let network = VirtualNetwork::new();
    let (one, two) = (host(&network, "10.0.0.1"), host(&network, "10.0.0.2"));
    let mut any = listen(&one, "0.0.0.0:80");
    let mut own = listen(&one, "127.0.0.1:81");
    let _six = listen(&one, "[::1]:80");
    let there = connect(&two, "0.0.0.0:5000", "10.0.0.1:80").unwrap();
    assert_eq!(there.local_address(), address("10.0.0.2:5000"));
    let here = accept(&mut any).unwrap();
    assert_eq!(here.remote_address(), address("10.0.0.2:5000"));
    assert_eq!(here.local_address(), address("10.0.0.1:80"));
    assert!(connect(&one, "0.0.0.0:0", "127.0.0.1:81").is_ok());
    assert_eq!(accept(&mut own).unwrap().remote_address().ip(), address("127.0.0.1:0").ip());
    let error = |from: &VirtualNetwork, local, remote| connect(from, local, remote).err().unwrap();
    assert_eq!(error(&two, "0.0.0.0:0", "10.0.0.1:81"), SocketError::ConnectionRefused);
    assert_eq!(error(&two, "0.0.0.0:0", "127.0.0.1:81"), SocketError::ConnectionRefused);
    assert_eq!(error(&two, "0.0.0.0:0", "10.0.0.9:80"), SocketError::ConnectionRefused);
    assert_eq!(error(&two, "127.0.0.1:0", "10.0.0.1:80"), SocketError::RemoteUnreachable);
    assert_eq!(error(&two, "[::]:0", "[::1]:80"), SocketError::ConnectionRefused);
    assert_eq!(one.bind_tcp(address("10.0.0.2:80")).err(), Some(SocketError::AddressNotBindable));
    assert_eq!(one.bind_tcp(address("10.0.0.1:80")).err(), Some(SocketError::AddressInUse));
    assert!(one.bind_udp(address("10.0.0.1:80")).is_ok(), "the protocols have their own ports");
    drop(any);
    assert!(one.bind_tcp(address("10.0.0.1:80")).is_ok());
}

#[test]
fn ports_are_chosen_and_freed() {
    let network = VirtualNetwork::new();
    let (a, b) = (network.bind_tcp(address("0.0.0.0:0")), network.bind_tcp(address("127.0.0.1:0")));
    let [a, b] = [a, b].map(|socket| socket.unwrap().local_address());
    assert!(a.port() >= 49152 && b.port() >= 49152 && a.port() != b.port());
    assert_eq!(a.ip(), address("0.0.0.0:0").ip());
    let limits = NetworkLimits { sockets: 3, ..NetworkLimits::default() };
    let network = VirtualNetwork::with_limits(limits);
    let mut listener = listen(&network, "0.0.0.0:80");
    let error = connect(&network, "0.0.0.0:0", "127.0.0.1:80").err();
    assert_eq!(error, Some(SocketError::NewSocketLimit), "both ends count");
    assert!(accept(&mut listener).is_none());
    let _two = network.bind_udp(address("0.0.0.0:0")).unwrap();
    let three = network.bind_udp(address("0.0.0.0:0")).unwrap();
    assert_eq!(network.bind_udp(address("0.0.0.0:0")).err(), Some(SocketError::NewSocketLimit));
    drop(three);
    assert!(network.bind_udp(address("0.0.0.0:0")).is_ok());
}

#[test]
fn streams_are_bounded_and_end_with_the_connection() {
    let limits = NetworkLimits { buffer_bytes: 4, backlog: 1, ..NetworkLimits::default() };
    let network = VirtualNetwork::with_limits(limits);
    let mut listener = listen(&network, "0.0.0.0:80");
    let mut client = connect(&network, "0.0.0.0:0", "127.0.0.1:80").unwrap();
    let refused = connect(&network, "0.0.0.0:0", "127.0.0.1:80").err();
    assert_eq!(refused, Some(SocketError::ConnectionRefused), "the backlog is full");
    let mut server = accept(&mut listener).unwrap();
    let (mut from_server, mut to_server) = client.streams().unwrap();
    assert!(client.streams().is_err());
    let (mut from_client, mut to_client) = server.streams().unwrap();
    assert_eq!(to_server.check_write().unwrap(), 4);
    to_server.write(Bytes::from_static(b"abcd")).unwrap();
    assert_eq!(to_server.check_write().unwrap(), 0);
    assert!(matches!(to_server.write(Bytes::from_static(b"e")), Err(StreamError::Trap(_))));
    assert_eq!(from_client.read(3).unwrap(), "abc");
    assert_eq!(to_server.check_write().unwrap(), 3);
    client.shutdown(Shutdown::Write);
    assert!(matches!(to_server.check_write(), Err(StreamError::Closed)));
    assert_eq!(from_client.read(9).unwrap(), "d", "sent before the end");
    assert!(matches!(from_client.read(9), Err(StreamError::Closed)));
    assert_eq!(from_server.read(9).unwrap(), "");
    to_client.write(Bytes::from_static(b"x")).unwrap();
    assert_eq!(from_server.read(9).unwrap(), "x");
    drop(from_server);
    assert!(matches!(to_client.check_write(), Err(StreamError::Closed)), "no one reads");
}

#[test]
fn a_blocking_write_does_not_wait_behind_its_last_byte() {
    let limits = NetworkLimits { buffer_bytes: 4, ..NetworkLimits::default() };
    let network = VirtualNetwork::with_limits(limits);
    let mut listener = listen(&network, "0.0.0.0:80");
    let mut client = connect(&network, "0.0.0.0:0", "127.0.0.1:80").unwrap();
    let (_from_server, mut to_server) = client.streams().unwrap();
    let mut server = accept(&mut listener).unwrap();
    let (mut from_client, _to_client) = server.streams().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut write = to_server.blocking_write_and_flush(Bytes::from_static(b"abcdef"));
    assert!(write.as_mut().poll(&mut context).is_pending());
    assert_eq!(from_client.read(2).unwrap(), "ab");
    assert!(write.as_mut().poll(&mut context).is_ready());
    drop(write);
    assert_eq!(from_client.read(9).unwrap(), "cdef");
}

#[test]
fn a_listener_that_is_dropped_closes_the_connections_that_wait() {
    let network = VirtualNetwork::new();
    let listener = listen(&network, "0.0.0.0:80");
    let mut client = connect(&network, "0.0.0.0:0", "127.0.0.1:80").unwrap();
    let (mut input, mut output) = client.streams().unwrap();
    assert_eq!(input.read(1).unwrap(), "");
    drop(listener);
    assert!(matches!(input.read(1), Err(StreamError::Closed)));
    assert!(matches!(output.check_write(), Err(StreamError::Closed)));
}

#[test]
fn datagrams_are_lost_beyond_the_limits() {
    let limits =
        NetworkLimits { datagrams: 3, datagram_bytes: 10, sockets: 10, ..NetworkLimits::default() };
    let network = VirtualNetwork::with_limits(limits);
    let (one, two) = (host(&network, "10.0.0.1"), host(&network, "10.0.0.2"));
    let to: Box<dyn UdpSocket> = one.bind_udp(address("0.0.0.0:53")).unwrap();
    let from = two.bind_udp(address("10.0.0.2:9")).unwrap();
    for datagram in ["aaaa", "bbbb", "cccc", "d", "e"] {
        from.send(datagram.as_bytes(), address("10.0.0.1:53")).unwrap();
    }
    from.send(b"lost", address("10.0.0.3:53")).unwrap();
    let received = || now(|context| to.poll_receive(context)).map(Result::unwrap);
    for datagram in ["aaaa", "bbbb", "d"] {
        assert_eq!(received(), Some((datagram.into(), address("10.0.0.2:9"))));
    }
    assert_eq!(received(), None);
    from.send(b"", address("10.0.0.1:53")).unwrap();
    assert_eq!(received(), Some((Vec::new(), address("10.0.0.2:9"))));
    let large = from.send(&[0; 65_508], address("10.0.0.1:53"));
    assert_eq!(large, Err(SocketError::DatagramTooLarge));
}

#[test]
fn names_are_those_that_were_added() {
    let network = VirtualNetwork::new();
    let other = host(&network, "10.0.0.2");
    network.add_name("Api.Internal", "10.0.0.1".parse().unwrap());
    let found = |name: &str| other.resolve_addresses(name).map(|found| found[0].to_string());
    assert_eq!(found("api.internal").unwrap(), "10.0.0.1");
    assert_eq!(found("API.internal.").unwrap(), "10.0.0.1");
    network.add_name("db.internal.", "10.0.0.3".parse().unwrap());
    assert_eq!(found("db.internal").unwrap(), "10.0.0.3");
    assert_eq!(found("localhost").unwrap(), "127.0.0.1");
    assert_eq!(found("192.0.2.1").unwrap(), "192.0.2.1");
    assert_eq!(found("[::1]").unwrap(), "::1");
    assert_eq!(found("example.com"), Err(SocketError::NameUnresolvable));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn tasks_that_wait_are_woken() {
    let network = VirtualNetwork::new();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut context = Context::from_waker(&waker);
    let woken = || count.0.swap(0, Ordering::Relaxed);
    let mut listener = listen(&network, "0.0.0.0:80");
    assert!(listener.poll_accept(&mut context).is_pending());
    assert!(listener.poll_accept(&mut context).is_pending());
    let mut client = connect(&network, "0.0.0.0:0", "127.0.0.1:80").unwrap();
    assert_eq!(woken(), 1);
    let (mut input, mut output) = client.streams().unwrap();
    assert!(input.ready().as_mut().poll(&mut context).is_pending());
    let mut server = accept(&mut listener).unwrap();
    let (mut from_client, mut to_client) = server.streams().unwrap();
    to_client.write(Bytes::from_static(b"x")).unwrap();
    assert_eq!(woken(), 1);
    assert!(input.ready().as_mut().poll(&mut context).is_ready());
    output.write(Bytes::from(vec![0; 64 << 10])).unwrap();
    assert!(output.ready().as_mut().poll(&mut context).is_pending());
    from_client.read(1).unwrap();
    assert_eq!(woken(), 1);
    let socket = network.bind_udp(address("0.0.0.0:53")).unwrap();
    assert!(socket.poll_receive(&mut context).is_pending());
    socket.send(b"x", address("127.0.0.1:53")).unwrap();
    assert_eq!(woken(), 1);
}

#[test]
fn a_guest_that_waits_again_and_again_costs_no_memory() {
    let network = VirtualNetwork::new();
    let mut listener = listen(&network, "0.0.0.0:80");
    let counts: Vec<_> = (0..1000).map(|_| Arc::new(Count::default())).collect();
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        assert!(listener.poll_accept(&mut Context::from_waker(&waker)).is_pending());
    }
    let woken = counts.iter().filter(|count| count.0.load(Ordering::Relaxed) > 0).count();
    assert_eq!(woken, 1000 - 64, "those that were replaced ask again");
}

#[test]
fn no_connection_waits_if_none_may() {
    let limits = NetworkLimits { backlog: 0, ..NetworkLimits::default() };
    let network = VirtualNetwork::with_limits(limits);
    let _listener = listen(&network, "0.0.0.0:80");
    let refused = connect(&network, "0.0.0.0:0", "127.0.0.1:80").err();
    assert_eq!(refused, Some(SocketError::ConnectionRefused));
}
