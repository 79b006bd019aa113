//! The subjects of calls of components.

use super::Capability;
use crate::wasi::audit::handles::{Handles, join};
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime::component::Resource;

/// The arguments of a call that name its subject.
pub(super) struct Subject {
    of: Of,
    target: Option<Of>,
    pub writes: bool,
}

enum Of {
    Nothing,
    Text(String),
    Handle(u32),
    /// A path below a folder.
    Path(u32, String),
}

/// Returns the subject of a call that has none.
pub(super) fn nothing() -> Subject {
    Subject { of: Of::Nothing, target: None, writes: false }
}

/// Returns a subject with a name.
pub(super) fn text(name: impl Into<String>) -> Subject {
    Subject { of: Of::Text(name.into()), ..nothing() }
}

/// Returns the subject of a call about an address.
pub(super) fn address(address: impl Into<SocketAddr>) -> Subject {
    text(address.into().to_string())
}

/// Returns the subject of a call about a resource.
pub(super) fn on<T: 'static>(resource: &Resource<T>) -> Subject {
    Subject { of: Of::Handle(resource.rep()), ..nothing() }
}

/// Returns the subject of a call about a path below a folder.
pub(super) fn at<T: 'static>(folder: &Resource<T>, path: &str) -> Subject {
    Subject { of: Of::Path(folder.rep(), path.to_owned()), ..nothing() }
}

impl Subject {
    /// Marks a call that writes.
    pub fn writing(self) -> Self {
        self.writing_if(true)
    }

    pub fn writing_if(self, writes: bool) -> Self {
        Self { writes, ..self }
    }

    /// Adds the second path of a call.
    pub fn to(self, target: Self) -> Self {
        Self { target: Some(target.of), ..self }
    }

    /// Finds the names of resources.
    pub fn resolve(&self, handles: &Handles) -> Resolved {
        let subject = self.of.name(handles);
        let capability = match self.of {
            Of::Handle(number) => handles.get(number).map(|handle| handle.capability),
            _ => None,
        };
        let target = self.target.as_ref().and_then(|target| target.name(handles));
        Resolved { subject, target, capability }
    }
}

/// A subject with the names of its resources.
pub(super) struct Resolved {
    pub subject: Option<Arc<str>>,
    pub target: Option<Arc<str>>,
    /// The capability of the resource.
    pub capability: Option<Capability>,
}

impl Of {
    fn name(&self, handles: &Handles) -> Option<Arc<str>> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(text.as_str().into()),
            Self::Handle(number) => handles.name(*number).cloned(),
            Self::Path(folder, path) => Some(match handles.name(*folder) {
                Some(folder) => join(folder, path).into(),
                None => path.as_str().into(),
            }),
        }
    }
}
