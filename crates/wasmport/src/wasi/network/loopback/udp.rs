//! UDP of a virtual network.

use super::super::sockets::{SocketError, UdpSocket};
use super::watched::Watched;
use super::{Key, Permit, VirtualNetwork};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

type Result<T = ()> = std::result::Result<T, SocketError>;

/// Most bytes of a datagram: [RFC 768](https://www.rfc-editor.org/rfc/rfc768) over IPv4.
const DATAGRAM_BYTES: usize = 65_507;

/// The datagrams that wait at a socket.
pub(super) type SharedInbox = Watched<Inbox>;

pub(super) struct Inbox {
    local: SocketAddr,
    datagrams: VecDeque<(Vec<u8>, SocketAddr)>,
    bytes: usize,
}

/// A socket that is bound.
pub(super) struct Udp {
    network: VirtualNetwork,
    key: Key,
    local: SocketAddr,
    inbox: SharedInbox,
    _permit: Arc<Permit>,
}

impl Udp {
    pub fn bind(network: &VirtualNetwork, local: SocketAddr) -> Result<Self> {
        let permit = network.shared.permit()?;
        let mut inbox = None;
        let (key, local) = network.bind(
            local,
            |state| &mut state.udp,
            |local| {
                let new = Inbox { local, datagrams: VecDeque::new(), bytes: 0 };
                inbox.insert(Watched::new(new)).clone()
            },
        )?;
        let inbox = inbox.ok_or(SocketError::InvalidState)?;
        Ok(Self { network: network.clone(), key, local, inbox, _permit: permit })
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        let _ = self.network.shared.lock().udp.remove(&self.key);
    }
}

impl UdpSocket for Udp {
    fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) -> Result {
        if datagram.len() > DATAGRAM_BYTES {
            return Err(SocketError::DatagramTooLarge);
        }
        let from = self.network.source(self.local, to)?;
        let inbox = self.network.shared.lock().udp.get(&self.network.key(to)).cloned();
        let Some(inbox) = inbox else { return Ok(()) };
        let limits = &self.network.shared.limits;
        inbox.change(|inbox| {
            let bound = inbox.local.ip();
            let has_room = inbox.datagrams.len() < limits.datagrams
                && inbox.bytes + datagram.len() <= limits.datagram_bytes;
            if has_room && (bound.is_unspecified() || bound == to.ip()) {
                inbox.bytes += datagram.len();
                inbox.datagrams.push_back((datagram.to_vec(), from));
            }
        });
        Ok(())
    }

    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<Result<(Vec<u8>, SocketAddr)>> {
        let received = self.inbox.poll(context, |inbox| {
            let (datagram, from) = inbox.datagrams.pop_front()?;
            inbox.bytes -= datagram.len();
            Some((datagram, from))
        });
        received.map(Ok)
    }
}
