//! `wasi:sockets/udp`: a UDP socket, and its streams of datagrams.

use super::address::{Options, check_local, check_remote, set};
use super::{Failure, SocketsView, own, trap};
use crate::wasi::network::sockets::UdpSocket as Bound;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi::p2::bindings::sockets::network::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Network,
};
use wasmtime_wasi::p2::bindings::sockets::udp::{
    self, IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream,
};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, SocketResult, UdpSocket, subscribe};

/// Most datagrams that one call sends or receives.
const MOST_DATAGRAMS: usize = 16;

/// Most bytes that one call receives, without the last datagram.
const MOST_BYTES: usize = 64 << 10;

/// A UDP socket of a guest.
pub(super) struct Udp {
    family: IpAddressFamily,
    state: State,
    remote: Option<SocketAddr>,
    options: Options,
}

enum State {
    Unbound,
    Binding(Arc<dyn Bound>),
    Bound(Arc<dyn Bound>),
}

impl Udp {
    pub fn new(family: IpAddressFamily) -> Self {
        Self { family, state: State::Unbound, remote: None, options: Options::default() }
    }

    fn bound(&self) -> Result<&Arc<dyn Bound>, Failure> {
        match &self.state {
            State::Bound(bound) => Ok(bound),
            State::Unbound | State::Binding(_) => Err(Failure::InvalidState),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Udp {
    async fn ready(&mut self) {}
}

/// The stream of datagrams that come in.
struct Incoming {
    bound: Arc<dyn Bound>,
    remote: Option<SocketAddr>,
    next: Option<Result<(Vec<u8>, SocketAddr), Failure>>,
}

impl Incoming {
    /// Waits for a datagram: those of others than the remote address are dropped.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.next.is_none() {
            match self.bound.poll_receive(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok((_, from))) if self.remote.is_some_and(|remote| remote != from) => {}
                Poll::Ready(received) => self.next = Some(received),
            }
        }
        Poll::Ready(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Incoming {
    async fn ready(&mut self) {
        poll_fn(|context| self.poll_next(context)).await;
    }
}

/// The stream of datagrams that go out.
struct Outgoing {
    bound: Arc<dyn Bound>,
    family: IpAddressFamily,
    remote: Option<SocketAddr>,
    /// Number of datagrams that `check-send` permitted.
    permitted: usize,
}

impl Outgoing {
    fn send(&self, datagram: &OutgoingDatagram) -> Result<(), Failure> {
        let given = datagram.remote_address.map(SocketAddr::from);
        let to = match (self.remote, given) {
            (Some(remote), Some(given)) if remote != given => return Err(Failure::InvalidArgument),
            (remote, given) => given.or(remote).ok_or(Failure::InvalidArgument)?,
        };
        check_remote(self.family, to)?;
        self.bound.send(&datagram.data, to)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Outgoing {
    async fn ready(&mut self) {}
}

impl SocketsView<'_> {
    fn udp_socket(&mut self, socket: &Resource<UdpSocket>) -> Result<&mut Udp, ResourceTableError> {
        self.table.get_mut(&own(socket))
    }
}

/// Defines the functions that read and set an option.
macro_rules! options {
    ($($read:ident $set:ident $ty:ty: $field:ident;)*) => {$(
        fn $read(&mut self, socket: Resource<UdpSocket>) -> SocketResult<$ty> {
            Ok(self.udp_socket(&socket)?.options.$field)
        }

        fn $set(&mut self, socket: Resource<UdpSocket>, value: $ty) -> SocketResult<()> {
            Ok(set(&mut self.udp_socket(&socket)?.options.$field, value)?)
        }
    )*};
}

impl udp::Host for SocketsView<'_> {}

impl udp::HostUdpSocket for SocketsView<'_> {
    async fn start_bind(
        &mut self,
        socket: Resource<UdpSocket>,
        network: Resource<Network>,
        local: IpSocketAddress,
    ) -> SocketResult<()> {
        let _ = self.table.get(&network)?;
        let sockets = self.sockets().map_err(trap)?;
        let socket = self.udp_socket(&socket)?;
        match socket.state {
            State::Unbound => {}
            State::Binding(_) => return Err(ErrorCode::ConcurrencyConflict.into()),
            State::Bound(_) => return Err(ErrorCode::InvalidState.into()),
        }
        check_local(socket.family, local.into())?;
        socket.state = State::Binding(sockets.bind_udp(local.into())?.into());
        Ok(())
    }

    fn finish_bind(&mut self, socket: Resource<UdpSocket>) -> SocketResult<()> {
        let socket = self.udp_socket(&socket)?;
        let State::Binding(bound) = &socket.state else {
            return Err(ErrorCode::NotInProgress.into());
        };
        socket.state = State::Bound(Arc::clone(bound));
        Ok(())
    }

    async fn stream(
        &mut self,
        socket: Resource<UdpSocket>,
        remote: Option<IpSocketAddress>,
    ) -> SocketResult<(Resource<IncomingDatagramStream>, Resource<OutgoingDatagramStream>)> {
        let parent = own::<Udp, _>(&socket);
        let is_open =
            self.table.iter_children(&parent)?.any(|c| c.is::<Incoming>() || c.is::<Outgoing>());
        if is_open {
            return Err(trap(wasmtime::Error::msg("the socket's earlier streams are not dropped")));
        }
        let socket = self.table.get_mut(&parent)?;
        let (bound, family) = (Arc::clone(socket.bound()?), socket.family);
        let remote = remote.map(SocketAddr::from);
        if let Some(remote) = remote {
            check_remote(family, remote)?;
        }
        socket.remote = remote;
        let incoming = Incoming { bound: Arc::clone(&bound), remote, next: None };
        let incoming = self.table.push_child(incoming, &parent)?;
        let outgoing = Outgoing { bound, family, remote, permitted: 0 };
        let outgoing = self.table.push_child(outgoing, &parent)?;
        Ok((Resource::new_own(incoming.rep()), Resource::new_own(outgoing.rep())))
    }

    fn local_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(self.udp_socket(&socket)?.bound()?.local_address().into())
    }

    fn remote_address(&mut self, socket: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        let remote = self.udp_socket(&socket)?.remote;
        Ok(remote.ok_or(Failure::InvalidState)?.into())
    }

    fn address_family(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.udp_socket(&socket)?.family)
    }

    options! {
        unicast_hop_limit set_unicast_hop_limit u8: hop_limit;
        receive_buffer_size set_receive_buffer_size u64: receive_buffer;
        send_buffer_size set_send_buffer_size u64: send_buffer;
    }

    fn subscribe(
        &mut self,
        socket: Resource<UdpSocket>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, own::<Udp, _>(&socket))
    }

    fn drop(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<()> {
        let _ = self.table.delete(Resource::<Udp>::new_own(socket.rep()))?;
        Ok(())
    }
}

impl udp::HostIncomingDatagramStream for SocketsView<'_> {
    fn receive(
        &mut self,
        stream: Resource<IncomingDatagramStream>,
        most: u64,
    ) -> SocketResult<Vec<IncomingDatagram>> {
        let stream: &mut Incoming = self.table.get_mut(&own(&stream))?;
        let most = usize::try_from(most).unwrap_or(MOST_DATAGRAMS).min(MOST_DATAGRAMS);
        let (mut received, mut bytes) = (Vec::new(), 0);
        while received.len() < most && bytes < MOST_BYTES {
            let _ = stream.poll_next(&mut Context::from_waker(Waker::noop()));
            match stream.next.take() {
                None => break,
                Some(Ok((data, from))) => {
                    bytes += data.len();
                    received.push(IncomingDatagram { data, remote_address: from.into() });
                }
                failed if !received.is_empty() => {
                    stream.next = failed;
                    break;
                }
                Some(Err(failure)) => return Err(failure.into()),
            }
        }
        Ok(received)
    }

    fn subscribe(
        &mut self,
        stream: Resource<IncomingDatagramStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, own::<Incoming, _>(&stream))
    }

    fn drop(&mut self, stream: Resource<IncomingDatagramStream>) -> wasmtime::Result<()> {
        let _ = self.table.delete(Resource::<Incoming>::new_own(stream.rep()))?;
        Ok(())
    }
}

impl udp::HostOutgoingDatagramStream for SocketsView<'_> {
    fn check_send(&mut self, stream: Resource<OutgoingDatagramStream>) -> SocketResult<u64> {
        let stream: &mut Outgoing = self.table.get_mut(&own(&stream))?;
        stream.permitted = MOST_DATAGRAMS;
        Ok(MOST_DATAGRAMS as u64)
    }

    fn send(
        &mut self,
        stream: Resource<OutgoingDatagramStream>,
        datagrams: Vec<OutgoingDatagram>,
    ) -> SocketResult<u64> {
        let stream: &mut Outgoing = self.table.get_mut(&own(&stream))?;
        if datagrams.is_empty() {
            return Ok(0);
        }
        if datagrams.len() > stream.permitted {
            let message = "more datagrams than `check-send` permitted";
            return Err(SocketError::trap(wasmtime::Error::msg(message)));
        }
        stream.permitted = 0;
        let mut sent = 0;
        for datagram in &datagrams {
            match stream.send(datagram) {
                Ok(()) => sent += 1,
                Err(_) if sent > 0 => break,
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(sent)
    }

    fn subscribe(
        &mut self,
        stream: Resource<OutgoingDatagramStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, own::<Outgoing, _>(&stream))
    }

    async fn drop(&mut self, stream: Resource<OutgoingDatagramStream>) -> wasmtime::Result<()> {
        let _ = self.table.delete(Resource::<Outgoing>::new_own(stream.rep()))?;
        Ok(())
    }
}
