//! Pages of the inspector: `inspect --html` and `report`. `cargo xtask browser` opens such pages.

use super::{code, json, project, wasmport};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const HOSTILE: &str = "</script><script>alert(1)</script>\"'&";

const CALC: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $divide (export "divide") (param $left i32) (param $right i32) (result i32)
        local.get $left local.get $right i32.div_s)
    (func $_ZN4core3fmt5write17h0123456789abcdefE i32.const 1 call $log))"#;

fn page(folder: &Path) -> String {
    fs::read_to_string(folder.join("page.html")).unwrap()
}

/// Asserts that a page has each text.
fn has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text:?} is missing in {} bytes", page.len());
    }
}

#[test]
fn a_page_shows_providers_signatures_sizes_and_code() {
    let folder = project(&[("calc.wat", CALC)]);
    let args =
        ["inspect", "calc.wat", "--html", "page.html", "--target", "portable", "--code", "divide"];
    let output = wasmport(folder.path(), &args);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("page: page.html ("));
    let page = page(folder.path());
    has(
        &page,
        &[
            "the program, in the trait env::Host",
            "fn log(host: &#38;mut Access&#60;&#39;_, T, Self&#62;, arg0: i32) -&#62; Result&#60;()&#62;",
            "WASI of the runtime",
            "random: random numbers",
            "fn divide(&#38;mut self, left: i32, right: i32) -&#62; wasmport::Result&#60;i32&#62;",
            "<th scope=\"row\">core::fmt::write</th>",
            "aria-label=\"Treemap of portable: ",
            "Code of divide",
            "i32.div_s",
            "xdiv32_s",
            "chosen: no machine code fits",
        ],
    );
    // One file: nothing is fetched, and only the script of the page runs.
    has(&page, &["content=\"default-src 'none'; "]);
    for fetched in ["src=", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    // The file is not imported for the project.
    assert!(!folder.path().join("src").exists() && !folder.path().join("wasmport.lock").exists());
}

#[test]
fn names_of_files_are_text_on_a_page() {
    let quoted: String = HOSTILE.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let control = "\\1b[31m\\e2\\80\\ae\\00";
    let wat = format!(
        "(module (import \"{quoted}\" \"{quoted}\" (func)) (func (export \"{quoted}\"))
            (func (export \"{control}\")) (@custom \"{quoted}\" \"\"))"
    );
    let folder = project(&[("hostile.wat", &wat)]);
    let output = wasmport(folder.path(), &["inspect", "hostile.wat", "--html", "page.html"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let page = page(folder.path());
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(page.contains("&#60;/script&#62;&#60;script&#62;alert(1)"));
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\0']));
}

#[test]
fn pages_are_bounded() {
    let mut wat = String::from("(module ");
    for index in 0..10_500 {
        write!(
            wat,
            "(func $function_with_a_rather_long_name_{index} {})",
            "nop ".repeat(index % 7)
        )
        .unwrap();
    }
    wat.push(')');
    let folder = project(&[("large.wat", &wat)]);
    let output = wasmport(folder.path(), &["inspect", "large.wat", "--html", "page.html"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let page = page(folder.path());
    assert!((100_000..3_000_000).contains(&page.len()), "{}", page.len());
    has(&page, &["of 10500 functions are listed", "smaller functions", "rather_long_name_6<"]);
}

#[test]
fn several_files_have_one_page_and_one_document() {
    let files = [("one.wat", "(module (func (export \"a\")))"), ("two.wat", "(module)")];
    let folder = project(&files);
    let run = |args: &[&str]| wasmport(folder.path(), args);
    let list = json(&run(&["inspect", "one.wat", "two.wat", "--format", "json"]));
    let paths: Vec<&str> =
        list.as_array().unwrap().iter().map(|i| i["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["one.wat", "two.wat"]);
    let output = run(&["inspect", "one.wat", "two.wat", "--html", "page.html", "--format", "json"]);
    let document = json(&output);
    assert_eq!(document["assets"][1]["source"], "two.wat");
    assert_eq!(document["bytes"].as_u64().unwrap(), page(folder.path()).len() as u64);
    has(&page(folder.path()), &["<h1>2 files</h1>", "id=\"asset-1\""]);
    // A file that cannot be read does not hide the others.
    let output = run(&["inspect", "absent.wat", "one.wat", "--format", "json"]);
    assert_eq!((code(&output), json(&output).as_array().unwrap().len()), (1, 1));
}

#[test]
fn a_file_that_cannot_be_imported_has_a_page_with_the_error() {
    let folder = project(&[("bad.wat", "(module (func i32.add))"), ("text.wat", "(modul)")]);
    for file in ["bad.wat", "text.wat"] {
        let output = wasmport(folder.path(), &["inspect", file, "--html", "page.html"]);
        assert_eq!(code(&output), 1);
        has(&page(folder.path()), &["class=\"problem\"", file]);
    }
    let folder = project(&[("calc.wat", CALC)]);
    let args = ["inspect", "calc.wat", "--html", "page.html", "--code", "no-such"];
    let output = wasmport(folder.path(), &args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("it has no function `no-such`"), "{message}");
    assert!(page(folder.path()).contains("it has no function"));
    // No page without a folder for it.
    fs::write(folder.path().join("file"), "").unwrap();
    let output = wasmport(folder.path(), &["inspect", "calc.wat", "--html", "file/page.html"]);
    assert_eq!(code(&output), 1);
}

#[test]
fn a_report_is_about_the_last_import() {
    let settings =
        "targets = [\"portable\"]\n[[interface]]\nname = \"plug\"\nmodule = \"plug.wat\"\n";
    let folder = project(&[
        ("wasmport.toml", settings),
        ("plug.wat", "(module (func (export \"run\")))"),
        ("assets/calc.wat", CALC),
        ("assets/log.wat", "(module (func (export \"log\") (param i32)))"),
    ]);
    let run = |args: &[&str]| wasmport(folder.path(), args);
    let before = json(&run(&["report", "--format", "json"]));
    assert_eq!(before["assets"][0]["status"], "stale");
    assert_eq!(code(&run(&["import"])), 0);
    let output = run(&["report", "--format", "json", "--html", "page.html"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&output);
    let calc = &report["assets"][0];
    assert_eq!(
        (&calc["status"], &calc["artifacts"][0]["is_chosen"]),
        (&"unchanged".into(), &true.into())
    );
    let import = &calc["imports"][0];
    assert_eq!((&import["provider"]["by"], &import["assets"][0]), (&"host".into(), &"log".into()));
    assert_eq!(report["interfaces"][0]["name"], "plug");
    // The sizes of the artifact add up, and its functions have the names of the module.
    let sizes = &calc["artifacts"][0]["sizes"];
    let sections = sizes["sections"].as_array().unwrap().iter();
    let sum: u64 = sections.map(|section| section["bytes"].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), sizes["bytes"].as_u64());
    assert_eq!(calc["artifacts"][0]["has_module_numbers"], true);
    has(&page(folder.path()), &["<td>interface</td>", "the asset log exports it"]);
    let text = String::from_utf8(run(&["report"]).stdout).unwrap();
    has(
        &text,
        &["fresh calc.wat (asset, module)", "report: 2 assets, 1 interface, 2 artifacts of "],
    );

    // The stages run again in a folder of their own.
    fs::write(folder.path().join("assets/log.wat"), "(module)").unwrap();
    let again = json(&run(&["report", "--stages", "--format", "json"]));
    let stages: Vec<_> = again["assets"][0]["stages"].as_array().unwrap().clone();
    let compile = stages.iter().find(|stage| stage["stage"] == "compile").unwrap();
    assert!(compile["before"].as_u64() > Some(0) && compile["after"].as_u64() > Some(0));
    assert_eq!(
        (&again["assets"][0]["status"], &again["assets"][1]["status"]),
        (&"unchanged".into(), &"stale".into())
    );
    let kept = fs::read_to_string(folder.path().join("src/assets/wasmport.json")).unwrap();
    assert!(!kept.contains("\"source\","), "the output is that of the import");
}
