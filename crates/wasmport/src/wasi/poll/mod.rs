//! `poll_oneoff` of preview 1: waits for times of the guest's clock and for descriptors.
//!
//! Wasmtime answers for its own descriptors: the standard streams and files on the disk. Time comes from
//! the session's [`Clock`] alone.

mod descriptors;
mod wasmtimes;

use self::descriptors::{Descriptors, Found};
use super::ctx::Preview1;
use super::interest::Interest;
use super::time::Clock;
use super::time::reading::end_of_wait;
use super::time::wait::{sleep_without_deadline, wait_until};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll as Progress;
use wasmtime_wasi::p1::types::{self, Errno, Error, Event, Eventtype, SubscriptionU};
use wiggle::{GuestMemory, GuestPtr};

type Result<T> = std::result::Result<T, Error>;

/// A call of `poll_oneoff`.
pub(super) struct Poll {
    subscriptions: Vec<Subscription>,
    /// Descriptors of Wasmtime's that are polled, with their events if they are ready.
    real: BTreeMap<(Interest, u32), Option<Event>>,
    /// First time of the monotonic clock that is waited for.
    first: Option<u64>,
}

/// An event of a descriptor of Wasmtime's.
type RealEvent = ((Interest, u32), Event);

struct Subscription {
    userdata: u64,
    wait: Wait,
}

/// An event that a guest waits for.
#[derive(Clone, Copy)]
enum Wait {
    /// A time of the monotonic clock.
    Until(u64),
    /// A virtual file, with the guest's number.
    Virtual(Interest, u32),
    /// A descriptor of Wasmtime's, with Wasmtime's number.
    Real(Interest, u32),
}

/// Host memory that a subscription and its event take.
const BYTES: usize = size_of::<Subscription>() + 48 + 32;

impl Poll {
    /// Reads the subscriptions.
    ///
    /// # Errors
    ///
    /// Fails with `inval` for none and for unknown clocks and flags, with `badf` for descriptors that are
    /// not open, and with `nomem` if they take more than `fuel` bytes.
    pub fn read(
        context: &mut Preview1,
        clock: &dyn Clock,
        memory: &GuestMemory<'_>,
        subscriptions: GuestPtr<types::Subscription>,
        count: u32,
        fuel: usize,
    ) -> Result<Self> {
        if count == 0 {
            return Err(Errno::Inval.into());
        }
        if (count as usize).checked_mul(BYTES).is_none_or(|bytes| bytes > fuel) {
            return Err(Errno::Nomem.into());
        }
        let descriptors = Descriptors::of(context);
        let mut poll = Self { subscriptions: Vec::new(), real: BTreeMap::new(), first: None };
        for subscription in subscriptions.as_array(count).iter() {
            let types::Subscription { userdata, u } = memory.read(subscription?)?;
            let wait = match u {
                SubscriptionU::Clock(wait) => {
                    let is_absolute =
                        wait.flags.contains(types::Subclockflags::SUBSCRIPTION_CLOCK_ABSTIME);
                    Wait::Until(end_of_wait(clock, wait.id, wait.timeout, is_absolute))
                }
                SubscriptionU::FdRead(fd) => {
                    descriptors.find(Interest::Read, fd.file_descriptor.into())?.into()
                }
                SubscriptionU::FdWrite(fd) => {
                    descriptors.find(Interest::Write, fd.file_descriptor.into())?.into()
                }
            };
            match wait {
                Wait::Until(until) => {
                    poll.first = Some(poll.first.map_or(until, |first| first.min(until)));
                }
                // Those of one descriptor are one: a guest cannot make Wasmtime poll thousands.
                Wait::Real(interest, number) => {
                    let _ = poll.real.insert((interest, number), None);
                }
                Wait::Virtual(..) => {}
            }
            poll.subscriptions.push(Subscription { userdata, wait });
        }
        Ok(poll)
    }

    /// Returns whether Wasmtime's descriptors are polled, which needs Tokio.
    pub fn needs_tokio(&self) -> bool {
        !self.real.is_empty()
    }

    /// Sleeps if only times are waited for, in calls that block and have no deadline.
    pub fn sleep_without_deadline(&self, clock: &dyn Clock) {
        let is_time = |subscription: &Subscription| matches!(subscription.wait, Wait::Until(_));
        if let Some(first) = self.first
            && self.subscriptions.iter().all(is_time)
        {
            sleep_without_deadline(clock, first);
        }
    }

    /// Waits for the first event, and returns all that are ready then. Time passes only if no descriptor is
    /// ready.
    pub async fn finish(mut self, context: &mut Preview1, clock: &dyn Clock) -> Result<Vec<Event>> {
        let mut descriptors = Descriptors::of(context);
        wasmtimes::poll_now(descriptors.real(), &mut self.real).await?;
        loop {
            let mut now = clock.monotonic();
            let is_due = self.first.is_some_and(|first| first <= now);
            if !is_due && !self.has_ready(&mut descriptors) {
                now = self.wait(&mut descriptors, clock).await?.max(clock.monotonic());
            }
            let ready = self.ready(&mut descriptors, now);
            // There are none if another session has taken meanwhile what there was.
            if !ready.is_empty() {
                return Ok(ready);
            }
        }
    }

    /// Returns the events that are ready at a time.
    fn ready(&self, descriptors: &mut Descriptors<'_>, now: u64) -> Vec<Event> {
        let mut ready = Vec::new();
        for Subscription { userdata, wait } in &self.subscriptions {
            let event = match wait {
                Wait::Until(until) => (*until <= now).then(|| event(Eventtype::Clock, 0, false)),
                Wait::Real(interest, number) => {
                    self.real.get(&(*interest, *number)).cloned().flatten()
                }
                Wait::Virtual(interest, number) => descriptors
                    .readiness(*interest, *number)
                    .map(|ready| event((*interest).into(), 1, ready.is_end)),
            };
            ready.extend(event.map(|event| Event { userdata: *userdata, ..event }));
        }
        ready
    }

    fn has_ready(&self, descriptors: &mut Descriptors<'_>) -> bool {
        self.real.values().any(Option::is_some)
            || self
                .virtual_waits()
                .any(|(interest, number)| descriptors.readiness(interest, number).is_some())
    }

    fn virtual_waits(&self) -> impl Iterator<Item = (Interest, u32)> {
        self.subscriptions.iter().filter_map(|subscription| match subscription.wait {
            Wait::Virtual(interest, number) => Some((interest, number)),
            _ => None,
        })
    }

    /// Waits until a descriptor is ready or the first time has come. Returns that time if it is what ended
    /// the wait.
    async fn wait(&mut self, descriptors: &mut Descriptors<'_>, clock: &dyn Clock) -> Result<u64> {
        match self.first_event(descriptors, clock).await? {
            None => Ok(self.first.unwrap_or_default()),
            Some(events) => {
                self.real.extend(events.into_iter().map(|(key, event)| (key, Some(event))));
                Ok(0)
            }
        }
    }

    /// Returns the events of Wasmtime's descriptors, or none if the time has come.
    async fn first_event(
        &self,
        descriptors: &mut Descriptors<'_>,
        clock: &dyn Clock,
    ) -> Result<Option<Vec<RealEvent>>> {
        let mut devices: Vec<_> = self.virtual_waits().collect();
        // Each is polled once, however often the guest waits for it.
        devices.sort_unstable();
        devices.dedup();
        let (real, files) = descriptors.split();
        let mut polled = pin!(async {
            if self.real.is_empty() {
                return std::future::pending().await;
            }
            wasmtimes::poll(real, &self.real).await
        });
        let mut time = pin!(async {
            match self.first {
                Some(first) => wait_until(clock, first).await,
                None => std::future::pending().await,
            }
        });
        std::future::poll_fn(|context| {
            if let Progress::Ready(events) = polled.as_mut().poll(context) {
                return Progress::Ready(events.map(Some));
            }
            for (interest, number) in &devices {
                if files.poll(*interest, *number, context).is_ready() {
                    return Progress::Ready(Ok(Some(Vec::new())));
                }
            }
            time.as_mut().poll(context).map(|()| Ok(None))
        })
        .await
    }
}

/// Returns an event without an error. As in Wasmtime, descriptors have one byte.
fn event(type_: Eventtype, nbytes: u64, is_end: bool) -> Event {
    let flags = if is_end {
        types::Eventrwflags::FD_READWRITE_HANGUP
    } else {
        types::Eventrwflags::empty()
    };
    let fd_readwrite = types::EventFdReadwrite { nbytes, flags };
    Event { userdata: 0, error: Errno::Success, type_, fd_readwrite }
}

impl From<Found> for Wait {
    fn from(found: Found) -> Self {
        match found {
            Found::Virtual(interest, number) => Self::Virtual(interest, number),
            Found::Real(interest, number) => Self::Real(interest, number),
        }
    }
}

impl From<Interest> for Eventtype {
    fn from(interest: Interest) -> Self {
        match interest {
            Interest::Read => Self::FdRead,
            Interest::Write => Self::FdWrite,
        }
    }
}

/// Writes the events, and returns their number.
pub(super) fn write(
    memory: &mut GuestMemory<'_>,
    events: GuestPtr<Event>,
    ready: &[Event],
) -> Result<u32> {
    let count = u32::try_from(ready.len()).map_err(|_| Errno::Overflow)?;
    for (place, event) in events.as_array(count).iter().zip(ready) {
        memory.write(place?, event.clone())?;
    }
    Ok(count)
}
