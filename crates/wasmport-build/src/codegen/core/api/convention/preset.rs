//! Presets: the conventions of toolchains and products, as data.

use crate::interface::Interface;
use crate::settings::{Form, Preset, Side};

/// The convention of a toolchain or product. Functions are written as in the settings.
pub(super) struct Data {
    pub preset: Preset,
    pub alloc: &'static str,
    /// The function that frees; none if the guest frees everything.
    pub free: Option<&'static str>,
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
    free: Some("free(ptr)"),
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

/// The presets that are recognized, in this order; if none is, the guest follows C.
const RECOGNIZED: [Preset; 4] =
    [Preset::Extism, Preset::WasmBindgen, Preset::AssemblyScript, Preset::CabiRealloc];

impl Data {
    /// Returns the convention that the settings choose, or that the exports follow.
    pub fn of(chosen: Option<Preset>, interface: &Interface) -> &'static Self {
        let recognized = || {
            let mut presets = RECOGNIZED.into_iter();
            presets.find(|preset| Self::of_preset(*preset).is_recognized(interface))
        };
        Self::of_preset(chosen.or_else(recognized).unwrap_or(Preset::C))
    }

    fn is_recognized(&self, interface: &Interface) -> bool {
        let exports = |name: &&str| interface.exports.iter().any(|export| export.name == *name);
        let imports_from =
            |module: &str| interface.imports.iter().any(|import| import.module == module);
        let by_exports = !self.recognized_by.is_empty() && self.recognized_by.iter().all(exports);
        let by_imports = self.recognized_by_module.is_some_and(imports_from);
        (by_exports || by_imports) && !self.unless.iter().any(exports)
    }

    const fn of_preset(preset: Preset) -> &'static Self {
        match preset {
            Preset::C => &C,
            Preset::WasmBindgen => &Self {
                preset: Preset::WasmBindgen,
                alloc: "__wbindgen_malloc(size, align)",
                free: Some("__wbindgen_free(ptr, size, align)"),
                arguments_freed_by: Side::Guest,
                recognized_by: &["__wbindgen_malloc"],
                ..C
            },
            Preset::AssemblyScript => &Self {
                preset: Preset::AssemblyScript,
                alloc: "__new(size, class)",
                free: Some("__unpin(ptr)"),
                results_freed_by: Side::Guest,
                pin: Some("__pin"),
                recognized_by: &["__new", "__pin"],
                ..C
            },
            // `cabi_realloc` does not free: the bindings of wit-bindgen for C ignore a new size of 0, and those for
            // Rust exclude it.
            Preset::CabiRealloc => &Self {
                preset: Preset::CabiRealloc,
                alloc: "cabi_realloc(ptr, old, align, size)",
                free: None,
                arguments_freed_by: Side::Guest,
                is_canonical: true,
                recognized_by: &["cabi_realloc"],
                unless: Some("malloc"),
                ..C
            },
            Preset::TinyGo => &Self { preset: Preset::TinyGo, results: Some(Form::PtrHigh), ..C },
            Preset::Fluvio => &Self {
                preset: Preset::Fluvio,
                alloc: "allocate(size)",
                free: Some("deallocate(ptr, size)"),
                arguments_freed_by: Side::Guest,
                ok: None,
                output: Some("env/copy_records(ptr, len)"),
                ..C
            },
            Preset::Extism => &Self {
                preset: Preset::Extism,
                arguments: Form::None,
                recognized_by_module: Some(EXTISM),
                ..C
            },
        }
    }
}
