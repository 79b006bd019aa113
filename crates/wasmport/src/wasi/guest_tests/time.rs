//! Clocks and `poll_oneoff`.

use super::Subscription::{After, At, Read, Write};
use super::{Guest, poll_args};
use crate::wasi::{ManualClock, ScaledClock, Wasi, pipe};
use crate::{Error, Group};
use std::io::Write as _;
use std::time::{Duration, Instant};

const SECOND: u64 = 1_000_000_000;
const EVENT_CLOCK: u8 = 0;
const EVENT_READ: u8 = 1;
const EVENT_WRITE: u8 = 2;

fn manual() -> (ManualClock, Guest) {
    let clock = ManualClock::new(Duration::from_secs(1000));
    let guest = Guest::new(&Wasi::new().clock(&clock));
    (clock, guest)
}

#[test]
fn all_four_clocks_obey_a_manual_clock() {
    let (clock, mut guest) = manual();
    clock.advance(Duration::from_secs(5));
    assert_eq!(guest.time(0), (0, 1005 * SECOND));
    for id in 1..=3 {
        assert_eq!(guest.time(id), (0, 5 * SECOND), "{id}");
        let errno: i32 = guest.0.call_func("clock_res_get", (id, 8)).unwrap();
        assert_eq!((errno, guest.bytes(8, 8)), (0, 1_u64.to_le_bytes().to_vec()));
    }
    assert_eq!(guest.time(4).0, 28, "no such clock");
}

#[test]
fn waits_advance_a_manual_clock_to_the_first_time() {
    let (clock, mut guest) = manual();
    let events = guest.poll(&[After(1, 7), After(0, 3), At(0, 1000 * SECOND + 3), After(3, 9)]);
    assert_eq!(events, (0, vec![(1, EVENT_CLOCK), (2, EVENT_CLOCK)]));
    assert_eq!(clock.elapsed(), Duration::from_nanos(3));
    assert_eq!(guest.poll(&[At(1, 2), After(1, 5)]), (0, vec![(0, EVENT_CLOCK)]));
    assert_eq!(clock.elapsed(), Duration::from_nanos(3), "it was past");
    assert_eq!(guest.poll(&[]).0, 28);
    assert_eq!(guest.poll(&[After(9, 1)]).0, 28);
    assert_eq!(guest.poll(&[Read(77)]).0, 8);
}

#[test]
fn a_descriptor_that_is_ready_comes_before_a_time() {
    let clock = ManualClock::new(Duration::ZERO);
    let (mut writer, reader) = pipe(16);
    let mut guest = Guest::new(&Wasi::new().clock(&clock).stdin(reader));
    assert_eq!(guest.poll(&[After(1, 5), Write(1)]), (0, vec![(1, EVENT_WRITE)]));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    // Nothing to read: time passes.
    assert_eq!(guest.poll(&[Read(0), After(1, 5)]), (0, vec![(1, EVENT_CLOCK)]));
    assert_eq!(clock.elapsed(), Duration::from_nanos(5));
    writer.write_all(b"x").unwrap();
    assert_eq!(guest.poll(&[Read(0), After(1, 5)]), (0, vec![(0, EVENT_READ)]));
    // A time that has come and a descriptor that is ready.
    let both = guest.poll(&[Read(0), At(1, 0), Write(2), After(1, 1)]);
    assert_eq!(both, (0, vec![(0, EVENT_READ), (1, EVENT_CLOCK), (2, EVENT_WRITE)]));
    assert_eq!(clock.elapsed(), Duration::from_nanos(5));
}

#[test]
fn a_wait_in_real_time_ends_with_the_first_event() {
    let (mut writer, reader) = pipe(16);
    let mut guest = Guest::new(&Wasi::new().stdin(reader));
    let begun = Instant::now();
    assert_eq!(guest.poll(&[After(1, 20_000_000)]).1, [(0, EVENT_CLOCK)]);
    assert_eq!(guest.poll(&[Read(0), After(0, 20_000_000)]).1, [(1, EVENT_CLOCK)]);
    assert!(begun.elapsed() >= Duration::from_millis(40));
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        writer.write_all(b"x").unwrap();
        writer
    });
    let events = guest.poll(&[Read(0), After(0, 3600 * SECOND)]);
    assert_eq!(events.1, [(0, EVENT_READ)]);
    drop(other.join().unwrap());
}

#[test]
fn a_scaled_clock_shortens_waits() {
    let mut guest = Guest::new(&Wasi::new().clock(&ScaledClock::new(1e6)));
    let (begun, (_, first)) = (Instant::now(), guest.time(1));
    assert_eq!(guest.poll(&[After(1, 20_000 * SECOND)]).1, [(0, EVENT_CLOCK)]);
    assert!(guest.time(1).1 >= first + 20_000 * SECOND);
    let passed = begun.elapsed();
    assert!(passed >= Duration::from_millis(19), "{passed:?}");
    assert!(passed < Duration::from_secs(1000), "{passed:?}");
}

#[test]
fn waits_of_thousands_of_subscriptions_end_with_the_limit() {
    let many: Vec<_> = (0..4000).map(|i| After(1, (3600 + i) * SECOND)).collect();
    for subscriptions in [many, vec![Read(0); 4000]] {
        let (_writer, reader) = pipe(16);
        let mut guest = Guest::new(&Wasi::new().stdin(reader));
        guest.subscribe(&subscriptions);
        guest.0.set_time_limit(Some(Duration::from_millis(50))).unwrap();
        let error = guest.0.call_func::<_, i32>("poll_oneoff", poll_args(4000)).unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    }
}

#[test]
fn a_group_interrupts_all_waits() {
    let hour = 3600 * SECOND;
    for subscriptions in
        [vec![After(1, hour)], vec![Read(0)], vec![Read(0), After(0, hour), At(2, hour)]]
    {
        let (_writer, reader) = pipe(16);
        let mut guest = Guest::new(&Wasi::new().stdin(reader));
        guest.subscribe(&subscriptions);
        let group = Group::new();
        guest.0.join(&group).unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            group.interrupt();
        });
        let args = poll_args(subscriptions.len());
        let error = guest.0.call_func::<_, i32>("poll_oneoff", args).unwrap_err();
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
        other.join().unwrap();
    }
}

#[test]
fn subscriptions_take_bounded_memory() {
    let mut guest = Guest::new(&Wasi::new());
    guest.0.store_mut().set_hostcall_fuel(100_000);
    assert_eq!(guest.poll(&vec![At(1, 0); 900]).1.len(), 900);
    assert_eq!(guest.poll(&vec![At(1, 0); 2000]).0, 48, "no memory");
}

#[test]
fn addresses_out_of_bounds_trap() {
    let mut guest = Guest::new(&Wasi::new());
    let error = guest.0.call_func::<_, i32>("poll_oneoff", (-48, 0, 2, 0)).unwrap_err();
    assert!(error.to_string().contains("Pointer out of bounds"), "{error}");
}

#[test]
fn yielding_in_calls_that_block_returns() {
    let (_, mut guest) = manual();
    assert_eq!(guest.0.call_func::<(), i32>("sched_yield", ()).unwrap(), 0);
}

#[cfg(feature = "async")]
mod resumable {
    use super::*;
    use crate::{Resumable, Slice, Step};

    /// Resumes a call until its end, and calls `wake` when it waits. Returns its result, how often it
    /// yielded, and whether it waited.
    fn run(
        guest: Guest,
        name: &'static str,
        count: Option<usize>,
        mut wake: impl FnMut(),
    ) -> (i32, u32, bool) {
        let session = Box::new(guest.0);
        let mut call = Resumable::new(session, Slice::Unbounded, move |session| {
            Box::pin(async move {
                match count {
                    Some(count) => session.call_func_async(name, poll_args(count)).await,
                    None => session.call_func_async(name, ()).await,
                }
            })
        })
        .unwrap();
        let (mut yields, mut has_waited) = (0, false);
        loop {
            match call.resume() {
                Step::Yielded => yields += 1,
                Step::Waiting => {
                    has_waited = true;
                    wake();
                    std::thread::sleep(Duration::from_millis(1));
                }
                Step::Done => break,
            }
        }
        let (result, _) = call.into_parts().ok().unwrap();
        (result.unwrap(), yields, has_waited)
    }

    #[test]
    fn yielding_suspends_a_resumable_call() {
        let guest = Guest::new_async(&Wasi::new());
        assert_eq!(run(guest, "sched_yield", None, || {}), (0, 1, false));
    }

    #[test]
    fn waits_suspend_a_resumable_call_without_an_executor() {
        let mut guest = Guest::new_async(&Wasi::new());
        guest.subscribe(&[After(1, 20_000_000)]);
        let begun = Instant::now();
        let (errno, _, has_waited) = run(guest, "poll_oneoff", Some(1), || {});
        assert!(errno == 0 && has_waited && begun.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn waits_on_a_manual_clock_continue_at_once() {
        let clock = ManualClock::new(Duration::ZERO);
        let mut guest = Guest::new_async(&Wasi::new().clock(&clock));
        guest.subscribe(&[After(1, 3600 * SECOND)]);
        assert_eq!(run(guest, "poll_oneoff", Some(1), || {}), (0, 0, false));
        assert_eq!(clock.elapsed(), Duration::from_secs(3600));
    }

    #[test]
    fn reading_a_pipe_suspends_a_resumable_call() {
        let (mut writer, reader) = pipe(16);
        let mut guest = Guest::new_async(&Wasi::new().stdin(reader));
        guest.subscribe(&[Read(0), After(1, 3600 * SECOND)]);
        let wake = || writer.write_all(b"x").unwrap();
        let (errno, _, has_waited) = run(guest, "poll_oneoff", Some(2), wake);
        assert!(errno == 0 && has_waited);
    }
}
