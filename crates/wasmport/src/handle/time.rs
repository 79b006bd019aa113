//! `CallTime`: the time of one call, in the queue and in the guest.

use super::options::HandleOptions;
use crate::error::Error;
#[cfg(feature = "async")]
use crate::limits::sleep_until;
use crate::limits::{Group, Timestamp, now, timestamp_after};
use std::time::Duration;

/// The time of one call, in the queue and in the guest.
#[derive(Clone)]
pub(super) struct CallTime(Option<Limited>);

/// The time of a call that has a limit.
#[derive(Clone)]
struct Limited {
    handle: String,
    limit: Duration,
    expires: Timestamp,
    /// The group of the session that runs the call.
    group: Group,
}

impl CallTime {
    /// Begins the time of a call.
    pub fn new(options: &HandleOptions, group: &Group) -> Self {
        Self(options.timeout.map(|limit| Limited {
            handle: options.name.clone(),
            limit,
            expires: timestamp_after(now(), limit),
            group: group.clone(),
        }))
    }

    /// Returns the time that is left, if there is a limit.
    pub fn left(&self) -> Option<Duration> {
        let left = |limited: &Limited| Duration::from_nanos(limited.expires.saturating_sub(now()));
        self.0.as_ref().map(left)
    }

    /// Returns the error of a call whose time is over; none if it has time.
    pub fn over(&self) -> Option<Error> {
        let expired = self.0.as_ref().filter(|limited| limited.expires <= now());
        expired.map(Limited::error)
    }

    /// Waits until the time is over. Returns the error of the call.
    #[cfg(feature = "async")]
    pub async fn passed(&self) -> Error {
        let Some(limited) = &self.0 else { return std::future::pending().await };
        match sleep_until(limited.expires).await {
            Ok(()) => limited.error(),
            Err(source) => Error::Thread { source },
        }
    }

    /// Ends the session's guest calls when the time is over, until the result is dropped.
    pub fn enforce(&self) -> Enforced<'_> {
        if let Some(limited) = &self.0 {
            limited.group.set_expiry(limited.expires, limited.limit);
        }
        Enforced(self)
    }
}

impl Limited {
    fn error(&self) -> Error {
        Error::TimedOut {
            asset: self.handle.clone(),
            function: None,
            limit: self.limit,
            source: None,
        }
    }
}

/// The time of the call that runs.
pub(super) struct Enforced<'a>(&'a CallTime);

impl Drop for Enforced<'_> {
    fn drop(&mut self) {
        if let Some(limited) = &self.0.0 {
            limited.group.clear();
        }
    }
}
