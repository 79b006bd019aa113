//! `SlotSession`: a session of a slot's code.

use super::generations::Running;
use crate::session::TypedSession;
use std::ops::{Deref, DerefMut};

/// A session of a [`Slot`](super::Slot)'s code, which has its code until it ends.
#[derive(Debug)]
pub struct SlotSession<S> {
    // Fields drop in this order: when the slot counts it as ended, its memory is free.
    session: S,
    running: Running,
}

impl<S: TypedSession> SlotSession<S> {
    pub(super) fn new(session: S, running: Running) -> Self {
        Self { session, running }
    }

    /// Returns the number of its code.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.running.generation()
    }

    /// Ends the session, and returns the program's data.
    pub fn into_data(self) -> S::Data {
        let Self { session, running } = self;
        let data = session.into_session().into_data();
        drop(running);
        data
    }
}

impl<S> Deref for SlotSession<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.session
    }
}

impl<S> DerefMut for SlotSession<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.session
    }
}
