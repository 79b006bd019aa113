//! `Watch`: the moments that end one session's calls.

use super::slot::{End, Moment, Slot, after, now};
use super::{Alarm, Group};
use crate::{Asset, Error, Result};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Store, UpdateDeadline};

/// What bounds the time of a session's calls. The session has it, and the store asks it whenever the
/// engine's epoch has moved; a change makes another one.
#[derive(Clone)]
pub(crate) struct Watch {
    asset: Arc<Asset>,
    alarm: Arc<Alarm>,
    /// How long each call may run.
    pub(super) limit: Option<Duration>,
    own: Arc<Slot>,
    groups: Vec<Group>,
    #[cfg(feature = "async")]
    slice: Option<Arc<Slot>>,
}

impl Watch {
    pub(crate) fn new(asset: &Arc<Asset>, alarm: &Arc<Alarm>, limit: Option<Duration>) -> Self {
        let own = Arc::default();
        alarm.add(&own);
        Self {
            asset: Arc::clone(asset),
            alarm: Arc::clone(alarm),
            limit,
            own,
            groups: Vec::new(),
            #[cfg(feature = "async")]
            slice: None,
        }
    }

    /// Has the store ask it.
    pub(crate) fn install<T: 'static>(self: &Arc<Self>, store: &mut Store<T>) {
        let watch = Arc::clone(self);
        store.epoch_deadline_callback(move |_| Ok(watch.look()?));
        // At every move, as each deadline is at a moment and not at a count.
        store.set_epoch_deadline(1);
    }

    /// Whether there is anything to watch.
    pub(super) fn is_empty(&self) -> bool {
        #[cfg(feature = "async")]
        let sliced = self.slice.is_some();
        #[cfg(not(feature = "async"))]
        let sliced = false;
        self.limit.is_none() && self.groups.is_empty() && !sliced
    }

    pub(super) fn join(&mut self, group: &Group) {
        group.add_to(&self.alarm);
        self.groups.push(group.clone());
    }

    /// What a guest is told that noticed that the epoch has moved.
    fn look(&self) -> Result<UpdateDeadline> {
        let now = now();
        self.check_at(now)?;
        #[cfg(feature = "async")]
        if self.slice.as_ref().is_some_and(|slice| slice.end(now).is_some()) {
            return Ok(UpdateDeadline::Yield(1));
        }
        Ok(UpdateDeadline::Continue(1))
    }

    fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        std::iter::once(&self.own).chain(self.groups.iter().map(Group::slot))
    }

    /// Whether calls may begin.
    #[cfg(feature = "async")]
    pub(crate) fn check(&self) -> Result<()> {
        self.check_at(now())
    }

    fn check_at(&self, now: Moment) -> Result<()> {
        let asset = || self.asset.name().to_owned();
        match self.slots().find_map(|slot| slot.end(now)) {
            None => Ok(()),
            Some(End::Interrupted) => Err(Error::Interrupted { asset: asset() }),
            Some(End::Time(limit)) => Err(Error::TimedOut { asset: asset(), limit }),
        }
    }

    /// A call begins.
    pub(crate) fn begin(&self) -> Result<Running<'_>> {
        self.go_on(now(), self.limit)
    }

    /// A call begins or goes on that may run for `left`.
    fn go_on(&self, now: Moment, left: Option<Duration>) -> Result<Running<'_>> {
        if let (Some(left), Some(limit)) = (left, self.limit) {
            self.own.set(after(now, left), limit);
        }
        let first = self.slots().map(|slot| slot.enter()).min();
        let running = Running(self);
        self.check_at(now)?;
        let looks = first.map_or(Ok(()), |first| self.alarm.look_at(first));
        looks.map_err(|source| Error::Thread { source })?;
        Ok(running)
    }

    /// The call, which may run as long as the limit says; the time in which it waits does not count.
    #[cfg(feature = "async")]
    pub(crate) async fn pace<R>(
        &self,
        call: impl Future<Output = wasmtime::Result<R>>,
    ) -> wasmtime::Result<R> {
        let mut call = std::pin::pin!(call);
        let mut left = self.limit;
        std::future::poll_fn(|context| {
            let begun = now();
            let running = match self.go_on(begun, left) {
                Ok(running) => running,
                Err(error) => return std::task::Poll::Ready(Err(error.into())),
            };
            let poll = call.as_mut().poll(context);
            drop(running);
            left = left.map(|left| left.saturating_sub(Duration::from_nanos(now() - begun)));
            poll
        })
        .await
    }

    /// Has calls yield at moments of their own.
    #[cfg(feature = "async")]
    pub(super) fn set_slice(&mut self, slice: Option<Arc<Slot>>) {
        self.slice = slice;
    }
}

/// A call that runs.
pub(crate) struct Running<'a>(&'a Watch);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.slots().for_each(|slot| slot.leave());
        self.0.own.clear();
    }
}
