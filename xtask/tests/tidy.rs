//! Runs `tidy` on small trees of modules, each with one mistake or none.

use std::path::Path;
use std::process::Command;

/// Rules for a crate `a`, of which `top` is above `base`.
const RULES: &str = "\
# A comment.
order a base
order a middle top
apart a/top middle
only std::fs a/base
never a/top print!
";

/// Runs `tidy` on these files, below `crates/a/src`; returns whether it passed, and what it printed.
fn tidy(rules: &str, files: &[(&str, &str)]) -> (bool, String) {
    let root = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = root.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("xtask/rules.txt", rules);
    for (file, text) in files {
        write(
            &Path::new("crates/a/src").join(file).display().to_string(),
            &format!("//! x\n{text}"),
        );
    }
    let mut tidy = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = tidy.args(["tidy", "--edges"]).arg(root.path()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// The modules `base`, `middle` and `top` of a crate whose root is `root`.
fn modules(root: &str, base: &str, middle: &str, top: &str) -> (bool, String) {
    let root = format!("mod base;\nmod middle;\nmod top;\n{root}");
    tidy(RULES, &[("lib.rs", &root), ("base.rs", base), ("middle/mod.rs", middle), ("top.rs", top)])
}

#[track_caller]
fn assert_refused(result: (bool, String), message: &str) {
    assert!(!result.0 && result.1.contains(message), "expected `{message}`:\n{}", result.1);
}

#[test]
fn modules_may_import_from_those_in_front_of_them() {
    let (is_tidy, text) =
        modules("pub use top::Top;\n", "", "", "use crate::base::{self, A, b::*};\n");
    assert!(is_tidy, "{text}");
    assert!(text.contains("a\n  lib            top\n  top            base\n\n"), "{text}");
    assert!(text.ends_with("tidy: 1 crates, 4 modules, 0 circles\n"), "{text}");
}

#[test]
fn other_imports_are_named_with_their_line() {
    let message = "crates/a/src/base.rs:3: `base` may not import from `top`";
    assert_refused(modules("", "\nuse super::top;", "", ""), message);
    assert_refused(modules("", "\nfn f() { crate::top::g() }", "", ""), message);
    assert_refused(
        modules("", "\nuse crate::{\n    top::Top as T};", "", ""),
        &message.replace("3:", "4:"),
    );
    let message = "crates/a/src/top.rs:2: `top` may not import from `middle`";
    assert_refused(modules("", "", "", "use crate::middle::A;"), message);
    let message = "crates/a/src/top.rs:2: `top` may not import from `lib`";
    assert_refused(modules("struct Root;", "", "", "type A = super::Root;"), message);
}

#[test]
fn circles_do_not_hide_behind_re_exports() {
    let circle =
        "circle: `base` → `top` (crates/a/src/base.rs:2), `top` → `base` (crates/a/src/top.rs:2)";
    let named =
        modules("pub use {base::Base, top::Top};", "use crate::Top;", "", "use crate::Base;");
    assert_refused(named, circle);
    let renamed = modules("pub use top::Top as T;", "fn f(_: crate::T) {}", "", "use super::base;");
    assert_refused(renamed, circle);
    let root = "pub use {base::*, top::*};";
    let globs =
        modules(root, "use crate::Top;\npub struct Base;", "", "use crate::Base;\npub fn Top() {}");
    assert_refused(globs, circle);
    let folder = modules(
        "",
        "use crate::middle::Top;",
        "pub use crate::top::Top;",
        "use crate::base::Base;",
    );
    assert_refused(folder, circle);
}

#[test]
fn circles_inside_a_folder_are_found_and_those_with_the_folder_itself_are_none() {
    let folder = |x: &str, y: &str| {
        let rules = "order a folder";
        let files = [
            ("lib.rs", "mod folder;"),
            ("folder/mod.rs", "mod x;\nmod y;\npub struct A;\nuse y::B;"),
            ("folder/x.rs", x),
            ("folder/y.rs", y),
        ];
        tidy(rules, &files)
    };
    let (is_tidy, text) = folder("use super::{A, y::B};", "pub struct B(super::A);");
    assert!(is_tidy, "{text}");
    // The folder's own import of `B` leads to `y` as well.
    let circle = folder("pub struct X(super::B);", "use super::x::X;\npub struct B;");
    assert_refused(circle, "circle: `folder::x` → `folder::y`");
}

#[test]
fn text_that_is_no_import_does_not_count() {
    for base in [
        "// use crate::top;\n/* use crate::top; */",
        "const A: &str = \"use crate::top; \\\" crate::top::x\";",
        "const A: &str = r#\"\" crate::top::x\"#;\nconst B: (char, &'static str) = ('\"', \"\");",
        "#[cfg(test)]\nmod tests {\n    use crate::top;\n}",
        "#[cfg(all(test, feature = \"x\"))]\n#[allow(unused)]\nuse crate::top;",
        "fn f() { quote!(use crate::top;) }",
        "macro_rules! m { () => { $crate::top::f() } }",
        "mod inline {\n    use super::A;\n}\nstruct A;",
        "use std::{fs, io};\nuse top::external;",
    ] {
        let (is_tidy, text) = modules("", base, "", "");
        assert!(is_tidy, "{base}:\n{text}");
    }
}

#[test]
fn rules_about_text_name_the_line_and_the_rule() {
    let message = "crates/a/src/top.rs:3: `std::fs` against `only std::fs a/base`";
    assert_refused(modules("", "", "", "\nfn f() { std::fs::read(p) }"), message);
    let message = "crates/a/src/top.rs:2: `print!` against `never a/top print!`";
    assert_refused(modules("", "fn f() { print!() }", "", "fn f() { print! {} }"), message);
    let (is_tidy, text) = modules("", "use std::fs;", "", "fn f() { eprint!() }");
    assert!(is_tidy, "{text}");
    assert_refused(modules("", "// TODO", "", ""), "crates/a/src/base.rs: `TODO`");
    assert_refused(modules("", &"\n".repeat(500), "", ""), "crates/a/src/base.rs: more than 500");
    assert_refused(
        tidy("order a b c", &[("lib.rs", "mod d;\nuse d::D;"), ("d.rs", "")]),
        "the order of a lacks `d`",
    );
}
