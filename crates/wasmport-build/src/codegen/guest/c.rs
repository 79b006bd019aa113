//! The guest's side in C.

use super::{Function, GuestVersion, comment, functions, import_modules, is_numbers};
use crate::codegen::docs::printable;
use crate::interface::{Interface, ValType};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Writes a header that declares the imports and the exports.
pub(super) fn header(
    name: &str,
    interface: &Interface,
    optional: &BTreeSet<String>,
    version: Option<GuestVersion<'_>>,
) -> String {
    let guard = format!("{}_H", name.to_ascii_uppercase());
    let mut text = format!(
        "/* The guest's side of the interface `{name}`. Define each function of the second part: the compiler\n\
         \x20  compares its signature with that which the host expects.\n\
         \x20  Written by `cargo wasmport guest {name} --lang c`. */\n\
         #ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n"
    );
    for module in import_modules(interface) {
        let imports = interface.imports.iter().filter(|import| import.module == module);
        let items = imports.map(|i| (Some(i.module.as_str()), i.name.as_str(), &i.ty));
        let (functions, others) = functions(items, is_numbers);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n/* Functions of the host, imported from {}. */",
            commented(&quoted(module))
        );
        for function in functions {
            let (module, import) = (function.module.unwrap_or_default(), function.name);
            let _ = writeln!(text, "\n/* {} */", comment(function.ty));
            let _ = writeln!(
                text,
                "__attribute__((import_module({}), import_name({})))",
                quoted(module),
                quoted(import)
            );
            let _ = writeln!(text, "{};", declaration(name, &function));
        }
        others.iter().for_each(|other| left_out(&mut text, other));
    }
    let items = interface.exports.iter().map(|e| (None, e.name.as_str(), &e.ty));
    let (functions, others) = functions(items, is_numbers);
    text.push_str("\n/* Functions that the host calls. */\n");
    for function in functions {
        let lacks = if optional.contains(function.name) { "; a guest may lack it" } else { "" };
        let _ = writeln!(text, "\n/* {}{lacks} */", comment(function.ty));
        let _ = writeln!(text, "__attribute__((export_name({})))", quoted(function.name));
        let _ = writeln!(text, "{};", declaration(name, &function));
    }
    others.iter().for_each(|other| left_out(&mut text, other));
    text.push_str(&section(name, version));
    text.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    text
}

/// Writes the custom section with the version.
fn section(interface: &str, version: Option<GuestVersion<'_>>) -> String {
    let Some(GuestVersion { name, section }) = version else { return String::new() };
    let macro_name = format!("{}_VERSION_SECTION", interface.to_ascii_uppercase());
    let directive =
        format!(".section \".custom_section.{section}\",\"\",@\n.ascii {name:?}\n.text\n");
    format!(
        "\n/* The version of the interface, in the custom section in which the host looks for it. Put the line\n\
         \x20  `{macro_name}` into one source file. */\n\
         #define {macro_name} __asm__({});\n",
        quoted(&directive)
    )
}

/// A text that does not end the comment in which it stands.
fn commented(text: &str) -> String {
    text.replace("*/", "* /")
}

fn left_out(text: &mut String, other: &str) {
    let _ = writeln!(text, "\n/* {} is no function of C. */", commented(other));
}

/// The declaration of a function, whose name begins with that of the interface: `malloc` is one of C's own.
fn declaration(interface: &str, function: &Function<'_>) -> String {
    let Function { ident, params, ty, .. } = function;
    let result = ty.results.first().map_or("void", c);
    let params: Vec<String> =
        params.iter().map(|(name, ty)| format!("{} {}", c(ty), plain(name))).collect();
    let params = if params.is_empty() { "void".into() } else { params.join(", ") };
    format!("{result} {interface}_{}({params})", ident.trim_start_matches("r#"))
}

/// The name of a parameter, which is raw in Rust if it is a keyword; keywords of C get a character more.
fn plain(ident: &str) -> String {
    let name = ident.trim_start_matches("r#");
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// The keywords of C and C++ that names of parameters can be.
const KEYWORDS: &[&str] = &[
    "and",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "not",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
    "xor",
];

/// A string of C.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            // Three digits, so that no digit that follows belongs to it.
            byte => {
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
    }
    // Ends of comments and trigraphs do not matter in strings.
    quoted.push('"');
    printable(&quoted)
}

fn c(ty: &ValType) -> &'static str {
    match ty {
        ValType::I64 => "int64_t",
        ValType::F32 => "float",
        ValType::F64 => "double",
        // Other types were left out.
        _ => "int32_t",
    }
}
