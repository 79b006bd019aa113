//! Worlds and components for tests, built from WIT.

use super::world::World;
use std::path::Path;
use wit_parser::Resolve;

/// A world with every kind of item.
pub(super) const SHAPES: &str = "package demo:app@0.1.0;
    interface shapes {
        variant shape { circle(f32), %record, path(list<tuple<f32, f32>>) }
        flags look { bold, thin }
        resource canvas { constructor(); draw: func(s: shape, l: look) -> result<_, string>; }
        union: func() -> option<canvas>;
    }
    world plotter {
        use shapes.{shape};
        import log: func(line: string);
        import clock: interface { now: func() -> u64; }
        export shapes;
        export %while: func(s: shape) -> shape;
    }";

/// Parses `wit` and returns its only world.
pub(super) fn world(wit: &str) -> World {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str(Path::new("example.wit"), wit).unwrap();
    let id = resolve.select_world(&[package], None).unwrap();
    World { resolve, id }
}

/// Builds a component with the only world of `wit`; each of its functions traps.
pub(crate) fn component(wit: &str) -> Vec<u8> {
    world(wit).component().unwrap()
}
