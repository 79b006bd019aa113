//! TCP of a virtual network.

use super::super::sockets::{SocketError, TcpConnection, TcpSocket};
use super::pipe::{Pipe, Reader, Writer};
use super::watched::Watched;
use super::{Key, Permit, VirtualNetwork};
use std::collections::VecDeque;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime_wasi::p2::{InputStream, OutputStream};

type Result<T = ()> = std::result::Result<T, SocketError>;

/// The state that connections to a bound socket use.
pub(super) type SharedListener = Watched<Listener>;

pub(super) struct Listener {
    local: SocketAddr,
    /// Most connections that wait; none if the socket does not listen.
    backlog: Option<usize>,
    waiting: VecDeque<Connection>,
}

/// A socket that is bound.
pub(super) struct Tcp {
    network: VirtualNetwork,
    key: Key,
    local: SocketAddr,
    listener: SharedListener,
    _permit: Arc<Permit>,
}

impl Tcp {
    pub fn bind(network: &VirtualNetwork, local: SocketAddr) -> Result<Self> {
        let permit = network.shared.permit()?;
        let mut listener = None;
        let (key, local) = network.bind(
            local,
            |state| &mut state.tcp,
            |local| {
                let new = Listener { local, backlog: None, waiting: VecDeque::new() };
                listener.insert(Watched::new(new)).clone()
            },
        )?;
        let listener = listener.ok_or(SocketError::InvalidState)?;
        Ok(Self { network: network.clone(), key, local, listener, _permit: permit })
    }

    fn connect(&self, remote: SocketAddr) -> Result<Connection> {
        let local = self.network.source(self.local, remote)?;
        let key = self.network.key(remote);
        let listener = self.network.shared.lock().tcp.get(&key).cloned();
        let listener = listener.ok_or(SocketError::ConnectionRefused)?;
        let (here, there) = Connection::pair(&self.network, local, remote)?;
        listener.change(|listener| {
            let bound = listener.local.ip();
            let has_room = listener.backlog.is_some_and(|most| listener.waiting.len() < most);
            if !has_room || !(bound.is_unspecified() || bound == remote.ip()) {
                return Err(SocketError::ConnectionRefused);
            }
            listener.waiting.push_back(there);
            Ok(here)
        })
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        let _ = self.network.shared.lock().tcp.remove(&self.key);
        // A task that connects may still have the listener.
        let waiting = self.listener.change(|listener| {
            listener.backlog = None;
            std::mem::take(&mut listener.waiting)
        });
        drop(waiting);
    }
}

impl TcpSocket for Tcp {
    fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn listen(&mut self, backlog: usize) -> Result {
        let backlog = backlog.min(self.network.shared.limits.backlog);
        self.listener.change(|listener| listener.backlog = Some(backlog));
        Ok(())
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<Result<Box<dyn TcpConnection>>> {
        let accepted = self.listener.poll(context, |listener| listener.waiting.pop_front());
        accepted.map(|connection| Ok(Box::new(connection) as _))
    }

    fn poll_connect(
        &mut self,
        _: &mut Context<'_>,
        remote: SocketAddr,
    ) -> Poll<Result<Box<dyn TcpConnection>>> {
        Poll::Ready(self.connect(remote).map(|connection| Box::new(connection) as _))
    }
}

/// One end of a connection.
pub(super) struct Connection {
    local: SocketAddr,
    remote: SocketAddr,
    input: Pipe,
    output: Pipe,
    /// None after they were taken.
    streams: Option<(Reader, Writer)>,
    _permit: Arc<Permit>,
}

impl Connection {
    /// Creates both ends.
    fn pair(
        network: &VirtualNetwork,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<(Self, Self)> {
        let bytes = network.shared.limits.buffer_bytes;
        let (there, back) = (Pipe::new(bytes), Pipe::new(bytes));
        let permits = (network.shared.permit()?, network.shared.permit()?);
        let here = Self::new(local, remote, &back, &there, permits.0);
        Ok((here, Self::new(remote, local, &there, &back, permits.1)))
    }

    fn new(
        local: SocketAddr,
        remote: SocketAddr,
        input: &Pipe,
        output: &Pipe,
        permit: Arc<Permit>,
    ) -> Self {
        let reader = Reader { pipe: input.clone(), _permit: Arc::clone(&permit) };
        let writer = Writer { pipe: output.clone(), _permit: Arc::clone(&permit) };
        let (input, output) = (input.clone(), output.clone());
        Self { local, remote, input, output, streams: Some((reader, writer)), _permit: permit }
    }
}

impl TcpConnection for Connection {
    fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn remote_address(&self) -> SocketAddr {
        self.remote
    }

    fn streams(&mut self) -> Result<(Box<dyn InputStream>, Box<dyn OutputStream>)> {
        let (reader, writer) = self.streams.take().ok_or(SocketError::InvalidState)?;
        Ok((Box::new(reader), Box::new(writer)))
    }

    fn shutdown(&mut self, how: Shutdown) {
        if how != Shutdown::Write {
            self.input.give_up();
        }
        if how != Shutdown::Read {
            self.output.end();
        }
    }
}
