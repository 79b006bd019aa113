//! `Contents`: what is known of code without its source.

use crate::engine::RequiredFeatures;
use serde::{Deserialize, Serialize};

/// The contents of code, as far as a program needs them when the source is no longer there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The proposals that it was compiled with.
    pub features: RequiredFeatures,
    /// The short custom sections of the source: name and content.
    pub sections: Vec<(String, Vec<u8>)>,
}
