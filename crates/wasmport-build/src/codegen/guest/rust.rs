//! The guest's side in Rust.

use super::{Function, GuestVersion, comment, import_modules};
use crate::codegen::docs::{code, printable};
use crate::codegen::lacking::Lacking;
use crate::component::{WitError, World};
use crate::interface::{Interface, ValType};
use crate::names::{self, Request};
use std::fmt::Write as _;

/// Writes a module with the imports, a trait for the exports, and a macro that exports them.
pub(super) fn module(name: &str, interface: &Interface, lacking: &Lacking) -> String {
    let mut text = format!(
        "//! The guest's side of the interface {}. Put it beside `lib.rs`, and say `mod {name};` there.\n\
         //!\n\
         //! Implement [`Guest`] for a type, and export it with `{name}::export!(Type);`. rustc compares the\n\
         //! signatures with those that the host expects. Functions that a guest may lack have a default, and are\n\
         //! exported if they are named: `{name}::export!(Type, function);`.\n\
         //!\n\
         //! Written by `cargo wasmport guest {name} --lang rust`.\n\n\
         #![allow(clashing_extern_declarations, dead_code, unused_imports, unused_macro_rules, unused_macros)]\n",
        code(name)
    );
    let modules = import_modules(interface);
    let requests: Vec<Request> = modules.iter().map(|module| Request::new(module)).collect();
    for (module, ident) in modules.iter().zip(names::snake_case(&requests, &["export"])) {
        imports(&mut text, module, &ident, interface);
    }
    exports(&mut text, name, interface, lacking);
    text
}

/// Writes a module with a declaration for each function that is imported from `module`.
fn imports(text: &mut String, module: &str, ident: &str, interface: &Interface) {
    let (functions, others) = super::imports(interface, module);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n/// Functions of the host, imported from {}.\n",
        code(format!("{module:?}"))
    );
    let _ = writeln!(text, "pub mod {ident} {{");
    let _ = writeln!(
        text,
        "    #[cfg_attr(target_family = \"wasm\", link(wasm_import_module = {module:?}))]"
    );
    text.push_str("    unsafe extern \"C\" {\n");
    for (function, ident) in functions.iter().zip(idents(&functions)) {
        let Function { name, ty, .. } = function;
        let _ = writeln!(text, "        /// `{}`", comment(ty));
        let _ = writeln!(text, "        #[link_name = {name:?}]");
        let _ = writeln!(text, "        pub fn {ident}{};", signature(function));
    }
    text.push_str("    }\n");
    for other in others {
        let _ = writeln!(text, "    // {other} cannot be declared in Rust.");
    }
    text.push_str("}\n");
}

/// The names of functions in Rust.
fn idents(functions: &[Function<'_>]) -> Vec<String> {
    let key = |function: &Function<'_>| format!("{:?} {}", function.name, comment(function.ty));
    let request = |function: &Function<'_>| Request::new(function.name).keyed_by(&key(function));
    names::snake_case(&functions.iter().map(request).collect::<Vec<_>>(), &[])
}

/// Writes the trait for the exports, and the macro.
fn exports(text: &mut String, name: &str, interface: &Interface, lacking: &Lacking) {
    let (functions, others) = super::exports(interface);
    let idents = idents(&functions);
    let functions: Vec<_> = functions.iter().zip(&idents).collect();
    text.push_str("\n/// The functions that the host calls.\npub trait Guest {\n");
    for (function, ident) in &functions {
        let _ = writeln!(text, "    /// Exported as {}.", code(format!("{:?}", function.name)));
        let Some(note) = lacking.note(function.name) else {
            let _ = writeln!(text, "    fn {ident}{};", signature(function));
            continue;
        };
        let _ = writeln!(text, "    ///\n    /// {note}");
        let ignored: Vec<_> = function.params(&[]).into_iter().map(|(name, _)| name).collect();
        let comma = if ignored.len() == 1 { "," } else { "" };
        let _ = writeln!(text, "    fn {ident}{} {{", signature(function));
        let _ = writeln!(text, "        let _ = ({}{comma});", ignored.join(", "));
        text.push_str("        unimplemented!()\n    }\n");
    }
    text.push_str("}\n\n");
    for other in others {
        let _ = writeln!(text, "// The host expects {other} too.\n");
    }
    let _ = writeln!(text, "/// Exports the functions of a type that implements [`Guest`].");
    text.push_str("macro_rules! export {\n");
    let (may_lack, all): (Vec<_>, Vec<_>) =
        functions.into_iter().partition(|(function, _)| lacking.names.contains(function.name));
    for (function, ident) in may_lack {
        let _ = writeln!(text, "    (@{ident} $guest:ty) => {{\n        const _: () = {{");
        export(text, name, function, ident);
        text.push_str("        };\n    };\n");
    }
    text.push_str("    ($guest:ty $(, $optional:ident)*) => {\n        const _: () = {\n");
    all.into_iter().for_each(|(function, ident)| export(text, name, function, ident));
    let _ =
        writeln!(text, "        }};\n        $($crate::{name}::export! {{ @$optional $guest }})*");
    text.push_str("    };\n}\npub(crate) use export;\n");
}

/// Writes the definition of an exported function.
fn export(text: &mut String, name: &str, function: &Function<'_>, ident: &str) {
    let export = function.name;
    let arguments = function.params(&[]).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let _ = writeln!(text, "            #[unsafe(export_name = {export:?})]");
    let _ = writeln!(text, "            extern \"C\" fn {ident}{} {{", signature(function));
    let _ = writeln!(
        text,
        "                <$guest as $crate::{name}::Guest>::{ident}({})",
        arguments.join(", ")
    );
    text.push_str("            }\n");
}

/// The parameters and the result of a function.
fn signature(function: &Function<'_>) -> String {
    let params = function.params(&[]).into_iter();
    let params: Vec<_> = params.map(|(name, ty)| format!("{name}: {}", rust(ty))).collect();
    let result = function.ty.results.first().map(|ty| format!(" -> {}", rust(ty)));
    format!("({}){}", params.join(", "), result.unwrap_or_default())
}

fn rust(ty: &ValType) -> &'static str {
    match ty {
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        // Other types were left out.
        _ => "i32",
    }
}

/// Writes a module that generates the bindings of a world.
///
/// # Errors
///
/// Fails if the world cannot be written as text.
pub(super) fn bindings(name: &str, world: &World) -> Result<String, WitError> {
    let wit = world.wit()?;
    let longest =
        wit.split('"').skip(1).map(|rest| rest.len() - rest.trim_start_matches('#').len());
    let fence = "#".repeat(longest.max().unwrap_or(0) + 1);
    let id = world.qualified_name();
    Ok(format!(
        "//! The guest's side of the interface {}, for the crate `wit-bindgen`.\n\
         //!\n\
         //! Implement the traits, and export the type with `{name}::export!(Type with_types_in {name});`.\n\
         //! Written by `cargo wasmport guest {name} --lang rust`.\n\n\
         wit_bindgen::generate!({{\n    \
             world: {id:?},\n    \
             pub_export_macro: true,\n    \
             inline: r{fence}\"\n{}\"{fence},\n\
         }});\n",
        code(name),
        printable_lines(&wit),
    ))
}

/// Writes the custom section with the version.
pub(super) fn section(version: Option<GuestVersion<'_>>) -> String {
    let Some(GuestVersion { name, section }) = version else { return String::new() };
    format!(
        "\n/// The version of the interface, in the custom section in which the host looks for it.\n\
         #[cfg_attr(target_family = \"wasm\", unsafe(link_section = {section:?}))]\n\
         pub static INTERFACE_VERSION: [u8; {}] = *b{name:?};\n",
        name.len()
    )
}

/// The lines of a text without characters that change its direction.
fn printable_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", printable(line))).collect()
}
