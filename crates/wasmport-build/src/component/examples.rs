//! Worlds and components for tests, made from WIT.

use super::wit::World;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// The only world of `wit`.
pub(super) fn world(wit: &str) -> World {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str(Path::new("example.wit"), wit).unwrap();
    let id = resolve.select_world(&[package], None).unwrap();
    World { resolve, id }
}

/// A component with the only world of `wit`, of which each function traps.
pub(super) fn component(wit: &str) -> Vec<u8> {
    let World { resolve, id } = world(wit);
    let mut module = dummy_module(&resolve, id, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}
