//! `wasi:sockets/ip-name-lookup`: the addresses of names.

use super::{SocketsView, own, trap};
use std::net::IpAddr;
use std::vec;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketResult, subscribe};

/// The addresses of a name.
struct Addresses(vec::IntoIter<IpAddr>);

#[wasmtime_wasi::async_trait]
impl Pollable for Addresses {
    async fn ready(&mut self) {}
}

impl Host for SocketsView<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        let _ = self.table.get(&network)?;
        let addresses = self.sockets().map_err(trap)?.resolve_addresses(&name)?;
        let addresses = self.table.push(Addresses(addresses.into_iter()))?;
        Ok(Resource::new_own(addresses.rep()))
    }
}

impl HostResolveAddressStream for SocketsView<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> SocketResult<Option<IpAddress>> {
        let addresses: &mut Addresses = self.table.get_mut(&own(&stream))?;
        Ok(addresses.0.next().map(IpAddress::from))
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Resource<DynPollable>> {
        subscribe(self.table, own::<Addresses, _>(&stream))
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> Result<()> {
        let _ = self.table.delete(Resource::<Addresses>::new_own(stream.rep()))?;
        Ok(())
    }
}
