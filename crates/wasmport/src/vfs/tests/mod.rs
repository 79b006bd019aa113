//! Tests of virtual files as a whole.

mod edit;
#[cfg(unix)]
mod folder;
mod model;
mod names;
mod scale;
