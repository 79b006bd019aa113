//! Spans of [`tracing`](https://docs.rs/tracing), where that feature is on; nothing where it is off.

#[cfg(not(feature = "tracing"))]
pub(crate) use off::*;
#[cfg(feature = "tracing")]
pub(crate) use on::*;

#[cfg(feature = "tracing")]
mod on {
    use crate::{Artifact, Asset};
    use tracing::level_filters::LevelFilter;
    use tracing::{Level, debug_span, info_span, span::EnteredSpan};

    /// Something that takes time.
    pub(crate) struct Span(tracing::Span);

    impl Span {
        /// Begins; it ends when the result is dropped.
        #[inline]
        pub fn entered(self) -> EnteredSpan {
            self.0.entered()
        }

        /// The same future, which is in the span while it runs.
        #[cfg(feature = "async")]
        pub fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
            tracing::Instrument::instrument(future, self.0)
        }
    }

    /// An artifact is made a module.
    pub(crate) fn load(asset: &Asset, artifact: &Artifact) -> Span {
        let (target, bytes) = (artifact.target(), artifact.bytes());
        Span(info_span!("load", asset = asset.name(), artifact = target, bytes))
    }

    /// Its digest is computed.
    pub(crate) fn verify(asset: &Asset) -> Span {
        Span(info_span!("verify", asset = asset.name()))
    }

    /// A module becomes an instance.
    pub(crate) fn instantiate(asset: &Asset) -> Span {
        Span(info_span!("instantiate", asset = asset.name()))
    }

    /// `call` runs in a session.
    #[inline]
    pub(crate) fn call<F>(asset: &Asset, _: &F) -> Span {
        if LevelFilter::current() < Level::DEBUG {
            return Span(tracing::Span::none());
        }
        call_span(asset, std::any::type_name::<F>())
    }

    #[cold]
    fn call_span(asset: &Asset, closure: &str) -> Span {
        Span(debug_span!("call", asset = asset.name(), function = function(closure)))
    }

    /// The function around a closure, by the name of the closure's type: in a session's method that
    /// is the method. Rust promises nothing about these names, so the worst is a longer one.
    fn function(closure: &str) -> &str {
        let path = closure.trim_end_matches("::{{closure}}");
        path.rsplit("::").next().unwrap_or(path)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::{Artifact, Asset};

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
    pub(crate) fn load(_: &Asset, _: &Artifact) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn verify(_: &Asset) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn instantiate(_: &Asset) -> Span {
        Span
    }

    #[inline]
    pub(crate) fn call<F>(_: &Asset, _: &F) -> Span {
        Span
    }
}
