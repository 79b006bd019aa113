//! Tests of clocks and waits.

use super::wait::{park, wait_until};
use super::{Clock, ManualClock, ScaledClock, SystemClock};
use std::time::{Duration, Instant};

#[test]
fn a_scaled_clock_is_exact_in_both_directions() {
    for factor in [1.0, 3.0, 0.25, 1.0 / 3.0, 1e-9, 1e9, 7.7] {
        let base = ManualClock::new(Duration::from_secs(50));
        base.advance(Duration::from_secs(4));
        let clock = ScaledClock::of(&base, factor);
        assert_eq!((clock.monotonic(), clock.unix_time()), (0, Duration::from_secs(54)));
        let mut shown = 0;
        for until in [1, 2, 1000, 123_456_789, 10_000_000_000] {
            assert_eq!(clock.real_time_until(until), None, "it stands still, as its base");
            clock.advance_to(until);
            // The first time of the base at which it shows this.
            assert!(clock.monotonic() >= until && clock.monotonic() >= shown, "{factor}");
            assert!(clock.monotonic() - until <= factor.ceil() as u64, "{factor}");
            shown = clock.monotonic();
        }
    }
}

#[test]
fn a_factor_that_is_none_does_not_stop_time_for_good() {
    for factor in [f64::NAN, 0.0, -3.0, f64::NEG_INFINITY] {
        let base = ManualClock::new(Duration::ZERO);
        let clock = ScaledClock::of(&base, factor);
        base.advance(Duration::from_secs(5));
        assert_eq!(clock.monotonic(), 1, "{factor}");
        clock.advance_to(u64::MAX);
        assert!(clock.monotonic() > 1 && clock.resolution() == Duration::from_nanos(1));
    }
    let base = ManualClock::new(Duration::ZERO);
    let clock = ScaledClock::of(&base, f64::INFINITY);
    base.advance(Duration::from_secs(3600));
    assert_eq!(clock.monotonic(), u64::MAX);
}

#[test]
fn scales_multiply() {
    let base = ManualClock::new(Duration::ZERO);
    let clock = ScaledClock::of(&ScaledClock::of(&base, 6.0), 0.5);
    base.advance(Duration::from_secs(2));
    assert_eq!(clock.unix_time(), Duration::from_secs(6));
    clock.advance_to(9_000_000_000);
    assert_eq!(base.elapsed(), Duration::from_secs(3));
}

#[test]
fn a_clock_that_is_shared_is_described_as_itself() {
    let clock = ManualClock::new(Duration::from_secs(7));
    assert_eq!(std::sync::Arc::new(clock.clone()).policy(), clock.policy());
}

#[test]
fn a_wait_on_a_scaled_clock_takes_scaled_time() {
    let clock = ScaledClock::new(1e6);
    let begun = Instant::now();
    park(wait_until(&clock, clock.monotonic() + 20_000_000_000_000));
    let passed = begun.elapsed();
    assert!(passed >= Duration::from_millis(19), "{passed:?}");
    assert!(passed < Duration::from_secs(1000), "{passed:?}");
}

/// A clock that expects all waits to be over, but they are not for a while.
struct Wrong(Instant);

impl Clock for Wrong {
    fn unix_time(&self) -> Duration {
        Duration::ZERO
    }

    fn monotonic(&self) -> u64 {
        u64::from(self.0.elapsed() > Duration::from_millis(5))
    }

    fn real_time_until(&self, _: u64) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

#[test]
fn a_clock_with_wrong_estimates_is_compared_again() {
    let clock = Wrong(Instant::now());
    park(wait_until(&clock, 1));
    assert!(clock.0.elapsed() > Duration::from_millis(5));
}

#[test]
fn the_systems_clock_advances_by_itself() {
    let clock = SystemClock::new();
    let first = clock.monotonic();
    std::thread::sleep(Duration::from_millis(2));
    assert!(clock.monotonic() >= first + 2_000_000);
    assert!(clock.unix_time() > Duration::from_secs(1_700_000_000));
    assert!(clock.resolution() > Duration::ZERO);
}

#[cfg(feature = "component-model")]
mod sleeps {
    use super::super::sleeps::{Sleep, Sleeps};
    use super::*;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Waker};

    #[test]
    fn sleeps_that_begin_together_pass_together_the_first_to_end_first() {
        let clock = ManualClock::new(Duration::ZERO);
        let sleeps = Sleeps::default();
        let begin = |until| Box::pin(sleeps.begin(Arc::new(clock.clone()), until));
        let mut context = Context::from_waker(Waker::noop());
        let mut polled = |sleep: &mut Pin<Box<Sleep>>| sleep.as_mut().poll(&mut context).is_ready();
        let mut ends = |sleep: &mut Pin<Box<Sleep>>| (0..100).any(|_| polled(sleep));
        let (mut long, mut short, mut given_up) = (begin(7), begin(5), begin(6));
        assert!(!ends(&mut long) && !ends(&mut given_up), "another ends before");
        assert_eq!(clock.monotonic(), 0);
        assert!(ends(&mut short));
        assert_eq!(clock.monotonic(), 5);
        drop(short);
        assert!(ends(&mut begin(3)), "the clock is later");
        assert!(!ends(&mut long));
        drop(given_up);
        assert!(ends(&mut long));
        assert_eq!(clock.monotonic(), 7);
    }

    #[test]
    fn a_guest_goes_on_after_one_sleep_before_the_next_ends() {
        let clock = ManualClock::new(Duration::ZERO);
        let sleeps = Sleeps::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut long = Box::pin(sleeps.begin(Arc::new(clock.clone()), 7));
        let mut short = Box::pin(sleeps.begin(Arc::new(clock.clone()), 5));
        assert!((0..100).any(|_| short.as_mut().poll(&mut context).is_ready()));
        drop(short);
        assert!(long.as_mut().poll(&mut context).is_pending());
        assert_eq!(clock.monotonic(), 5);
        assert!((0..100).any(|_| long.as_mut().poll(&mut context).is_ready()));
    }

    #[test]
    fn asking_again_and_again_whether_a_sleep_has_ended_is_waiting() {
        let clock = ManualClock::new(Duration::ZERO);
        let sleeps = Sleeps::default();
        let ready = || {
            let mut sleep = Box::pin(sleeps.begin(Arc::new(clock.clone()), 9));
            sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert!(!ready() && clock.monotonic() == 0);
        assert!((0..100).any(|_| ready()));
        assert_eq!(clock.monotonic(), 9);
    }

    #[test]
    fn asking_sleeps_in_turn_is_waiting_for_the_first() {
        let clock = ManualClock::new(Duration::ZERO);
        let sleeps = Sleeps::default();
        let ready = |until| {
            let mut sleep = Box::pin(sleeps.begin(Arc::new(clock.clone()), until));
            sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        for (ends, other) in [(5, 9), (9, 12)] {
            assert!((0..100_000).any(|_| ready(other) || ready(ends)));
            assert_eq!(clock.monotonic(), ends);
        }
        // The first is given up meanwhile.
        (0..4000).for_each(|_| assert!(!ready(20) && !ready(30)));
        assert!((0..100_000).any(|_| ready(40) || ready(30)));
        assert_eq!(clock.monotonic(), 30);
    }

    #[test]
    fn a_sleep_in_real_time_ends() {
        let clock = Arc::new(SystemClock::new());
        let until = clock.monotonic() + 5_000_000;
        park(Sleeps::default().begin(Arc::clone(&clock) as _, until));
        assert!(clock.monotonic() >= until);
    }

    #[test]
    fn thousands_of_sleeps_are_cheap() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let sleeps = Sleeps::default();
        let begun = Instant::now();
        let first = clock.monotonic() + 20_000_000;
        let mut all: Vec<_> =
            (0..5000).map(|i| Box::pin(sleeps.begin(Arc::clone(&clock), first + i))).collect();
        park(std::future::poll_fn(|context| {
            let ends = all.iter_mut().map(|sleep| sleep.as_mut().poll(context));
            // All are polled, so that all wait.
            match ends.filter(std::task::Poll::is_ready).count() {
                0 => std::task::Poll::Pending,
                _ => std::task::Poll::Ready(()),
            }
        }));
        drop(all);
        assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
    }
}

#[cfg(feature = "vfs")]
#[test]
fn files_get_the_time_of_their_clock() {
    let clock = SystemClock::new();
    let (file, now) = (clock.file_time(), clock.unix_time());
    assert!(file <= now && now - file < Duration::from_secs(60), "{file:?} {now:?}");
    let clock = ManualClock::new(Duration::from_secs(7));
    assert_eq!(std::sync::Arc::new(clock).file_time(), Duration::from_secs(7));
}
