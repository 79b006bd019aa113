//! `wasi:sockets/tcp`: the states of a TCP socket, and its functions.

use super::address::{Options, check_local, check_remote, set, unspecified};
use super::{Failure, SocketsView, own, trap};
use crate::wasi::network::sockets::{Sockets, TcpConnection, TcpSocket as Bound};
use std::future::poll_fn;
use std::mem::replace;
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi::p2::bindings::sockets::network::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Network,
};
use wasmtime_wasi::p2::bindings::sockets::tcp::{self, ShutdownType};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, Pollable, SocketResult, TcpSocket, subscribe,
};

/// A TCP socket of a guest.
pub(super) struct Tcp {
    family: IpAddressFamily,
    state: State,
    backlog: usize,
    options: Options,
}

type Accepted = Result<Box<dyn TcpConnection>, Failure>;

/// The states of a socket, and the operations between them that a guest starts and finishes.
enum State {
    Unbound,
    Binding(Box<dyn Bound>),
    Bound(Box<dyn Bound>),
    Connecting {
        bound: Box<dyn Bound>,
        remote: SocketAddr,
        connected: Option<Accepted>,
    },
    Connected {
        connection: Box<dyn TcpConnection>,
        _bound: Option<Box<dyn Bound>>,
    },
    Starting(Box<dyn Bound>),
    Listening {
        bound: Box<dyn Bound>,
        accepted: Option<Accepted>,
    },
    /// A connection failed.
    Closed,
}

impl State {
    fn is_in_progress(&self) -> bool {
        matches!(self, Self::Binding(_) | Self::Connecting { .. } | Self::Starting(_))
    }

    fn bound(&self) -> Option<&dyn Bound> {
        match self {
            Self::Bound(bound)
            | Self::Connecting { bound, .. }
            | Self::Starting(bound)
            | Self::Listening { bound, .. } => Some(&**bound),
            Self::Unbound | Self::Binding(_) | Self::Connected { .. } | Self::Closed => None,
        }
    }
}

impl Tcp {
    pub fn new(family: IpAddressFamily) -> Self {
        Self { family, state: State::Unbound, backlog: 128, options: Options::default() }
    }

    fn start_bind(&mut self, sockets: &dyn Sockets, local: SocketAddr) -> SocketResult<()> {
        self.check_idle()?;
        let State::Unbound = self.state else { return Err(ErrorCode::InvalidState.into()) };
        check_local(self.family, local)?;
        self.state = State::Binding(sockets.bind_tcp(local)?);
        Ok(())
    }

    /// Fails if an operation was started and not finished.
    fn check_idle(&self) -> SocketResult<()> {
        match self.state.is_in_progress() {
            true => Err(ErrorCode::ConcurrencyConflict.into()),
            false => Ok(()),
        }
    }

    /// Moves to the state that `next` returns, if the socket is in the right one before.
    fn advance(
        &mut self,
        otherwise: ErrorCode,
        next: impl FnOnce(State) -> Result<State, State>,
    ) -> SocketResult<()> {
        match next(replace(&mut self.state, State::Closed)) {
            Ok(state) => {
                self.state = state;
                Ok(())
            }
            Err(state) => {
                self.state = state;
                Err(otherwise.into())
            }
        }
    }

    fn start_connect(&mut self, sockets: &dyn Sockets, remote: SocketAddr) -> SocketResult<()> {
        self.check_idle()?;
        let is_new = matches!(self.state, State::Unbound | State::Bound(_));
        if !is_new {
            return Err(ErrorCode::InvalidState.into());
        }
        check_remote(self.family, remote)?;
        if let State::Unbound = self.state {
            self.state = State::Bound(sockets.bind_tcp(unspecified(self.family))?);
        }
        self.advance(ErrorCode::InvalidState, |state| match state {
            State::Bound(bound) => Ok(State::Connecting { bound, remote, connected: None }),
            other => Err(other),
        })
    }

    fn finish_connect(&mut self) -> SocketResult<&mut dyn TcpConnection> {
        let State::Connecting { .. } = self.state else {
            return Err(ErrorCode::NotInProgress.into());
        };
        if self.poll_connected(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Err(ErrorCode::WouldBlock.into());
        }
        if let State::Connecting { bound, connected: Some(connected), .. } =
            replace(&mut self.state, State::Closed)
        {
            let connection = connected?;
            self.state = State::Connected { connection, _bound: Some(bound) };
        }
        self.connection()
    }

    fn connection(&mut self) -> SocketResult<&mut dyn TcpConnection> {
        match &mut self.state {
            State::Connected { connection, .. } => Ok(&mut **connection),
            _ => Err(ErrorCode::InvalidState.into()),
        }
    }

    /// Waits until the connection is there or has failed.
    fn poll_connected(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let State::Connecting { bound, remote, connected: connected @ None } = &mut self.state {
            match bound.poll_connect(context, *remote) {
                Poll::Ready(ended) => *connected = Some(ended),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Waits until a connection can be accepted.
    fn poll_accepted(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let State::Listening { bound, accepted: accepted @ None } = &mut self.state {
            match bound.poll_accept(context) {
                Poll::Ready(connection) => *accepted = Some(connection),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    fn start_listen(&mut self) -> SocketResult<()> {
        self.check_idle()?;
        let backlog = self.backlog;
        let State::Bound(bound) = &mut self.state else {
            return Err(ErrorCode::InvalidState.into());
        };
        bound.listen(backlog)?;
        self.advance(ErrorCode::InvalidState, |state| match state {
            State::Bound(bound) => Ok(State::Starting(bound)),
            other => Err(other),
        })
    }

    fn accept(&mut self) -> SocketResult<Self> {
        let ready = self.poll_accepted(&mut Context::from_waker(Waker::noop()));
        let State::Listening { accepted, .. } = &mut self.state else {
            return Err(ErrorCode::InvalidState.into());
        };
        let (Poll::Ready(()), Some(accepted)) = (ready, accepted.take()) else {
            return Err(ErrorCode::WouldBlock.into());
        };
        let state = State::Connected { connection: accepted?, _bound: None };
        Ok(Self { state, ..Self::new(self.family) })
    }

    fn local_address(&self) -> SocketResult<IpSocketAddress> {
        let connected = match &self.state {
            State::Connected { connection, .. } => Some(connection.local_address()),
            state => state.bound().map(Bound::local_address),
        };
        Ok(connected.ok_or(Failure::InvalidState)?.into())
    }

    fn set_backlog(&mut self, value: u64) -> Result<(), Failure> {
        let value = usize::try_from(value).unwrap_or(usize::MAX);
        if value == 0 {
            return Err(Failure::InvalidArgument);
        }
        match &mut self.state {
            State::Unbound | State::Binding(_) | State::Bound(_) | State::Starting(_) => {}
            State::Listening { bound, .. } => bound.listen(value)?,
            _ => return Err(Failure::InvalidState),
        }
        self.backlog = value;
        Ok(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Tcp {
    async fn ready(&mut self) {
        poll_fn(|context| match self.state {
            State::Connecting { .. } => self.poll_connected(context),
            State::Listening { .. } => self.poll_accepted(context),
            _ => Poll::Ready(()),
        })
        .await;
    }
}

impl SocketsView<'_> {
    fn tcp(&mut self, socket: &Resource<TcpSocket>) -> Result<&mut Tcp, ResourceTableError> {
        self.table.get_mut(&own(socket))
    }

    /// Adds the streams of a connection.
    fn streams(
        &mut self,
        socket: &Resource<Tcp>,
    ) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let (input, output) = self.table.get_mut(socket)?.connection()?.streams()?;
        let input: Resource<DynInputStream> = self.table.push_child(input, socket)?;
        let output: Resource<DynOutputStream> = self.table.push_child(output, socket)?;
        Ok((input, output))
    }
}

/// Defines the functions that read and set an option.
macro_rules! options {
    ($($read:ident $set:ident $ty:ty: $($field:ident).+;)*) => {$(
        fn $read(&mut self, socket: Resource<TcpSocket>) -> SocketResult<$ty> {
            Ok(self.tcp(&socket)?.$($field).+)
        }

        fn $set(&mut self, socket: Resource<TcpSocket>, value: $ty) -> SocketResult<()> {
            Ok(set(&mut self.tcp(&socket)?.$($field).+, value)?)
        }
    )*};
}

impl tcp::Host for SocketsView<'_> {}

impl tcp::HostTcpSocket for SocketsView<'_> {
    async fn start_bind(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<Network>,
        local: IpSocketAddress,
    ) -> SocketResult<()> {
        let _ = self.table.get(&network)?;
        let sockets = self.sockets().map_err(trap)?;
        self.tcp(&socket)?.start_bind(&*sockets, local.into())
    }

    fn finish_bind(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.tcp(&socket)?.advance(ErrorCode::NotInProgress, |state| match state {
            State::Binding(bound) => Ok(State::Bound(bound)),
            other => Err(other),
        })
    }

    fn start_connect(
        &mut self,
        socket: Resource<TcpSocket>,
        network: Resource<Network>,
        remote: IpSocketAddress,
    ) -> SocketResult<()> {
        let _ = self.table.get(&network)?;
        let sockets = self.sockets().map_err(trap)?;
        self.tcp(&socket)?.start_connect(&*sockets, remote.into())
    }

    fn finish_connect(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let _ = self.tcp(&socket)?.finish_connect()?;
        self.streams(&own(&socket))
    }

    async fn start_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.tcp(&socket)?.start_listen()
    }

    fn finish_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.tcp(&socket)?.advance(ErrorCode::NotInProgress, |state| match state {
            State::Starting(bound) => Ok(State::Listening { bound, accepted: None }),
            other => Err(other),
        })
    }

    fn accept(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)>
    {
        let accepted = self.tcp(&socket)?.accept()?;
        let accepted = self.table.push(accepted)?;
        let (input, output) = self.streams(&accepted)?;
        Ok((Resource::new_own(accepted.rep()), input, output))
    }

    fn local_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.tcp(&socket)?.local_address()
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        Ok(self.tcp(&socket)?.connection()?.remote_address().into())
    }

    fn is_listening(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<bool> {
        Ok(matches!(self.tcp(&socket)?.state, State::Listening { .. }))
    }

    fn address_family(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.tcp(&socket)?.family)
    }

    fn set_listen_backlog_size(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        Ok(self.tcp(&socket)?.set_backlog(value)?)
    }

    fn keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> SocketResult<bool> {
        Ok(self.tcp(&socket)?.options.keep_alive)
    }

    fn set_keep_alive_enabled(
        &mut self,
        socket: Resource<TcpSocket>,
        value: bool,
    ) -> SocketResult<()> {
        self.tcp(&socket)?.options.keep_alive = value;
        Ok(())
    }

    options! {
        keep_alive_idle_time set_keep_alive_idle_time u64: options.idle_time;
        keep_alive_interval set_keep_alive_interval u64: options.interval;
        keep_alive_count set_keep_alive_count u32: options.count;
        hop_limit set_hop_limit u8: options.hop_limit;
        receive_buffer_size set_receive_buffer_size u64: options.receive_buffer;
        send_buffer_size set_send_buffer_size u64: options.send_buffer;
    }

    fn subscribe(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, own::<Tcp, _>(&socket))
    }

    fn shutdown(&mut self, socket: Resource<TcpSocket>, how: ShutdownType) -> SocketResult<()> {
        let how = match how {
            ShutdownType::Receive => Shutdown::Read,
            ShutdownType::Send => Shutdown::Write,
            ShutdownType::Both => Shutdown::Both,
        };
        self.tcp(&socket)?.connection()?.shutdown(how);
        Ok(())
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<()> {
        let _ = self.table.delete(Resource::<Tcp>::new_own(socket.rep()))?;
        Ok(())
    }
}
