//! The descriptors of Wasmtime, whose `poll_oneoff` is the one function that knows whether they are ready.

use crate::wasi::interest::Interest;
use std::collections::BTreeMap;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::types::{self, Error, Event, Filetype, Subscription, SubscriptionU};
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wiggle::{GuestMemory, GuestPtr, GuestType as _};

type Result<T> = std::result::Result<T, Error>;

/// Descriptors with the events of those that are ready.
type Polled = BTreeMap<(Interest, u32), Option<Event>>;

/// The userdata of a subscription that is no descriptor's.
const NO_DESCRIPTOR: u64 = u64::MAX;

/// Finds the events of the descriptors that are ready now.
pub(super) async fn poll_now(context: &mut WasiP1Ctx, polled: &mut Polled) -> Result<()> {
    let mut streams = Vec::new();
    for ((interest, number), event) in polled.iter_mut() {
        let subscription = subscription(*interest, *number);
        if is_file(context, *number).await? {
            // It is ready as soon as Wasmtime has read ahead, so its answer is worth waiting for.
            *event = poll_all(context, &[subscription]).await?.into_iter().next();
        } else {
            streams.push(((*interest, *number), subscription));
        }
    }
    if streams.is_empty() {
        return Ok(());
    }
    // A time that has come: nothing is waited for, but tasks that read for the guest run meanwhile.
    let now = SubscriptionU::Clock(types::SubscriptionClock {
        id: types::Clockid::Monotonic,
        timeout: 0,
        precision: 0,
        flags: types::Subclockflags::empty(),
    });
    let now = Subscription { userdata: NO_DESCRIPTOR, u: now };
    let (keys, mut subscriptions): (Vec<_>, Vec<_>) = numbered(streams);
    subscriptions.push(now);
    let events = poll_all(context, &subscriptions).await?;
    polled.extend(of_descriptors(&keys, events).map(|(key, event)| (key, Some(event))));
    Ok(())
}

/// Waits until a descriptor is ready, and returns the events of all that are.
pub(super) async fn poll(
    context: &mut WasiP1Ctx,
    polled: &Polled,
) -> Result<Vec<((Interest, u32), Event)>> {
    let streams = polled.keys().map(|key| (*key, subscription(key.0, key.1)));
    let (keys, subscriptions) = numbered(streams);
    let events = poll_all(context, &subscriptions).await?;
    Ok(of_descriptors(&keys, events).collect())
}

fn subscription(interest: Interest, number: u32) -> Subscription {
    let fd = types::SubscriptionFdReadwrite { file_descriptor: number.into() };
    let u = match interest {
        Interest::Read => SubscriptionU::FdRead(fd),
        Interest::Write => SubscriptionU::FdWrite(fd),
    };
    Subscription { userdata: NO_DESCRIPTOR, u }
}

/// Makes the userdata of each subscription the index of its descriptor.
fn numbered<K>(
    streams: impl IntoIterator<Item = (K, Subscription)>,
) -> (Vec<K>, Vec<Subscription>) {
    let number = |(index, (key, subscription)): (usize, (K, Subscription))| {
        (key, Subscription { userdata: index as u64, ..subscription })
    };
    streams.into_iter().enumerate().map(number).unzip()
}

/// Returns the events of descriptors.
fn of_descriptors<K: Copy>(
    keys: &[K],
    events: Vec<Event>,
) -> impl Iterator<Item = (K, Event)> + use<'_, K> {
    events.into_iter().filter_map(|event| {
        let index = usize::try_from(event.userdata).ok()?;
        Some((*keys.get(index)?, event))
    })
}

async fn is_file(context: &mut WasiP1Ctx, number: u32) -> Result<bool> {
    let mut nothing = [];
    let mut memory = GuestMemory::Unshared(&mut nothing);
    let stat = context.fd_fdstat_get(&mut memory, number.into()).await?;
    Ok(stat.fs_filetype == Filetype::RegularFile)
}

/// Calls Wasmtime's `poll_oneoff` with a memory of the host.
async fn poll_all(context: &mut WasiP1Ctx, subscriptions: &[Subscription]) -> Result<Vec<Event>> {
    let count = u32::try_from(subscriptions.len()).map_err(|_| types::Errno::Overflow)?;
    let events = count.checked_mul(Subscription::guest_size()).ok_or(types::Errno::Overflow)?;
    let bytes = subscriptions.len() * (Subscription::guest_size() + Event::guest_size()) as usize;
    let mut bytes = vec![0; bytes];
    let mut memory = GuestMemory::Unshared(&mut bytes);
    let input = GuestPtr::<Subscription>::new(0).as_array(count);
    let output = GuestPtr::<Event>::new(events).as_array(count);
    for (place, subscription) in input.iter().zip(subscriptions) {
        memory.write(place?, subscription.clone())?;
    }
    let ready = context.poll_oneoff(&mut memory, input.as_ptr(), output.as_ptr(), count).await?;
    output.iter().take(ready as usize).map(|event| Ok(memory.read(event?)?)).collect()
}
