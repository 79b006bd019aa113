//! The component, through `bindgen!`.

use measure::Result;
use std::path::Path;
use wasmtime::component::{Component, HasSelf, Linker, Resource};
use wasmtime::{Engine, Store};

#[allow(missing_docs, unsafe_code, unused_qualifications, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../../../../fixtures/sources/components/shelf/wit",
        world: "shelf",
    });
}

use bindings::demo::shelf::{log, net, types};
use bindings::{Level, Shelf, ShelfImports, ShelfPre, Tag};

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
    pre: ShelfPre<Host>,
    store: Store<Host>,
    shelf: Shelf,
}

impl measure::World for World {
    #[allow(unsafe_code, reason = "the program trusts the file")]
    fn load(folder: &Path) -> Result<Self> {
        let engine = Engine::default();
        let file = folder.join("shelf.cwasm");
        // SAFETY: `precompile_component` wrote the file, and nobody has changed it.
        let component = unsafe { Component::deserialize_file(&engine, file)? };
        let mut linker = Linker::new(&engine);
        Shelf::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
        let pre = ShelfPre::new(linker.instantiate_pre(&component)?)?;
        let mut store = Store::new(&engine, Host);
        let shelf = pre.instantiate(&mut store)?;
        Ok(Self { pre, store, shelf })
    }

    fn add(&mut self, left: u32, right: u32) -> Result<u32> {
        Ok(self.shelf.call_add(&mut self.store, left, right)?)
    }

    fn greet(&mut self, name: &str) -> Result<String> {
        Ok(self.shelf.call_greet(&mut self.store, name)?)
    }

    fn since(&mut self, then: u64) -> Result<u64> {
        Ok(self.shelf.call_since(&mut self.store, then)?)
    }

    fn instantiate(&self) -> Result {
        let mut store = Store::new(self.pre.engine(), Host);
        self.pre.instantiate(&mut store)?;
        Ok(())
    }
}
