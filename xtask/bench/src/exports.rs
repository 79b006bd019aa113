//! Modules with many exported functions over numbers.

use std::fmt::Write as _;

/// The text of a module that exports `function0`, `function1` and so on.
pub(crate) fn wat(count: usize) -> String {
    let mut text = String::from("(module\n");
    for index in 0..count {
        let (params, result) = signature(index);
        // Writing to a string cannot fail.
        let _ = write!(text, "  (func (export \"function{index}\")");
        for (i, param) in params.iter().enumerate() {
            let _ = write!(text, " (param $p{i} {param})");
        }
        if let Some(result) = result {
            let _ = write!(text, " (result {result}) ({result}.const 0)");
        }
        text.push_str(")\n");
    }
    text.push_str(")\n");
    text
}

/// The wasm types of parameters and result: none to six, one in four functions without a result.
pub(crate) fn signature(index: usize) -> (Vec<&'static str>, Option<&'static str>) {
    let number = |i: usize| ["i32", "i64", "f32", "f64"][i % 4];
    let params = (0..index % 7).map(|i| number(index / 7 + i)).collect();
    (params, (index % 4 != 3).then(|| number(index / 4)))
}
