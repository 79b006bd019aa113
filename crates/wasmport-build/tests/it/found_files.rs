//! Files as people and systems leave them: hidden files, swapped volumes, twins, other kinds of files, and
//! output folders that cannot be written.

use crate::project::{CALC, Project, asset, failure_of, statuses};
use std::fs;
use std::path::Path;
use wasmport_build::{AssetSettings, Error, Status, configure};

/// The metadata of a file on macOS.
const APPLE_DOUBLE: &[u8] = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ";

fn sources(project: &Project) -> Vec<String> {
    let report = project.import();
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    report.assets.into_iter().map(|asset| asset.source).collect()
}

#[test]
fn hidden_files_are_no_assets() {
    let calc = CALC.as_bytes();
    let project = Project::with(&[
        ("calc.wat", calc),
        ("._calc.wat", APPLE_DOUBLE),
        (".draft.wat", calc),
        (".cache/calc.wat", calc),
        ("mods/.old/sub/calc.wat", calc),
    ]);
    assert_eq!(sources(&project), ["calc.wat"]);
}

#[test]
fn a_pattern_with_the_dot_names_hidden_files() {
    let calc = CALC.as_bytes();
    let project = || {
        Project::with(&[
            ("calc.wat", calc),
            (".draft.wat", calc),
            (".cache/a/calc.wat", calc),
            (".other/calc.wat", calc),
        ])
    };
    let list = |project: &Project, importer: wasmport_build::Importer| {
        let report = importer.run(&()).unwrap();
        assert_eq!(report.assets.len(), project.outputs().keys().filter(|p| is_wrapper(p)).count());
        report.assets.into_iter().map(|asset| asset.source).collect::<Vec<_>>()
    };
    let all = project();
    assert_eq!(
        list(&all, all.importer().include("**").include(".cache/**")),
        [".cache/a/calc.wat", "calc.wat"]
    );
    let rule = project();
    let rules = rule.importer().asset(AssetSettings::matching(".draft.wat"));
    assert_eq!(list(&rule, rules), [".draft.wat", "calc.wat"]);
    let braces = project();
    let importer = braces.importer().include(".cache{/a/*,/b/*}");
    assert_eq!(
        importer.run(&()).unwrap().count(Status::Failed),
        0,
        "a pattern that cannot be split"
    );
    // A star is no dot.
    let star = project();
    assert_eq!(list(&star, star.importer().include("**/*.wat")), ["calc.wat"]);
    // A root is named itself.
    let root = project();
    let importer =
        configure().root(root.assets().join(".draft.wat")).root(root.assets().join(".other"));
    let importer = importer.out_dir(root.out()).no_cache();
    assert_eq!(list(&root, importer), [".draft.wat", "calc.wat"]);
}

fn is_wrapper(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rs") && !path.ends_with("mod.rs")
}

#[test]
fn a_path_to_a_hidden_file_says_how_to_name_it() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), (".draft.wat", CALC.as_bytes())]);
    let path = project.assets().join(".draft.wat");
    let error = project.importer().only(&path).run(&()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` selects no asset of this project\n  help: name a file or folder below the import \
             roots that the settings do not exclude; a hidden file is an asset if an `include` pattern \
             names it, with its dot",
            path.display()
        )
    );
}

#[cfg(unix)]
#[test]
fn a_volume_that_is_swapped_by_links_is_one_asset_that_keeps_its_name() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    project.write("..2024_a/plug.wat", r#"(module (func (export "a")))"#);
    project.write("..2024_b/plug.wat", r#"(module (func (export "b")))"#);
    symlink("..2024_a", project.assets().join("..data")).unwrap();
    symlink("..data/plug.wat", project.assets().join("plug.wat")).unwrap();
    assert_eq!(statuses(&project.import()), [("plug.wat", Status::Imported)]);
    assert!(project.wrapper("plug").contains("fn a("));
    assert_eq!(statuses(&project.import()), [("plug.wat", Status::Unchanged)]);

    symlink("..2024_b", project.assets().join("..data_tmp")).unwrap();
    fs::rename(project.assets().join("..data_tmp"), project.assets().join("..data")).unwrap();
    fs::remove_dir_all(project.assets().join("..2024_a")).unwrap();
    let report = project.import();
    assert_eq!(statuses(&report), [("plug.wat", Status::Imported)]);
    assert!(report.removed.is_empty() && report.warnings.is_empty(), "{:?}", report.warnings);
    assert!(project.wrapper("plug").contains("fn b("));
    assert_eq!(statuses(&project.import()), [("plug.wat", Status::Unchanged)]);
}

#[test]
fn text_beside_its_binary_is_refused_and_keeps_what_was_imported() {
    let project =
        Project::with(&[("calc.wasm", &crate::project::wasm(CALC)), ("b.wat", b"(module)")]);
    project.import();
    let before = project.outputs();
    project.write("calc.wat", CALC);
    let report = project.import();
    assert_eq!(
        statuses(&report),
        [("b.wat", Status::Unchanged), ("calc.wasm", Status::Failed), ("calc.wat", Status::Failed)]
    );
    let errors: Vec<String> = report.failures().map(|(_, error)| error.to_string()).collect();
    let expected = [("calc.wasm", "calc.wat"), ("calc.wat", "calc.wasm")].map(|(one, other)| {
        format!(
            "`{}`: discover: it would be the same Rust module as `{other}`\n  help: exclude one, with \
             `exclude = [\"calc.wasm\"]` or `exclude = [\"calc.wat\"]`, or rename it",
            project.assets().join(one).display()
        )
    });
    assert_eq!(errors, expected);
    assert!(report.removed.is_empty());
    assert_eq!(project.outputs(), before, "the program compiles as before");
    let check = project.importer().run_check().unwrap();
    assert_eq!((check.count(Status::Failed), check.count(Status::Stale)), (2, 0));

    let report = project.importer().exclude("calc.wat").run(&()).unwrap();
    assert_eq!(statuses(&report), [("b.wat", Status::Unchanged), ("calc.wasm", Status::Unchanged)]);
    let report = project.importer().exclude("calc.wasm").run(&()).unwrap();
    assert_eq!(asset(&report, "calc.wat").name, "calc");
    assert_eq!(report.removed, Vec::<String>::new());
    // One of them alone, as an argument, has the same error.
    let report = project.importer().only(project.assets().join("calc.wat")).run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 2);
}

#[test]
fn a_module_that_gets_another_name_is_named() {
    let project = Project::with(&[("foo-bar.wat", CALC.as_bytes())]);
    assert_eq!(project.import().assets[0].name, "foo_bar");
    project.write("foo_bar.wat", CALC);
    let report = project.import();
    let name = &asset(&report, "foo-bar.wat").name;
    assert_eq!(asset(&report, "foo_bar.wat").name, "foo_bar");
    // `foo_bar` has a new source; its module is as it was, so nothing is removed.
    assert!(name.starts_with("foo_bar_") && report.removed.is_empty(), "{:?}", report.removed);

    let project = Project::with(&[("Foo.wat", CALC.as_bytes())]);
    project.import();
    project.write("FOO.wasm", CALC);
    let report = project.import();
    let name = &asset(&report, "Foo.wat").name;
    assert_eq!(
        report.warnings,
        [format!(
            "`Foo.wat`: its module was `foo` and is `{name}` now, because of the names of other files"
        )]
    );
    assert!(report.removed.is_empty(), "{:?}", report.removed);
}

#[test]
fn fault_04_other_kinds_of_files_are_said_by_name() {
    let download = "download the file again, such as with `curl --fail --location`: a server may have \
                    answered with an error, or with a page about the file";
    let unpack = "unpack it, and import what is inside";
    let source = "import the `.wasm` it was made from; precompiled code is never loaded unverified";
    let latin = "save it as UTF-8, such as with `iconv --from-code latin1 --to-code utf-8`";
    let utf_16 = |mark: &[u8], to_bytes: fn(u16) -> [u8; 2]| {
        [mark, &CALC.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>()].concat()
    };
    let mut tar = vec![0; 512];
    tar[..8].copy_from_slice(b"calc.wat");
    tar[257..262].copy_from_slice(b"ustar");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for (bytes, message, help) in [
        (
            pointer.as_bytes().to_vec(),
            "the file is a Git LFS pointer, not the file itself",
            "run `git lfs pull`; in CI, check the repository out with LFS",
        ),
        (b"\n<!DOCTYPE html>\n<html></html>".to_vec(), "the file is an HTML page", download),
        (b"<html><body>404</body>".to_vec(), "the file is an HTML page", download),
        (
            b"<?xml version=\"1.0\"?><Error/>".to_vec(),
            "the file is an HTML or XML document",
            download,
        ),
        (b"{\"message\": \"Not Found\"}".to_vec(), "the file is JSON", download),
        (
            b"Not Found\n".to_vec(),
            "the file is text, but not WebAssembly: it begins with `Not Found`",
            download,
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
            "the file is compressed with gzip, not WebAssembly",
            unpack,
        ),
        (b"PK\x03\x04\x14\0".to_vec(), "the file is a zip archive, not WebAssembly", unpack),
        (tar, "the file is a tar archive, not WebAssembly", unpack),
        (
            b"MZ\x90\0".to_vec(),
            "the file is a program or library of Windows, not WebAssembly",
            source,
        ),
        (
            APPLE_DOUBLE.to_vec(),
            "the file is an AppleDouble file of macOS, which holds metadata of another file, not WebAssembly",
            "delete it, or exclude it",
        ),
        (
            utf_16(b"\xff\xfe", u16::to_le_bytes),
            "the file is text in UTF-16, not WebAssembly",
            "save it as UTF-8",
        ),
        (
            utf_16(b"\xfe\xff", u16::to_be_bytes),
            "the file is text in UTF-16, not WebAssembly",
            "save it as UTF-8",
        ),
        (
            utf_16(b"", u16::to_le_bytes),
            "the file is text in UTF-16, not WebAssembly",
            "save it as UTF-8",
        ),
        (
            b"(module (; caf\xe9 ;))".to_vec(),
            "the file is text in another encoding than UTF-8 (not UTF-8 from byte 14 on: line 1, column 15)",
            latin,
        ),
        (
            b"\x9c\x01\0\x02".to_vec(),
            "the file is neither binary WebAssembly (no magic number `\\0asm`) nor text (not UTF-8 from \
             byte 0 on: line 1, column 1)",
            "the content decides, not the extension: check what the file is",
        ),
        (
            b"package demo:app;\ninterface a {}".to_vec(),
            "the file is WIT, which describes the interface of components",
            "import the component that implements it; name this file with `world`, or with `wit` of an `[[interface]]`",
        ),
    ] {
        for name in ["other.wasm", "other.wat"] {
            let error = failure_of(name, &bytes);
            assert_eq!((error.message.as_str(), error.help.as_deref()), (message, Some(help)));
        }
    }
}

#[test]
fn a_root_that_is_missing_is_named_with_the_nearest() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let error = |root: &str| {
        let importer = configure().root(project.path().join(root)).out_dir(project.out());
        let error = importer.run(&()).unwrap_err().to_string().replace('\\', "/");
        error.replace(&project.path().display().to_string().replace('\\', "/"), "P")
    };
    let missing = std::io::Error::from_raw_os_error(2);
    assert_eq!(
        error("asets"),
        format!("cannot find `P/asets`: {missing}\n  help: did you mean `P/assets`?")
    );
    assert_eq!(
        error("elsewhere"),
        format!(
            "cannot find `P/elsewhere`: {missing}\n  help: create it, or name another file or folder; a relative \
             path starts in the current folder, and in a build script in that of the package"
        )
    );
    let written = |root: &str| {
        let importer = project.configured(&format!("import.roots = [\"{root}\"]"));
        let error = importer.run(&()).unwrap_err().to_string();
        error.replace(&project.path().display().to_string(), "P").replace('\\', "/")
    };
    let place = "`P/wasmport.toml` line 1, column 8: `import.roots`: import root";
    assert_eq!(
        written("nowhere"),
        format!(
            "{place}: cannot find `P/nowhere`: {missing}\n  help: create the folder, or name another with `roots`"
        )
    );
    assert_eq!(
        written("asets"),
        format!("{place}: cannot find `P/asets`: {missing}\n  help: did you mean `assets`?")
    );
}

#[test]
fn an_output_folder_that_is_a_file_is_named_without_names_of_temporary_files() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    fs::write(project.out(), "mine").unwrap();
    let error = project.importer().run(&()).unwrap_err().to_string();
    let exists = std::io::Error::from_raw_os_error(if cfg!(windows) { 183 } else { 17 });
    assert_eq!(
        error,
        format!(
            "cannot create `{}`: {exists}\n  help: a file is where a folder should be: move it, or choose \
             another output folder",
            project.out().display()
        )
    );
    assert_eq!(fs::read(project.out()).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn an_output_folder_that_is_not_writable_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let set_mode = |mode| {
        fs::set_permissions(project.out(), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(project.out()).unwrap();
    set_mode(0o555);
    // Root may write everywhere.
    let is_root = fs::write(project.out().join("probe"), "").is_ok();
    let result = project.importer().run(&());
    set_mode(0o755);
    if is_root {
        return;
    }
    assert_eq!(
        result.unwrap_err().to_string(),
        format!(
            "cannot write `{}`: Permission denied (os error 13)\n  help: let this user write there, or choose \
             another output folder",
            project.out().display()
        )
    );
}

#[test]
fn a_broken_manifest_is_named_as_broken() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let path = project.out().join("wasmport.json");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let check = project.importer().run_check().unwrap();
    let why = check.assets[0].stale.as_deref().unwrap();
    let damage = "the manifest `wasmport.json` is damaged, its JSON is broken: ";
    assert!(why.starts_with(damage) && why.contains(" at line "), "{why}");
    let report = project.import();
    assert_eq!(report.warnings, [format!("{why}; everything was imported again")]);
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    // A merge left its marks: who knows what else is in the file.
    fs::write(&path, format!("<<<<<<< ours\n{whole}")).unwrap();
    let error = project.import_error();
    assert!(matches!(error, Error::Manifest { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is in the way: no import wrote it, or its JSON is broken: expected value at line 1 column \
             1\n  help: restore it from version control, or move it and import again",
            path.display()
        )
    );
    fs::remove_file(&path).unwrap();
    project.import();
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}

#[test]
fn a_changed_setting_is_named() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import_with("targets = []\nimport.roots = [\"assets\"]\n[defaults]\nprefix = \"raw_\"");
    let settings = "targets = []\nimport.roots = [\"assets\"]\n[engine]\nfuel = true\n[defaults]\nstrip = \
                    [\"name\"]";
    let check = project.configured(settings).run_check().unwrap();
    assert_eq!(
        check.assets[0].stale.as_deref(),
        Some("its settings changed since it was imported: `engine.fuel`, `prefix`, `strip`")
    );
}

#[test]
fn a_core_module_with_the_metadata_of_a_component_gets_a_warning() {
    let text =
        r#"(module (@custom "component-type:wit-bindgen:0.40.0:demo" "\00") (func (export "f")))"#;
    let project = Project::with(&[("plug.wat", text.as_bytes())]);
    let report = project.import();
    assert_eq!(statuses(&report), [("plug.wat", Status::Imported)]);
    assert_eq!(
        report.warnings,
        ["`plug.wat`: it is a core module with the metadata of a component (custom section \
          \"component-type:wit-bindgen:0.40.0:demo\"), and is imported as a core module\n  help: make it \
          a component first, with `wasm-tools component new MODULE -o COMPONENT` (and `--adapt` for WASI \
          preview 1), or compile for `wasm32-wasip2`; or set `strip = [\"component-type*\"]` for the asset"]
    );
    let settings = "import.roots = [\"assets\"]\n[defaults]\nstrip = [\"component-type*\"]";
    assert_eq!(project.import_with(settings).warnings, [""; 0]);
}

#[test]
fn spaces_and_other_alphabets_in_every_path() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("Ünïcode プロジェクト with spaces");
    let assets = folder.join("my assets ёж");
    fs::create_dir_all(assets.join("sub folder ñ")).unwrap();
    fs::write(assets.join("sub folder ñ/größe 1.wat"), CALC).unwrap();
    fs::write(assets.join("日本.wat"), CALC).unwrap();
    let importer = || configure().root(&assets).out_dir(folder.join("out put ü")).no_cache();
    let report = importer().run(&()).unwrap();
    assert_eq!(report.count(Status::Imported), 2, "{:?}", report.assets);
    assert_eq!(importer().run(&()).unwrap().count(Status::Unchanged), 2);
    assert_eq!(importer().run_check().unwrap().count(Status::Unchanged), 2);
    assert_eq!(failure_free(&report), ["sub_folder/gr_e_1", "unnamed"]);
}

fn failure_free(report: &wasmport_build::Report) -> Vec<&str> {
    assert_eq!(report.failures().count(), 0);
    report.assets.iter().map(|asset| asset.name.as_str()).collect()
}
