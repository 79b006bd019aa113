//! The network in the builder.

use super::Wasi;
use crate::wasi::WasiCtx;
#[cfg(feature = "component-model")]
use crate::wasi::network::Sockets;
use crate::wasi::network::{AddressFilter, Protocol};
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// The part of the network that a guest may use.
#[derive(Clone, Default)]
pub(super) struct Network {
    pub(super) tcp: bool,
    pub(super) udp: bool,
    pub(super) ip_name_lookup: bool,
    pub(super) check: Option<AddressCheck>,
    /// The rules of `check`, if it is a filter.
    pub(super) filter: Option<AddressFilter>,
    /// Whether `check` permits all addresses.
    pub(super) permits_all: bool,
    /// In place of the operating system's.
    #[cfg(feature = "component-model")]
    pub(super) own: Option<Arc<dyn Sockets>>,
}

type AddressCheck = Arc<dyn Fn(SocketAddr, SocketAddrUse) -> bool + Send + Sync>;

impl Network {
    pub(super) fn configure(&self, builder: &mut WasiCtxBuilder) {
        // Interfaces without a network of the program's own see none.
        #[cfg(feature = "component-model")]
        if self.own.is_some() {
            return;
        }
        builder.allow_tcp(self.tcp).allow_udp(self.udp).allow_ip_name_lookup(self.ip_name_lookup);
        if let Some(check) = &self.check {
            let check = Arc::clone(check);
            builder.socket_addr_check(move |address, purpose| {
                let is_permitted = check(address, purpose);
                Box::pin(async move { is_permitted })
            });
        }
    }
}

impl Wasi {
    /// Sets whether guests may use TCP, at the addresses that [`socket_addr_check`](Self::socket_addr_check),
    /// [`address_filter`](Self::address_filter) or [`inherit_network`](Self::inherit_network) permits. Default:
    /// false; [`address_filter`](Self::address_filter) sets it.
    pub fn allow_tcp(mut self, enable: bool) -> Self {
        self.network.tcp = enable;
        self
    }

    /// Sets whether guests may use UDP, at the addresses that [`socket_addr_check`](Self::socket_addr_check),
    /// [`address_filter`](Self::address_filter) or [`inherit_network`](Self::inherit_network) permits. Default:
    /// false; [`address_filter`](Self::address_filter) sets it.
    pub fn allow_udp(mut self, enable: bool) -> Self {
        self.network.udp = enable;
        self
    }

    /// Sets whether guests may look up the addresses of names. Default: false.
    pub fn allow_ip_name_lookup(mut self, enable: bool) -> Self {
        self.network.ip_name_lookup = enable;
        self
    }

    /// Permits the addresses for which `check` returns true. It is called for each address that a guest
    /// binds, listens at, accepts from, connects or sends to, or receives from. Default: permits none.
    ///
    /// ```
    /// # #[cfg(feature = "wasi")]
    /// # fn wasi() -> wasmport::wasi::Wasi {
    /// # use wasmport::wasi::Wasi;
    /// Wasi::new().allow_tcp(true).socket_addr_check(|address, _| address.ip().is_loopback())
    /// # }
    /// ```
    pub fn socket_addr_check(
        mut self,
        check: impl Fn(SocketAddr, SocketAddrUse) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.network.check = Some(Arc::new(check));
        self.network.filter = None;
        self.network.permits_all = false;
        self
    }

    /// Permits all addresses.
    pub fn inherit_network(self) -> Self {
        let mut wasi = self.socket_addr_check(|_, _| true);
        wasi.network.permits_all = true;
        wasi
    }

    /// Permits the addresses of a filter, and the protocols that it has rules for. Names are looked up with
    /// [`allow_ip_name_lookup`](Self::allow_ip_name_lookup); their addresses are checked when they are used.
    ///
    /// It is about sockets. Requests of HTTP have a grant of their own, which compares the names of hosts.
    pub fn address_filter(mut self, filter: AddressFilter) -> Self {
        self.network.tcp = filter.uses(Protocol::Tcp);
        self.network.udp = filter.uses(Protocol::Udp);
        self.network.permits_all = false;
        self.network.filter = Some(filter.clone());
        self.network.check =
            Some(Arc::new(move |address, purpose| filter.permits(address, purpose)));
        self
    }

    /// Uses `network` in place of the operating system's, such as a
    /// [`VirtualNetwork`](crate::wasi::VirtualNetwork): no setting of the operating system's network counts.
    ///
    /// Components see it through `wasi:sockets` 0.2. Preview 1 and 0.3 see no network. Requests of HTTP do not use
    /// it.
    #[cfg(feature = "component-model")]
    pub fn network(mut self, network: impl Sockets) -> Self {
        self.network.own = Some(Arc::new(network));
        self
    }

    /// Returns whether it has a network of the program's own.
    #[cfg(feature = "component-model")]
    pub(crate) fn has_network(&self) -> bool {
        self.network.own.is_some()
    }

    /// Adds the network to a context.
    pub(super) fn networked(&self, context: WasiCtx) -> WasiCtx {
        #[cfg(feature = "component-model")]
        if let Some(network) = &self.network.own {
            return context.with_sockets(Arc::clone(network));
        }
        context
    }
}
