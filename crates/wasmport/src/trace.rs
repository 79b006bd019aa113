//! Spans of [`tracing`](https://docs.rs/tracing); without that feature they do nothing.

#[cfg(not(feature = "tracing"))]
pub(crate) use off::*;
#[cfg(feature = "tracing")]
pub(crate) use on::*;

/// A call of a guest that its audit logs.
#[cfg(feature = "wasi")]
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "only a log reads it"))]
pub(crate) struct GuestCall<'a> {
    pub interface: &'a str,
    pub function: &'a str,
    pub capability: &'static str,
    pub subject: Option<&'a str>,
    pub target: Option<&'a str>,
    pub writes: bool,
}

#[cfg(feature = "tracing")]
mod on {
    #[cfg(feature = "wasi")]
    use super::GuestCall;
    use crate::asset::{AnyAsset, Artifact};
    #[cfg(feature = "wasi")]
    use crate::text::one_line;
    use crate::text::printable;
    use tracing::level_filters::LevelFilter;
    use tracing::{Level, debug_span, info_span, span::EnteredSpan};

    /// A span of time that is traced.
    pub(crate) struct Span(tracing::Span);

    impl Span {
        /// Begins the span, which ends when the result is dropped.
        #[inline]
        pub fn entered(self) -> EnteredSpan {
            self.0.entered()
        }

        /// Returns the future inside of the span.
        #[cfg(feature = "async")]
        pub fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
            tracing::Instrument::instrument(future, self.0)
        }
    }

    /// The span in which an artifact is loaded.
    pub(crate) fn load(asset: &str, artifact: &Artifact) -> Span {
        let (target, bytes) = (artifact.target(), artifact.bytes());
        Span(info_span!("load", asset = &*printable(asset), artifact = target, bytes))
    }

    /// The span in which an artifact's digest is verified.
    pub(crate) fn verify(asset: &AnyAsset) -> Span {
        Span(info_span!("verify", asset = &*printable(asset.name())))
    }

    /// The span in which an asset is instantiated.
    pub(crate) fn instantiate(asset: &AnyAsset) -> Span {
        Span(info_span!("instantiate", asset = &*printable(asset.name())))
    }

    /// The span in which `call` runs in a session.
    #[inline]
    pub(crate) fn call<F>(asset: &AnyAsset, _: &F) -> Span {
        if LevelFilter::current() < Level::DEBUG {
            return Span(tracing::Span::none());
        }
        call_span(asset, std::any::type_name::<F>())
    }

    /// Logs a call of a guest that its audit logs.
    #[cfg(feature = "wasi")]
    pub(crate) fn audited(call: &GuestCall<'_>) {
        let (subject, to) = (call.subject.map(one_line), call.target.map(one_line));
        tracing::info!(
            target: "wasmport::audit",
            interface = call.interface,
            function = call.function,
            capability = call.capability,
            subject = subject.as_deref(),
            to = to.as_deref(),
            writes = call.writes,
        );
    }

    #[cold]
    fn call_span(asset: &AnyAsset, closure: &str) -> Span {
        Span(debug_span!("call", asset = &*printable(asset.name()), function = function(closure)))
    }

    /// Returns the name of the function around a closure, from the name of the closure's type: for a
    /// session's method the method's name. Rust does not specify these names; at worst the result is a
    /// longer one.
    fn function(closure: &str) -> &str {
        let path = closure.trim_end_matches("::{{closure}}");
        path.rsplit("::").next().unwrap_or(path)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    #[cfg(feature = "wasi")]
    use super::GuestCall;
    use crate::asset::{AnyAsset, Artifact};

    pub(crate) struct Span;

    impl Span {
        #[inline]
        pub fn entered(self) -> Self {
            self
        }

        #[cfg(feature = "async")]
        #[inline]
        pub fn around<F: Future>(self, future: F) -> F {
            future
        }
    }

    #[inline]
    pub(crate) fn load(_: &str, _: &Artifact) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn verify(_: &AnyAsset) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn instantiate(_: &AnyAsset) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn call<F>(_: &AnyAsset, _: &F) -> Span {
        Span
    }

    #[cfg(feature = "wasi")]
    #[inline]
    pub(crate) fn audited(_: &GuestCall<'_>) {}
}
