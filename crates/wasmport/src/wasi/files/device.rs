//! `SharedDevice`: an open device of virtual files. As on Linux, devices have no size.

use crate::vfs::{DeviceKind, FileError, OpenDevice};
use crate::wasi::interest::Interest;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Result<T> = std::result::Result<T, FileError>;

/// Most bytes that are passed to a device at once.
pub(super) const PART: usize = 64 << 10;

/// An open device of a descriptor or stream. Clones are the same device, and each may wait for it: one task in each
/// direction.
pub(super) struct SharedDevice {
    device: Arc<Mutex<Box<dyn OpenDevice>>>,
    waiting: Arc<Waiting>,
    /// Its number among the clones.
    number: u64,
}

impl Clone for SharedDevice {
    fn clone(&self) -> Self {
        let (device, waiting) = (Arc::clone(&self.device), Arc::clone(&self.waiting));
        let number = waiting.clones.fetch_add(1, Ordering::Relaxed);
        Self { device, waiting, number }
    }
}

impl Drop for SharedDevice {
    fn drop(&mut self) {
        self.waiting.forget(self.number);
    }
}

impl SharedDevice {
    pub fn new(device: Box<dyn OpenDevice>) -> Self {
        let waiting = Waiting { clones: AtomicU64::new(1), tasks: Mutex::default() };
        Self { device: Arc::new(Mutex::new(device)), waiting: Arc::new(waiting), number: 0 }
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
        let waker = self.waiting.add((self.number, Interest::Read), context.waker());
        self.lock().poll_readable(&mut Context::from_waker(&waker))
    }

    /// Returns whether a write ends at once; otherwise wakes `context` when it does.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = self.waiting.add((self.number, Interest::Write), context.waker());
        self.lock().poll_writable(&mut Context::from_waker(&waker))
    }

    pub fn kind(&self) -> DeviceKind {
        self.lock().kind()
    }
}

/// The tasks that wait for a device. The device itself remembers only the waker that it saw last.
struct Waiting {
    clones: AtomicU64,
    tasks: Mutex<BTreeMap<(u64, Interest), Waker>>,
}

impl Waiting {
    /// Adds the task of a clone, and returns a waker of all.
    fn add(self: &Arc<Self>, of: (u64, Interest), waker: &Waker) -> Waker {
        let former = self.lock().insert(of, waker.clone());
        // A waker may drop a call, whose streams take the lock.
        drop(former);
        Waker::from(Arc::clone(self))
    }

    /// Forgets the tasks of a clone that is dropped.
    fn forget(&self, number: u64) {
        for interest in [Interest::Read, Interest::Write] {
            let former = self.lock().remove(&(number, interest));
            drop(former);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(u64, Interest), Waker>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_values().for_each(Waker::wake);
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
    use std::sync::atomic::AtomicU32;

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

    fn wait(device: &SharedDevice) -> Arc<Woken> {
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        assert!(device.poll_readable(&mut context).is_pending());
        assert!(device.poll_readable(&mut context).is_pending());
        woken
    }

    /// Nobody is woken before: a stream that asks again at once would make others do so, without end.
    #[test]
    fn all_that_wait_for_a_device_are_woken() {
        let device = Forgetful::default();
        let last = Arc::clone(&device.0);
        let device = SharedDevice::new(Box::new(device));
        let clones: Vec<_> = (0..200).map(|_| device.clone()).collect();
        let all: Vec<_> = clones.iter().map(wait).collect();
        let all_are = |count| all.iter().all(|woken| woken.0.load(Ordering::Relaxed) == count);
        assert!(all_are(0));
        last.lock().unwrap().take().unwrap().wake();
        assert!(all_are(1));
    }

    #[test]
    fn waits_that_were_given_up_are_forgotten() {
        let device = SharedDevice::new(Box::new(Forgetful::default()));
        for _ in 0..100 {
            let _ = wait(&device);
            let _ = wait(&device.clone());
        }
        assert_eq!(device.waiting.lock().len(), 1);
    }
}
