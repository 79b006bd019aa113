//! Runs each target on its seeds and on a fixed number of mutations.

use fuzz::{Inputs, TARGETS};
use std::panic::catch_unwind;

macro_rules! tests {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_a_test_and_a_program() {
            let tests = [$(stringify!($name)),*];
            assert_eq!(tests.as_slice(), TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
            let manifest = include_str!("../Cargo.toml");
            for name in tests {
                assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name}");
            }
        }
    };
}

tests! { text binary settings signatures manifest lock records functions worlds artifact }

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let inputs = Inputs::of(name).unwrap();
    for number in 0..(inputs.seeds() + target.count) as u64 {
        let result = catch_unwind(|| (target.run)(&inputs.get(number)));
        assert!(result.is_ok(), "see it with `cargo xtask fuzz {name} --from {number} --count 1`");
    }
}
