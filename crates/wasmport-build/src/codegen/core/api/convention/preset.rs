//! Presets: the conventions of toolchains and products, as data.

use crate::interface::Interface;
use crate::settings::{Form, Preset, Side};

/// The convention of a toolchain or product. Functions are written as in the settings.
pub(super) struct Data {
    pub preset: Preset,
    pub alloc: &'static str,
    pub free: &'static str,
    /// The form of arguments.
    pub arguments: Form,
    /// The form of results; none if the function's type tells it.
    pub results: Option<Form>,
    pub arguments_freed_by: Side,
    pub results_freed_by: Side,
    /// The status code of success; none if all codes that are not negative are.
    pub ok: Option<i32>,
    /// The import to which the guest gives its results.
    pub output: Option<&'static str>,
    /// The function that protects an object of AssemblyScript from being collected.
    pub pin: Option<&'static str>,
    /// Whether results are as in the component model's canonical ABI.
    pub is_canonical: bool,
    /// The exports by which it is recognized, if these are all there.
    recognized_by: &'static [&'static str],
    /// The module by whose imports it is recognized.
    recognized_by_module: Option<&'static str>,
    /// The export without which alone it is recognized.
    unless: Option<&'static str>,
}

/// The module from which plug-ins of Extism import.
pub(super) const EXTISM: &str = "extism:host/env";

/// A convention from which the others differ.
const C: Data = Data {
    preset: Preset::C,
    alloc: "malloc(size)",
    free: "free(ptr)",
    arguments: Form::PtrLen,
    results: None,
    arguments_freed_by: Side::Host,
    results_freed_by: Side::Host,
    ok: Some(0),
    output: None,
    pin: None,
    is_canonical: false,
    recognized_by: &[],
    recognized_by_module: None,
    unless: None,
};

/// All presets; the first that is recognized counts.
static PRESETS: [Data; 7] = [
    Data { preset: Preset::Extism, arguments: Form::None, recognized_by_module: Some(EXTISM), ..C },
    Data {
        preset: Preset::WasmBindgen,
        alloc: "__wbindgen_malloc(size, align)",
        free: "__wbindgen_free(ptr, size, align)",
        arguments_freed_by: Side::Guest,
        recognized_by: &["__wbindgen_malloc"],
        ..C
    },
    Data {
        preset: Preset::AssemblyScript,
        alloc: "__new(size, class)",
        free: "__unpin(ptr)",
        results_freed_by: Side::Guest,
        pin: Some("__pin"),
        recognized_by: &["__new", "__pin"],
        ..C
    },
    Data {
        preset: Preset::CabiRealloc,
        alloc: "cabi_realloc(ptr, old, align, size)",
        free: "cabi_realloc(ptr, old, align, size)",
        arguments_freed_by: Side::Guest,
        is_canonical: true,
        recognized_by: &["cabi_realloc"],
        unless: Some("malloc"),
        ..C
    },
    Data {
        preset: Preset::Fluvio,
        alloc: "allocate(size)",
        free: "deallocate(ptr, size)",
        arguments_freed_by: Side::Guest,
        ok: None,
        output: Some("env/copy_records(ptr, len)"),
        ..C
    },
    Data { preset: Preset::TinyGo, results: Some(Form::PtrHigh), ..C },
    C,
];

impl Data {
    /// Returns the convention that the settings choose, or that the exports follow.
    pub fn of(chosen: Option<Preset>, interface: &Interface) -> &'static Self {
        let exports = |name: &&str| interface.exports.iter().any(|export| export.name == *name);
        let imports_from =
            |module: &str| interface.imports.iter().any(|import| import.module == module);
        let is_it = |data: &&Self| match chosen {
            Some(preset) => data.preset == preset,
            None => {
                let by_exports =
                    !data.recognized_by.is_empty() && data.recognized_by.iter().all(exports);
                let by_imports = data.recognized_by_module.is_some_and(imports_from);
                (by_exports || by_imports) && !data.unless.iter().any(&exports)
            }
        };
        PRESETS.iter().find(is_it).unwrap_or(&C_OF_EXPORTS)
    }
}

/// The convention of exports of which none is recognized.
static C_OF_EXPORTS: Data = C;
