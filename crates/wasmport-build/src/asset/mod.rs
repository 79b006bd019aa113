//! Asset: the kinds of WebAssembly, the stages of an import, and the error of one asset.

mod error;
mod kind;
mod stage;

pub use error::{AssetError, AssetErrorKind};
pub use kind::Kind;
pub use stage::Stage;
