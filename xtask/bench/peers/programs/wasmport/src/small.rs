//! The small module.

use crate::assets::small::{SmallSession, env};
use measure::Result;
use std::path::Path;
use wasmport::{Access, Runtime, SessionPre};

struct Total(i64);

impl<T: 'static> env::Host<T> for Total {
    fn add(host: &mut Access<'_, T, Self>, number: i64) -> wasmport::wasmtime::Result<()> {
        host.get().0 += number;
        Ok(())
    }
}

pub(crate) struct Small {
    pre: SessionPre<SmallSession<Total>>,
    session: SmallSession<Total>,
}

impl measure::Small for Small {
    fn load(_: &Path) -> Result<Self> {
        let runtime = Runtime::new(&crate::assets::ENGINE)?;
        let pre = SessionPre::<SmallSession<Total>>::new(&runtime)?;
        let session = pre.start(Total(0))?;
        Ok(Self { pre, session })
    }

    fn add(&mut self, left: i32, right: i32) -> Result<i32> {
        Ok(self.session.add(left, right)?)
    }

    fn call_host(&mut self, times: i32) -> Result {
        Ok(self.session.call_host(times)?)
    }

    fn total(&self) -> i64 {
        self.session.data().0
    }

    fn instantiate(&self) -> Result {
        self.pre.start(Total(0))?;
        Ok(())
    }
}
