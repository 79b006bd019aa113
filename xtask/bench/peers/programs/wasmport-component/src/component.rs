//! The component.

use crate::assets::shelf::demo::shelf::{log, net, types};
use crate::assets::shelf::{Level, ShelfImports, ShelfSession, Tag};
use measure::Result;
use std::path::Path;
use wasmport::wasmtime::component::Resource;
use wasmport::{Runtime, SessionPre, wasmtime};

struct Host;

impl ShelfImports for Host {
    fn now(&mut self) -> u64 {
        50
    }
}

impl types::Host for Host {
    fn describe(&mut self, tag: Tag) -> String {
        tag.name
    }
}

impl log::Host for Host {
    fn write(&mut self, _: Level, _: String) {}
}

impl net::Host for Host {}

impl net::HostConnection for Host {
    fn new(&mut self, _: String) -> Resource<net::Connection> {
        Resource::new_own(0)
    }

    fn send(
        &mut self,
        _: Resource<net::Connection>,
        _: String,
    ) -> std::result::Result<u32, String> {
        Err("nobody there".into())
    }

    fn drop(&mut self, _: Resource<net::Connection>) -> wasmtime::Result<()> {
        Ok(())
    }
}

pub(crate) struct World {
    pre: SessionPre<ShelfSession<Host>>,
    session: ShelfSession<Host>,
}

impl measure::World for World {
    fn load(_: &Path) -> Result<Self> {
        let runtime = Runtime::new(&crate::assets::ENGINE)?;
        let pre = SessionPre::<ShelfSession<Host>>::new(&runtime)?;
        let session = pre.start(Host)?;
        Ok(Self { pre, session })
    }

    fn add(&mut self, left: u32, right: u32) -> Result<u32> {
        Ok(self.session.add(left, right)?)
    }

    fn greet(&mut self, name: &str) -> Result<String> {
        Ok(self.session.greet(name)?)
    }

    fn since(&mut self, then: u64) -> Result<u64> {
        Ok(self.session.since(then)?)
    }

    fn instantiate(&self) -> Result {
        self.pre.start(Host)?;
        Ok(())
    }
}
