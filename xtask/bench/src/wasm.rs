//! Wasm modules made up for measuring: ordinary code, as much as asked for, the same each time.

use std::fmt::Write as _;

/// The text of a module of so many functions, of which some are exported.
pub(crate) fn wat(functions: usize, exports: usize) -> String {
    let mut text = String::from(
        "(module\n  (import \"env\" \"log\" (func $log (param i32)))\n  \
         (memory (export \"memory\") 2)\n  (global $calls (mut i32) (i32.const 0))\n",
    );
    let mut choices = Choices(functions as u32);
    for index in 0..functions {
        let export = if index < exports { format!("(export \"run{index}\") ") } else { "".into() };
        function(&mut text, index, &export, &mut choices);
    }
    text.push_str(")\n");
    text
}

fn function(text: &mut String, index: usize, export: &str, choices: &mut Choices) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  (func $f{index} {export}(param $a i32) (param $b i32) (result i32) (local $x f64)"
    );
    for _ in 0..4 + choices.below(12) {
        statement(text, index, choices);
    }
    text.push_str("    (i32.add (local.get $a) (local.get $b)))\n");
}

fn statement(text: &mut String, index: usize, choices: &mut Choices) {
    let number = choices.below(30_000);
    let _ = match choices.below(7) {
        0 => writeln!(
            text,
            "    (local.set $a (i32.add (i32.mul (local.get $a) (i32.const {number})) (local.get $b)))"
        ),
        1 => writeln!(
            text,
            "    (i32.store offset={number} (i32.and (local.get $a) (i32.const 65520)) (local.get $b))"
        ),
        2 => writeln!(
            text,
            "    (local.set $b (i32.xor (local.get $a) (i32.load offset={number} (i32.and (local.get $b) (i32.const 65520)))))"
        ),
        3 if index > 0 => writeln!(
            text,
            "    (if (i32.lt_s (local.get $a) (i32.const {number})) (then (local.set $b (call $f{} (local.get $b) (local.get $a)))))",
            number as usize % index
        ),
        4 => writeln!(
            text,
            "    (loop $again (global.set $calls (i32.add (global.get $calls) (local.get $a)))\n      \
             (br_if $again (i32.gt_u (local.tee $a (i32.shr_u (local.get $a) (i32.const 1))) (i32.const {number}))))"
        ),
        5 => writeln!(
            text,
            "    (local.set $x (f64.div (f64.convert_i32_s (local.get $b)) (f64.add (local.get $x) (f64.const {number}.5))))"
        ),
        _ => writeln!(
            text,
            "    (if (f64.gt (local.get $x) (f64.const {number})) (then (call $log (local.get $a))))"
        ),
    };
}

/// A sequence of choices that looks random and is the same each time (a linear congruential
/// generator, of whose state the upper half is used).
struct Choices(u32);

impl Choices {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % end
    }
}
