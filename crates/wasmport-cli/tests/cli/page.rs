//! Pages of the inspector: `inspect --html` and `report`. `cargo xtask browser` opens such pages.

use super::{code, json, project, wasmport};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;
use wasmport_build::Target;

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

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the number of functions that a page says the asset has.
fn function_count(page: &str) -> u64 {
    let before = page.split_once(" functions are listed").unwrap().0;
    before.rsplit_once(' ').unwrap().1.parse().unwrap()
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
    let args = ["inspect", "large.wat", "--html", "page.html", "--target", "portable"];
    let output = wasmport(folder.path(), &args);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let page = page(folder.path());
    assert!((100_000..3_000_000).contains(&page.len()), "{}", page.len());
    has(&page, &["smaller functions", "rather_long_name_6<"]);
    // The module and the artifact list the same functions. The compiler adds a few.
    let count = function_count(&page);
    assert!((10_500..10_520).contains(&count), "{count}");
    let rows = page.split_once("id=\"table-0\"").unwrap().1.split_once("</tbody>").unwrap().0;
    let rows: Vec<&str> = rows.split("<tr>").filter(|row| row.contains("rather_long")).collect();
    let blank = rows.iter().filter(|row| row.contains("<td class=\"n\"></td>")).count();
    assert!(rows.len() > 3000 && blank == 0, "{blank} of {}", rows.len());
}

#[test]
fn an_asset_that_is_too_large_for_a_page_is_shown_in_part() {
    let amps = "&".repeat(150);
    let mut wat = String::from("(module (memory 1)");
    for index in 0..300 {
        write!(wat, "(func $\"{amps}{index}\" (param i32) (result i32) local.get 0)").unwrap();
    }
    let step = "local.get 0 i32.const 1 i32.add i32.load local.set 0 ";
    write!(wat, "(func $big (param i32) (result i32) {} local.get 0))", step.repeat(900)).unwrap();
    let folder = project(&[("amps.wat", &wat)]);
    let host = Target::host().to_string();
    let targets = ["portable", "native", &host].map(|target| format!("--target={target}"));
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let args =
        [&["inspect", "amps.wat", "--html=page.html", "--code=big"][..], &targets[..]].concat();
    let output = wasmport(folder.path(), &args);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let page = page(folder.path());
    assert!((500_000..3_000_000).contains(&page.len()), "{}", page.len());
    has(&page, &["id=\"asset-0\"", "smaller functions", "Code of big", "lines are left out"]);
    assert!(!page.contains("The page has the details of 0"));
}

#[test]
fn many_assets_with_long_names_have_a_short_page() {
    let folder = project(&[]);
    fs::create_dir(folder.path().join("assets")).unwrap();
    for index in 0..2100 {
        let name = format!("{}{index}.wat", "&".repeat(165));
        fs::write(folder.path().join("assets").join(name), "(module)").unwrap();
    }
    let output = wasmport(folder.path(), &["report", "--html", "page.html", "--quiet"]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let page = page(folder.path());
    assert!((500_000..3_000_000).contains(&page.len()), "{}", page.len());
    has(&page, &["further assets are not listed", "id=\"asset-0\""]);
}

#[test]
fn a_page_replaces_no_file_that_it_is_about() {
    let folder = project(&[("a/calc.wat", CALC)]);
    let refused = |page: &str| {
        let output = wasmport(folder.path(), &["inspect", "a/calc.wat", "--html", page]);
        assert_eq!(code(&output), 2, "{page}");
        assert!(errors(&output).contains("the page would replace"), "{}", errors(&output));
        assert_eq!(fs::read_to_string(folder.path().join("a/calc.wat")).unwrap(), CALC);
    };
    refused("a/calc.wat");
    refused("./a/../a/calc.wat");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a/calc.wat", folder.path().join("link.html")).unwrap();
        refused("link.html");
    }
}

#[test]
fn legacy_exceptions_do_not_hide_the_interface() {
    let old = "(module (tag $e) (func (export \"run\") try nop catch $e nop end))";
    let settings = "[defaults]\nlegacy-exceptions = \"translate\"\n";
    let folder = project(&[("wasmport.toml", settings), ("assets/old.wat", old)]);
    let output = wasmport(folder.path(), &["report", "--format", "json"]);
    assert_eq!((code(&output), errors(&output)), (0, String::new()));
    let report = json(&output);
    assert_eq!(report["assets"][0]["exports"][0]["name"], "run");
    // Without the setting the import fails, and the page shows the interface.
    fs::write(folder.path().join("wasmport.toml"), "").unwrap();
    let output = wasmport(folder.path(), &["inspect", "assets/old.wat", "--html", "page.html"]);
    assert_eq!(code(&output), 1);
    assert_eq!(errors(&output).matches("legacy exceptions").count(), 1, "{}", errors(&output));
    has(&page(folder.path()), &["uses legacy exceptions", "<code>run</code>"]);
}

#[test]
fn capabilities_are_those_of_imports_that_wasi_satisfies() {
    // A core module may import from a module that is named like an interface.
    let wat = r#"(module
        (import "wasi:random/random@0.2.0" "get-random-u64" (func (result i64)))
        (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func (param i64)))
        (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#;
    let folder = project(&[("a.wat", wat)]);
    let args = ["inspect", "a.wat", "--html", "page.html", "--format", "json"];
    let document = json(&wasmport(folder.path(), &args));
    let capabilities = document["assets"][0]["capabilities"].as_array().unwrap();
    let kinds: Vec<_> = capabilities.iter().map(|capability| &capability["kind"]).collect();
    assert_eq!(kinds, ["streams"]);
    assert_eq!(capabilities[0]["wanted_by"], serde_json::json!(["fd_write"]));
}

#[test]
fn wrappers_above_a_mebibyte_have_signatures() {
    let mut wat = String::from("(module ");
    let ty = "(param i32 i64 f32 f64) (result i64)";
    for index in 0..1200 {
        write!(wat, "(import \"env\" \"function_with_a_long_name_{index}\" (func {ty}))").unwrap();
    }
    for index in 0..1200 {
        let name = format!("exported_function_with_a_long_name_{index}");
        write!(wat, "(func (export \"{name}\") {ty} i64.const 0)").unwrap();
    }
    wat.push(')');
    let folder = project(&[("wide.wat", &wat)]);
    let args = ["inspect", "wide.wat", "--html", "page.html", "--format", "json"];
    let output = wasmport(folder.path(), &args);
    assert_eq!((code(&output), errors(&output)), (0, String::new()));
    let document = json(&output);
    let asset = &document["assets"][0];
    assert_eq!(asset["imports"][1199]["provider"]["by"], "host");
    assert!(asset["exports"][1199]["rust"].as_str().unwrap().contains("arg0: i32"));
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
    let output =
        run(&["inspect", "absent.wat", "one.wat", "--html", "page.html", "--format", "json"]);
    let document = json(&output);
    let sources: Vec<_> =
        document["assets"].as_array().unwrap().iter().map(|asset| &asset["source"]).collect();
    assert_eq!(code(&output), 1);
    assert_eq!(sources, ["absent.wat", "one.wat"]);
    assert_eq!(document["assets"][0]["status"], "failed");
    has(&page(folder.path()), &["cannot read `absent.wat`", "id=\"asset-1\""]);
}

#[test]
fn files_of_one_name_are_told_apart() {
    // The import warns of both: `strip` names no section.
    let settings = "[defaults]\nstrip = [\"nam\"]\n";
    let wat = "(module (func (export \"f\")))";
    let files = [("wasmport.toml", settings), ("a/m.wat", wat), ("b/m.wat", wat)];
    let folder = project(&files);
    let args = ["inspect", "a/m.wat", "b/m.wat", "--html", "page.html", "--format", "json"];
    let output = wasmport(folder.path(), &args);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let document = json(&output);
    for (index, file) in ["a/m.wat", "b/m.wat"].into_iter().enumerate() {
        assert_eq!(document["assets"][index]["source"], file);
        let warning = document["warnings"][index].as_str().unwrap();
        assert!(warning.starts_with(&format!("`{file}`: ")), "{warning}");
    }
    has(&page(folder.path()), &[">a/m.wat<", ">b/m.wat<"]);
}

#[test]
fn a_path_without_a_file_has_no_page() {
    let folder = project(&[("folder/a.wat", "(module)")]);
    for path in ["folder", "absent.wat"] {
        let output = wasmport(folder.path(), &["inspect", path, "--html", "page.html"]);
        assert_eq!(code(&output), 1, "{path}");
        assert!(errors(&output).contains(path), "{}", errors(&output));
        assert!(!folder.path().join("page.html").exists());
    }
}

#[test]
fn a_truncated_file_has_one_error() {
    let folder = project(&[]);
    fs::write(folder.path().join("cut.wasm"), b"\0asm\x01\0\0\0\x01\x04").unwrap();
    let output = wasmport(folder.path(), &["inspect", "cut.wasm", "--html", "page.html"]);
    assert_eq!(code(&output), 1);
    assert_eq!(errors(&output).matches("unexpected end").count(), 1, "{}", errors(&output));
}

#[test]
fn a_report_counts_assets_alone() {
    let folder = project(&[("assets/one.wat", "(module (func))")]);
    let run = |args: &[&str]| wasmport(folder.path(), args);
    let text = |args: &[&str]| String::from_utf8(run(args).stdout).unwrap();
    let before = text(&["report"]);
    has(&before, &["report: 1 asset, 0 interfaces", ", 1 function, the largest"]);
    assert!(!before.contains("mod.rs"));
    assert_eq!(code(&run(&["import"])), 0);
    fs::remove_file(folder.path().join("src/assets/mod.rs")).unwrap();
    for args in [&["report"][..], &["report", "--stages"]] {
        let output = run(args);
        has(&String::from_utf8(output.stdout.clone()).unwrap(), &["report: 1 asset, 0 interfaces"]);
        assert!(errors(&output).contains("`mod.rs`: "), "{args:?}: {}", errors(&output));
    }
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
