//! Preinit: names and contents of files reach a guest, and nothing else that a file system says.

use crate::preinit::{INIT, memory, text};
use crate::project::{Project, asset};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};
use wasi_preview1_component_adapter_provider as adapters;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// Stores everything that preview 1 says about the files of a folder.
const LOOKS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat_at (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (data (i32.const 512) "sub/inner.txtfile-07absent")
    (func $must (param i32) (if (local.get 0) (then unreachable)))
    (func (export "init")
        (call $must (call $stat (i32.const 0) (i32.const 960)))
        (call $must (call $stat (i32.const 3) (i32.const 1024)))
        (call $must (call $stat_at (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 3) (i32.const 1088)))
        (call $must (call $stat_at (i32.const 3) (i32.const 1) (i32.const 512) (i32.const 13) (i32.const 1152)))
        (call $must (call $open (i32.const 3) (i32.const 0) (i32.const 525) (i32.const 7)
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 640)))
        (call $must (call $stat (i32.load (i32.const 640)) (i32.const 1216)))
        ;; All at once, and from the sixth on in a buffer that ends within an entry.
        (call $must (call $list (i32.const 3) (i32.const 8192) (i32.const 4096) (i64.const 0) (i32.const 644)))
        (call $must (call $list (i32.const 3) (i32.const 16384) (i32.const 100) (i64.const 5) (i32.const 648)))
        ;; Errors stay what they are: no such file, no such descriptor, not a folder.
        (call $must (i32.ne (i32.const 44)
            (call $stat_at (i32.const 3) (i32.const 0) (i32.const 532) (i32.const 6) (i32.const 652))))
        (call $must (i32.ne (i32.const 8) (call $stat (i32.const 99) (i32.const 652))))
        (call $must (i32.eqz
            (call $list (i32.load (i32.const 640)) (i32.const 20480) (i32.const 64) (i64.const 0) (i32.const 652))))))"#;

/// The same as a component, behind Wasmtime's adapter of preview 1.
fn component() -> Vec<u8> {
    let mut module = wat::parse_str(LOOKS).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let wit = "package demo:looks; world looks { export init: func(); }";
    let package = resolve.push_str("looks.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let encoder = ComponentEncoder::default().module(&module).unwrap().adapter(
        adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
        adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    );
    encoder.unwrap().encode().unwrap()
}

/// Writes the folder: the same names and contents whatever the order, the times and the links.
fn write(folder: &Path, names: &[String], time: SystemTime, has_links: bool) {
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("sub/inner.txt"), "inner").unwrap();
    for name in names {
        fs::write(folder.join(name), name).unwrap();
        if has_links {
            fs::hard_link(folder.join(name), folder.with_file_name(format!("link-{name}")))
                .unwrap();
        }
    }
    if has_links {
        // Folders of some file systems stay large.
        let many = (0..500).map(|i| folder.join(format!("a-file-that-is-removed-again-{i}")));
        let many = many.inspect(|path| fs::write(path, "").unwrap()).collect::<Vec<_>>();
        many.iter().for_each(|path| fs::remove_file(path).unwrap());
    }
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let file = fs::File::open(entry.path()).unwrap();
        file.set_modified(time).unwrap();
    }
}

/// The asset after it was initialized over two folders of the same names and contents.
fn twice(wasm: &[u8]) -> [Vec<u8>; 2] {
    let names: Vec<String> = (0..40).map(|i| format!("file-{i:02}")).collect();
    let reversed: Vec<String> = names.iter().rev().cloned().collect();
    let folders = [(names, 1_000_000_000, false), (reversed, 1_700_000_000, true)];
    folders.map(|(names, seconds, has_links)| {
        let project = Project::with(&[("it.wasm", wasm)]);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        write(&project.path().join("data"), &names, time, has_links);
        let choices = format!("{INIT}\npreinit.dirs = {{ \"/data\" = \"data\" }}");
        let report = project.import_with(&text(&choices));
        asset(&report, "it.wasm");
        project.artifact(&report, "it.wasm", "source")
    })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// An entry of a directory: its cookie, inode and name.
type Entry = (u64, u64, String);

fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while bytes.len() >= 24 {
        let (head, rest) = bytes.split_at(24);
        let (name, rest) = rest.split_at(number(&head[16..20]) as usize);
        let name = String::from_utf8(name.to_vec()).unwrap();
        entries.push((number(&head[..8]), number(&head[8..16]), name));
        bytes = rest;
    }
    entries
}

#[test]
fn fault_89_a_module_learns_nothing_but_names_and_contents() {
    let [one, other] = twice(&wat::parse_str(LOOKS).unwrap());
    assert!(one == other, "two folders of the same content");

    let used = number(&memory(&one, 644, 4)) as usize;
    let listed = entries(&memory(&one, 8192, used));
    let mut expected: Vec<String> = (0..40).map(|i| format!("file-{i:02}")).collect();
    expected.push("sub".into());
    expected.splice(0..0, [".".into(), "..".into()]);
    assert_eq!(listed.iter().map(|entry| entry.2.clone()).collect::<Vec<_>>(), expected);
    assert!(listed.iter().map(|entry| entry.0).eq(1..=43), "{listed:?}");
    // The rest of a listing is the rest, cut where the buffer ends.
    assert_eq!(number(&memory(&one, 648, 4)), 100);
    let from_sixth = &memory(&one, 8192, used)[(24 + 1) + (24 + 2) + 3 * (24 + 7)..][..100];
    assert_eq!(memory(&one, 16384, 100), from_sixth);

    // Device, inode, type, links, size, times.
    let stat = |at| memory(&one, at, 64).chunks(8).map(number).collect::<Vec<_>>();
    let inode = |name: &str| listed.iter().find(|entry| entry.2 == name).unwrap().1;
    assert_eq!(stat(960)[..2], [0, 0], "standard input");
    assert_eq!(stat(1024), [1, inode("."), 3, 1, 0, 0, 0, 0]);
    assert_eq!(stat(1088), [1, inode("sub"), 3, 1, 0, 0, 0, 0]);
    assert_eq!(stat(1216), [1, inode("file-07"), 4, 1, 7, 0, 0, 0]);
    let inner = stat(1152);
    assert_eq!((inner[2], inner[3], inner[4]), (4, 1, 5));
    let mut inodes: Vec<u64> = listed[1..].iter().map(|entry| entry.1).chain([inner[1]]).collect();
    inodes.sort_unstable();
    assert!(inodes.iter().copied().eq(1..=43), "each file has its own: {inodes:?}");
}

#[test]
fn fault_89_a_component_learns_nothing_but_names_and_contents() {
    let [one, other] = twice(&component());
    assert!(one == other, "two folders of the same content");
    let contains = |text: &[u8]| one.windows(text.len()).any(|window| window == text);
    assert!(contains(b"file-39"), "it has listed the folder");
}

/// Opens what links lead to: only the one that stays inside leads somewhere.
const FOLLOWS: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (data (i32.const 512) "inside..file....chain...folder/secretup......")
    (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
    (func $opens (param $at i32) (param $len i32) (result i32)
        (i32.eqz (i32.and
            (call $open (i32.const 3) (i32.const 1) (local.get $at) (local.get $len)
                (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 640))
            (call $stat (i32.const 3) (i32.const 1) (local.get $at) (local.get $len) (i32.const 1024)))))
    (func (export "init")
        (call $must (call $opens (i32.const 512) (i32.const 6)))
        (call $must (i32.eqz (call $opens (i32.const 520) (i32.const 4))))
        (call $must (i32.eqz (call $opens (i32.const 528) (i32.const 5))))
        (call $must (i32.eqz (call $opens (i32.const 536) (i32.const 13))))
        (call $must (i32.eqz (call $opens (i32.const 549) (i32.const 2))))))"#;

#[cfg(unix)]
#[test]
fn fault_18_links_lead_an_initialization_out_of_no_folder() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("it.wat", FOLLOWS.as_bytes())]);
    let (data, outside) = (project.path().join("data"), tempfile::tempdir().unwrap());
    fs::create_dir(&data).unwrap();
    fs::write(data.join("words"), "words").unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let links = [
        ("inside", "words".into()),
        ("file", outside.path().join("secret")),
        ("chain", "file".into()),
        ("folder", outside.path().into()),
        ("up", "../wasmport.toml".into()),
    ];
    links.iter().for_each(|(name, target)| symlink(target, data.join(name)).unwrap());
    // Whatever `symlinks` says: that is about assets.
    for symlinks in ["inside", "follow"] {
        let choices = format!("{INIT}\npreinit.dirs = {{ \"/data\" = \"data\" }}");
        let text = format!("{}\n[import]\nsymlinks = {symlinks:?}\n", text(&choices));
        asset(&project.import_with(&text), "it.wat");
    }
}
