//! The sockets and names of audited guests.

use super::refusal::refused;
use super::subject::{nothing, on, text};
use super::{Audited, Capability};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{IpAddress, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::{
    instance_network, ip_name_lookup, network, tcp_create_socket,
};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket};

audited! {
    "wasi:sockets/network" Network, network::Host;
    pass convert_error_code "" (error: SocketError) -> Result<network::ErrorCode>;
    pass network_error_code "" (error: Resource<wasmtime::Error>) -> Result<Option<network::ErrorCode>>;
}

audited! {
    "wasi:sockets/network" Network, network::HostNetwork;
    close drop "" (n: Resource<Network>) -> Result<()>;
}

audited! {
    "wasi:sockets/instance-network" Network, instance_network::Host;
    call instance_network "instance-network" () -> Result<Resource<Network>> { nothing() };
}

audited! {
    "wasi:sockets/ip-name-lookup" Network, ip_name_lookup::Host;
    call resolve_addresses "resolve-addresses" (n: Resource<Network>, name: String) -> SocketResult<Resource<ip_name_lookup::ResolveAddressStream>> { text(name.as_str()); keeps s => [s.rep()] };
}

audited! {
    "wasi:sockets/ip-name-lookup" Network, ip_name_lookup::HostResolveAddressStream;
    call resolve_next_address "[method]resolve-address-stream.resolve-next-address" (s: Resource<ip_name_lookup::ResolveAddressStream>) -> SocketResult<Option<IpAddress>> { on(&s) };
    pass subscribe "" (s: Resource<ip_name_lookup::ResolveAddressStream>) -> Result<Resource<DynPollable>>;
    close drop "" (s: Resource<ip_name_lookup::ResolveAddressStream>) -> Result<()>;
}

audited! {
    "wasi:sockets/tcp-create-socket" Network, tcp_create_socket::Host;
    call create_tcp_socket "create-tcp-socket" (family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> { text("tcp") };
}

/// Implements the traits of TCP and UDP, whose functions that may wait are of the kind `$wait`.
macro_rules! sockets {
    ($module:ident, $wait:ident, $close:ident, $($sockets:ident)::+) => {
        mod $module {
            use super::super::refusal::refused;
            use super::super::subject::{address, on, text};
            use super::{Audited, Capability};
            use wasmtime::Result;
            use wasmtime::component::Resource;
            use wasmtime_wasi::p2::bindings::sockets::network::{IpAddressFamily, IpSocketAddress, Network};
            use wasmtime_wasi::p2::bindings::$($sockets)::+::{tcp, udp, udp_create_socket};
            use wasmtime_wasi::p2::{
                DynInputStream, DynOutputStream, DynPollable, SocketResult, TcpSocket, UdpSocket,
            };

            audited! {
                "wasi:sockets/udp-create-socket" Network, udp_create_socket::Host;
                $wait create_udp_socket "create-udp-socket" (family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> { text("udp") };
            }

            audited! { "wasi:sockets/tcp" Network, tcp::Host; }
            audited! { "wasi:sockets/udp" Network, udp::Host; }

            audited! {
                "wasi:sockets/tcp" Network, tcp::HostTcpSocket;
                $wait start_bind "[method]tcp-socket.start-bind" (s: Resource<TcpSocket>, n: Resource<Network>, local: IpSocketAddress) -> SocketResult<()> { address(local); names [s.rep()] };
                call finish_bind "[method]tcp-socket.finish-bind" (s: Resource<TcpSocket>) -> SocketResult<()> { on(&s) };
                call start_connect "[method]tcp-socket.start-connect" (s: Resource<TcpSocket>, n: Resource<Network>, remote: IpSocketAddress) -> SocketResult<()> { address(remote); names [s.rep()] };
                call finish_connect "[method]tcp-socket.finish-connect" (s: Resource<TcpSocket>) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)> { on(&s); keeps (i, o) => [i.rep(), o.rep()] };
                $wait start_listen "[method]tcp-socket.start-listen" (s: Resource<TcpSocket>) -> SocketResult<()> { on(&s) };
                call finish_listen "[method]tcp-socket.finish-listen" (s: Resource<TcpSocket>) -> SocketResult<()> { on(&s) };
                call accept "[method]tcp-socket.accept" (s: Resource<TcpSocket>) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)> { on(&s); keeps (a, i, o) => [a.rep(), i.rep(), o.rep()] };
                call local_address "[method]tcp-socket.local-address" (s: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> { on(&s) };
                call remote_address "[method]tcp-socket.remote-address" (s: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> { on(&s) };
                call is_listening "[method]tcp-socket.is-listening" (s: Resource<TcpSocket>) -> Result<bool> { on(&s) };
                call address_family "[method]tcp-socket.address-family" (s: Resource<TcpSocket>) -> Result<IpAddressFamily> { on(&s) };
                call set_listen_backlog_size "[method]tcp-socket.set-listen-backlog-size" (s: Resource<TcpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                call keep_alive_enabled "[method]tcp-socket.keep-alive-enabled" (s: Resource<TcpSocket>) -> SocketResult<bool> { on(&s) };
                call set_keep_alive_enabled "[method]tcp-socket.set-keep-alive-enabled" (s: Resource<TcpSocket>, value: bool) -> SocketResult<()> { on(&s) };
                call keep_alive_idle_time "[method]tcp-socket.keep-alive-idle-time" (s: Resource<TcpSocket>) -> SocketResult<u64> { on(&s) };
                call set_keep_alive_idle_time "[method]tcp-socket.set-keep-alive-idle-time" (s: Resource<TcpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                call keep_alive_interval "[method]tcp-socket.keep-alive-interval" (s: Resource<TcpSocket>) -> SocketResult<u64> { on(&s) };
                call set_keep_alive_interval "[method]tcp-socket.set-keep-alive-interval" (s: Resource<TcpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                call keep_alive_count "[method]tcp-socket.keep-alive-count" (s: Resource<TcpSocket>) -> SocketResult<u32> { on(&s) };
                call set_keep_alive_count "[method]tcp-socket.set-keep-alive-count" (s: Resource<TcpSocket>, value: u32) -> SocketResult<()> { on(&s) };
                call hop_limit "[method]tcp-socket.hop-limit" (s: Resource<TcpSocket>) -> SocketResult<u8> { on(&s) };
                call set_hop_limit "[method]tcp-socket.set-hop-limit" (s: Resource<TcpSocket>, value: u8) -> SocketResult<()> { on(&s) };
                call receive_buffer_size "[method]tcp-socket.receive-buffer-size" (s: Resource<TcpSocket>) -> SocketResult<u64> { on(&s) };
                call set_receive_buffer_size "[method]tcp-socket.set-receive-buffer-size" (s: Resource<TcpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                call send_buffer_size "[method]tcp-socket.send-buffer-size" (s: Resource<TcpSocket>) -> SocketResult<u64> { on(&s) };
                call set_send_buffer_size "[method]tcp-socket.set-send-buffer-size" (s: Resource<TcpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                pass subscribe "" (s: Resource<TcpSocket>) -> Result<Resource<DynPollable>>;
                call shutdown "[method]tcp-socket.shutdown" (s: Resource<TcpSocket>, how: tcp::ShutdownType) -> SocketResult<()> { on(&s) };
                close drop "" (s: Resource<TcpSocket>) -> Result<()>;
            }

            audited! {
                "wasi:sockets/udp" Network, udp::HostUdpSocket;
                $wait start_bind "[method]udp-socket.start-bind" (s: Resource<UdpSocket>, n: Resource<Network>, local: IpSocketAddress) -> SocketResult<()> { address(local); names [s.rep()] };
                call finish_bind "[method]udp-socket.finish-bind" (s: Resource<UdpSocket>) -> SocketResult<()> { on(&s) };
                $wait stream "[method]udp-socket.stream" (s: Resource<UdpSocket>, remote: Option<IpSocketAddress>) -> SocketResult<(Resource<udp::IncomingDatagramStream>, Resource<udp::OutgoingDatagramStream>)> { remote.map_or_else(|| on(&s), address); keeps (i, o) => [i.rep(), o.rep()] };
                call local_address "[method]udp-socket.local-address" (s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> { on(&s) };
                call remote_address "[method]udp-socket.remote-address" (s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> { on(&s) };
                call address_family "[method]udp-socket.address-family" (s: Resource<UdpSocket>) -> Result<IpAddressFamily> { on(&s) };
                call unicast_hop_limit "[method]udp-socket.unicast-hop-limit" (s: Resource<UdpSocket>) -> SocketResult<u8> { on(&s) };
                call set_unicast_hop_limit "[method]udp-socket.set-unicast-hop-limit" (s: Resource<UdpSocket>, value: u8) -> SocketResult<()> { on(&s) };
                call receive_buffer_size "[method]udp-socket.receive-buffer-size" (s: Resource<UdpSocket>) -> SocketResult<u64> { on(&s) };
                call set_receive_buffer_size "[method]udp-socket.set-receive-buffer-size" (s: Resource<UdpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                call send_buffer_size "[method]udp-socket.send-buffer-size" (s: Resource<UdpSocket>) -> SocketResult<u64> { on(&s) };
                call set_send_buffer_size "[method]udp-socket.set-send-buffer-size" (s: Resource<UdpSocket>, value: u64) -> SocketResult<()> { on(&s) };
                pass subscribe "" (s: Resource<UdpSocket>) -> Result<Resource<DynPollable>>;
                close drop "" (s: Resource<UdpSocket>) -> Result<()>;
            }

            audited! {
                "wasi:sockets/udp" Network, udp::HostIncomingDatagramStream;
                call receive "[method]incoming-datagram-stream.receive" (s: Resource<udp::IncomingDatagramStream>, most: u64) -> SocketResult<Vec<udp::IncomingDatagram>> { on(&s) };
                pass subscribe "" (s: Resource<udp::IncomingDatagramStream>) -> Result<Resource<DynPollable>>;
                close drop "" (s: Resource<udp::IncomingDatagramStream>) -> Result<()>;
            }

            audited! {
                "wasi:sockets/udp" Network, udp::HostOutgoingDatagramStream;
                call check_send "[method]outgoing-datagram-stream.check-send" (s: Resource<udp::OutgoingDatagramStream>) -> SocketResult<u64> { on(&s) };
                each send "[method]outgoing-datagram-stream.send" (s: Resource<udp::OutgoingDatagramStream>, datagrams: Vec<udp::OutgoingDatagram>) -> SocketResult<u64> {
                    datagrams.iter().map(|datagram| datagram.remote_address.map_or_else(|| on(&s), address).writing())
                };
                pass subscribe "" (s: Resource<udp::OutgoingDatagramStream>) -> Result<Resource<DynPollable>>;
                $close drop "" (s: Resource<udp::OutgoingDatagramStream>) -> Result<()>;
            }
        }
    };
}

sockets!(blocking, call, close, sync::sockets);
#[cfg(feature = "async")]
sockets!(waiting, wait, close_wait, sockets);
