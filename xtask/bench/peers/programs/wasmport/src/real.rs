//! The module of medium size: the importer recognizes how `wasm-bindgen` passes text.

use crate::assets::slugs::{SlugsSession, slugs_bg_js};
use measure::Result;
use std::path::Path;
use wasmport::{Access, Runtime, SessionPre, wasmtime};

struct Host;

impl<T: 'static> slugs_bg_js::Host<T> for Host {
    fn log(_: &mut Access<'_, T, Self>, _: &str) -> wasmtime::Result<()> {
        Ok(())
    }

    fn rename(_: &mut Access<'_, T, Self>, _: &str) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }

    fn publish(_: &mut Access<'_, T, Self>, _: String, _: Vec<u16>) -> wasmtime::Result<()> {
        Ok(())
    }
}

pub(crate) struct Slugs {
    pre: SessionPre<SlugsSession<Host>>,
    session: SlugsSession<Host>,
}

impl measure::Real for Slugs {
    fn load(_: &Path) -> Result<Self> {
        let runtime = Runtime::new(&crate::assets::ENGINE)?;
        let pre = SessionPre::<SlugsSession<Host>>::new(&runtime)?;
        let session = pre.start(Host)?;
        Ok(Self { pre, session })
    }

    fn slug(&mut self, title: &str) -> Result<String> {
        Ok(self.session.slug(title)?)
    }

    fn instantiate(&self) -> Result {
        self.pre.start(Host)?;
        Ok(())
    }
}
