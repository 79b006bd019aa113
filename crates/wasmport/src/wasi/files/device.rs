//! `SharedDevice`: an open device of virtual files. As on Linux, devices have no size.

use crate::vfs::{DeviceKind, FileError, OpenDevice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Result<T> = std::result::Result<T, FileError>;

/// Most bytes that are passed to a device at once.
pub(super) const PART: usize = 64 << 10;

/// Most tasks that wait for a device; a further one wakes the first, which then asks again.
const MOST_WAITING: usize = 64;

/// An open device of a descriptor. Clones are the same.
#[derive(Clone)]
pub(super) struct SharedDevice {
    device: Arc<Mutex<Box<dyn OpenDevice>>>,
    waiting: Arc<Waiting>,
}

impl SharedDevice {
    pub fn new(device: Box<dyn OpenDevice>) -> Self {
        Self { device: Arc::new(Mutex::new(device)), waiting: Arc::default() }
    }

    /// Locks the device, also after a panic of the program's code in it.
    fn lock(&self) -> MutexGuard<'_, Box<dyn OpenDevice>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads into `to`, and returns the number of bytes; 0 is the end.
    pub fn read(&self, to: &mut [u8]) -> Result<usize> {
        let most = to.len().min(PART);
        let count = self.lock().read(&mut to[..most])?;
        Ok(count.min(most))
    }

    /// Writes bytes, and returns how many were written.
    pub fn write(&self, bytes: &[u8]) -> Result<usize> {
        let most = bytes.len().min(PART);
        let count = self.lock().write(&bytes[..most])?;
        Ok(count.min(most))
    }

    /// Returns whether a read ends at once; otherwise wakes `context` when it does.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = self.waiting.add(context.waker());
        self.lock().poll_readable(&mut Context::from_waker(&waker))
    }

    /// Returns whether a write ends at once; otherwise wakes `context` when it does.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = self.waiting.add(context.waker());
        self.lock().poll_writable(&mut Context::from_waker(&waker))
    }

    pub fn kind(&self) -> DeviceKind {
        self.lock().kind()
    }
}

/// The tasks that wait for a device. The device itself remembers only the waker that it saw last.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Waiting {
    /// Adds a task, and returns a waker of all.
    fn add(self: &Arc<Self>, waker: &Waker) -> Waker {
        let mut first = None;
        {
            let mut waiting = self.lock();
            if !waiting.iter().any(|known| known.will_wake(waker)) {
                if waiting.len() >= MOST_WAITING {
                    first = Some(waiting.remove(0));
                }
                waiting.push(waker.clone());
            }
        }
        if let Some(first) = first {
            first.wake();
        }
        Waker::from(Arc::clone(self))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Repeats a call of a device until it need not wait.
pub(super) async fn repeat<R>(
    mut call: impl FnMut() -> Result<R>,
    mut ready: impl FnMut(&mut Context<'_>) -> Poll<()>,
) -> Result<R> {
    loop {
        match call() {
            Err(FileError::WouldBlock) => std::future::poll_fn(&mut ready).await,
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Remembers one waker, as devices may.
    #[derive(Default)]
    struct Forgetful(Arc<Mutex<Option<Waker>>>);

    impl OpenDevice for Forgetful {
        fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
            *self.0.lock().unwrap() = Some(context.waker().clone());
            Poll::Pending
        }
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            let _ = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_that_wait_for_a_device_are_woken() {
        let device = Forgetful::default();
        let last = Arc::clone(&device.0);
        let device = SharedDevice::new(Box::new(device));
        let all: Vec<Arc<Woken>> = (0..3).map(|_| Arc::default()).collect();
        for woken in &all {
            let waker = Waker::from(Arc::clone(woken));
            let mut context = Context::from_waker(&waker);
            assert!(device.poll_readable(&mut context).is_pending());
            assert!(device.poll_readable(&mut context).is_pending());
        }
        last.lock().unwrap().take().unwrap().wake();
        assert!(all.iter().all(|woken| woken.0.load(Ordering::Relaxed) == 1));
    }

    #[test]
    fn waits_that_were_given_up_take_bounded_memory() {
        let device = SharedDevice::new(Box::new(Forgetful::default()));
        for _ in 0..1000 {
            let waker = Waker::from(Arc::<Woken>::default());
            assert!(device.poll_readable(&mut Context::from_waker(&waker)).is_pending());
        }
        assert_eq!(device.waiting.lock().len(), MOST_WAITING);
    }
}
