//! Project: the files to import, the outputs of earlier imports, and whether they belong together.

pub(crate) mod check;
pub(crate) mod digests;
pub(crate) mod discover;
pub(crate) mod files;
pub(crate) mod freshness;
pub(crate) mod generator;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod outputs;
pub(crate) mod pins;
pub(crate) mod saved_digests;
