//! Recognition: kinds of files that are often found where WebAssembly should be, by their bytes.

/// A file that is not WebAssembly.
#[derive(Debug, PartialEq, Eq)]
pub struct Other {
    /// The message: what the file is.
    pub message: String,
    /// The mend.
    pub help: Help,
}

/// The mend for a file that is not WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Help {
    /// For the person who imports the file.
    pub import: &'static str,
    /// For the person who gave the file to a running program.
    pub load: &'static str,
}

impl Help {
    const fn both(help: &'static str) -> Self {
        Self { import: help, load: help }
    }
}

/// Beginnings of binary files. The longest are first where one begins like another.
const MAGIC: &[(&[u8], &str, Help)] = &[
    (b"\x7fELF", "a precompiled module or another ELF file", SOURCE),
    (b"\x1f\x8b", "compressed with gzip", UNPACK),
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "a zip archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"MZ", "a program or library of Windows", SOURCE),
    (b"\xfe\xed\xfa\xce", "a program or library of macOS", SOURCE),
    (b"\xfe\xed\xfa\xcf", "a program or library of macOS", SOURCE),
    (b"\xce\xfa\xed\xfe", "a program or library of macOS", SOURCE),
    (b"\xcf\xfa\xed\xfe", "a program or library of macOS", SOURCE),
    (b"\xca\xfe\xba\xbe", "a program or library of macOS, or a Java class", SOURCE),
    (
        b"BC\xc0\xde",
        "LLVM bitcode",
        Help::both("link it to a `.wasm` first; link-time optimization leaves such objects"),
    ),
    (
        b"!<arch>\n",
        "a static library",
        Help::both("link it to a `.wasm` first, such as with `wasm-ld`"),
    ),
    (
        b"\0\x05\x16\x07",
        "an AppleDouble file of macOS, which holds metadata of another file",
        Help { import: "delete it, or exclude it", load: "take the file that it belongs to" },
    ),
    (b"\xff\xfe\0\0", "text in UTF-32", SAVE),
    (b"\0\0\xfe\xff", "text in UTF-32", SAVE),
    (b"\xff\xfe", "text in UTF-16", SAVE),
    (b"\xfe\xff", "text in UTF-16", SAVE),
    (b"(\0", "text in UTF-16", SAVE),
    (b"\0(", "text in UTF-16", SAVE),
];

const SOURCE: Help = Help {
    import: "import the `.wasm` it was made from; precompiled code is never loaded unverified",
    load: "take the `.wasm` it was made from; precompiled code is never loaded unverified",
};
const UNPACK: Help = Help {
    import: "unpack it, and import what is inside",
    load: "unpack it, and take the file inside",
};
const SAVE: Help = Help {
    import: "save it as UTF-8",
    load: "save it as UTF-8, and translate it to binary WebAssembly, such as with `wasm-tools parse`",
};
const DOWNLOAD: Help = Help::both(
    "download the file again, such as with `curl --fail --location`: a server \
     may have answered with an error, or with a page about the file",
);
const COMPONENT: Help = Help {
    import: "import the component that implements it; name this file with `world`, or with `wit` of an `[[interface]]`",
    load: "take a component that implements it",
};

/// Beginnings of text files, in lowercase.
const TEXTS: &[(&str, &str, Help)] = &[
    (
        "version https://git-lfs.github.com/",
        "a Git LFS pointer, not the file itself",
        Help::both("run `git lfs pull`; in CI, check the repository out with LFS"),
    ),
    ("<!doctype html", "an HTML page", DOWNLOAD),
    ("<html", "an HTML page", DOWNLOAD),
    ("<", "an HTML or XML document", DOWNLOAD),
    ("{", "JSON", DOWNLOAD),
    ("package ", "WIT, which describes the interface of components", COMPONENT),
    ("interface ", "WIT, which describes the interface of components", COMPONENT),
    ("world ", "WIT, which describes the interface of components", COMPONENT),
];

/// Recognizes a binary file that is not WebAssembly.
#[must_use]
pub fn binary(bytes: &[u8]) -> Option<Other> {
    let is_tar = bytes.get(257..262) == Some(b"ustar");
    let tar = is_tar.then_some(("a tar archive", UNPACK));
    let magic = MAGIC.iter().find(|(magic, ..)| bytes.starts_with(magic));
    let (what, help) = tar.or(magic.map(|(_, what, help)| (*what, *help)))?;
    Some(Other { message: format!("the file is {what}, not WebAssembly"), help })
}

/// Recognizes text that is not WebAssembly's, which begins with a parenthesis or a comment.
#[must_use]
pub fn text(text: &str) -> Option<Other> {
    let text = text.trim_start();
    // Text without any field is an empty module.
    if text.is_empty() || text.starts_with(['(', ';']) {
        return None;
    }
    let start: String = text.chars().take(40).collect::<String>().to_ascii_lowercase();
    if let Some((_, what, help)) = TEXTS.iter().find(|(begin, ..)| start.starts_with(begin)) {
        return Some(Other { message: format!("the file is {what}"), help: *help });
    }
    let line: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
    let message =
        format!("the file is text, but not WebAssembly: it begins with `{}`", line.trim_end());
    Some(Other { message, help: DOWNLOAD })
}

/// Returns whether bytes that are not UTF-8 look like text in an encoding with one byte per character.
#[must_use]
pub fn is_latin(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    bytes.iter().all(is_text) && high <= bytes.len() / 2
}
