//! The guest's side in C.

use super::{Function, GuestVersion, exports, import_modules, imports};
use crate::codegen::docs::printable;
use crate::codegen::lacking::Lacking;
use crate::interface::{ExternType, Interface, ValType};
use crate::names::{self, Request};
use std::fmt::Write as _;

/// Writes a header that declares the imports and the exports.
pub(super) fn header(
    name: &str,
    interface: &Interface,
    lacking: &Lacking,
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
    let modules = import_modules(interface);
    let imported: Vec<_> = modules.iter().map(|module| imports(interface, module)).collect();
    let (exported, others) = exports(interface);
    let all = imported.iter().flat_map(|(functions, _)| functions).chain(&exported);
    let mut names = names_of(name, &modules, all).into_iter();
    // Writing to a string cannot fail.
    for (module, (functions, others)) in modules.iter().zip(&imported) {
        let from = commented(&quoted(module));
        let _ = writeln!(text, "\n/* Functions of the host, imported from {from}. */");
        for (function, ident) in functions.iter().zip(names.by_ref()) {
            let (module, import) = (quoted(module), quoted(function.name));
            let _ = writeln!(text, "\n/* {} */", signature(function));
            let _ =
                writeln!(text, "__attribute__((import_module({module}), import_name({import})))");
            let _ = writeln!(text, "{};", declaration(&ident, function));
        }
        others.iter().for_each(|other| left_out(&mut text, other));
    }
    text.push_str("\n/* Functions that the host calls. */\n");
    for (function, ident) in exported.iter().zip(names) {
        let note = lacking.note(function.name).map(|note| format!("\n   {}", commented(&note)));
        let _ = writeln!(text, "\n/* {}{} */", signature(function), note.unwrap_or_default());
        let _ = writeln!(text, "__attribute__((export_name({})))", quoted(function.name));
        let _ = writeln!(text, "{};", declaration(&ident, function));
    }
    others.iter().for_each(|other| left_out(&mut text, other));
    text.push_str(&section(name, version));
    text.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    text
}

/// Returns the names of functions in C, where all are in one scope: each begins with that of the interface, because
/// `malloc` is one of C's own, and an import's has that of its module.
fn names_of<'a>(
    interface: &str,
    modules: &[&str],
    functions: impl Iterator<Item = &'a Function<'a>>,
) -> Vec<String> {
    let requests: Vec<Request> = modules.iter().map(|module| Request::new(module)).collect();
    let modules: Vec<_> = modules.iter().zip(names::snake_case(&requests, &[])).collect();
    let requests = functions.map(|Function { module, name, ty }| {
        let own = modules.iter().find(|(own, _)| Some(**own) == *module);
        let own =
            own.map(|(_, ident)| format!("{}_", ident.trim_end_matches('_'))).unwrap_or_default();
        let key = format!("{module:?} {name:?} {}", ExternType::Func((*ty).clone()));
        Request::new(&format!("{interface}_{own}{name}")).keyed_by(&key)
    });
    names::snake_case(&requests.collect::<Vec<_>>(), RESERVED)
}

/// The type of a function in a comment, which it does not end.
fn signature(function: &Function<'_>) -> String {
    commented(&super::comment(function.ty))
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

fn declaration(ident: &str, function: &Function<'_>) -> String {
    let result = function.ty.results.first().map_or("void", c);
    let params = function.params(RESERVED);
    let params: Vec<String> = params.iter().map(|(name, ty)| format!("{} {name}", c(ty))).collect();
    let params = if params.is_empty() { "void".into() } else { params.join(", ") };
    format!("{result} {ident}({params})")
}

/// The keywords of C and C++ that names can be, the types of declarations, and macros of compilers.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return",
    "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
    "continue", "contract_assert", "decltype", "default", "delete", "do", "double", "dynamic_cast",
    "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto",
    "if", "inline", "int", "int32_t", "int64_t", "linux", "long", "mutable", "namespace", "new",
    "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected",
    "public", "register", "reinterpret_cast", "requires", "restrict", "return", "short", "signed",
    "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
    "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof",
    "typeof_unqual", "union", "unix", "unsigned", "using", "virtual", "void", "volatile",
    "wchar_t", "while", "xor", "xor_eq",
];

/// A string of C.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            // Two of them begin a trigraph.
            b'?' => quoted.push_str("\\?"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            // Three digits, so that no digit that follows belongs to it.
            byte => {
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
    }
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
