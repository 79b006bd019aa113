//! `ResolvedConvention`: how values are passed through one guest's memory, and who allocates and frees there.

mod allocator;
mod buffer;
mod function;
mod output;
mod preset;

use super::error::ApiError;
use super::signature::Signature;
use crate::interface::{Export, ExternType, Import, Interface, MemoryType};
use crate::settings::{AssetSettings, Form, Preset, Side};
use allocator::Allocator;
use buffer::Buffer;
use function::{Action, Function};
use output::Output;
use preset::{Data, EXTISM};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The convention of the settings or of a preset, with the exports of the guest that it uses.
#[derive(Clone)]
pub(in crate::codegen::core) struct ResolvedConvention {
    /// The preset that was chosen or recognized.
    data: &'static Data,
    memory: Option<String>,
    allocator: Allocator,
    buffer: Option<Buffer>,
    /// The form of text and lists as arguments.
    pub arguments: Form,
    /// The form of text and lists as results, if it is chosen.
    pub results: Option<Form>,
    arguments_freed_by: Side,
    results_freed_by: Side,
    /// The import to which the guest gives results.
    output: Option<Output>,
    /// The status code of success; none if all codes that are not negative are.
    pub ok: Option<i32>,
}

/// The exports that a signature needs.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs {
    pub memory: bool,
    pub alloc: bool,
    pub free: bool,
    /// Whether the signature is that of a host function, whose results no buffer takes.
    pub is_import: bool,
}

impl ResolvedConvention {
    /// The convention that the settings choose, or that the exports follow.
    ///
    /// # Errors
    ///
    /// Fails if the settings name an export or import that is missing or has the wrong type, or if they
    /// contradict each other.
    pub fn of(interface: &Interface, settings: &AssetSettings) -> Result<Self, ApiError> {
        let chosen = &settings.convention;
        let data = Data::of(chosen.preset, interface);
        let memory = memory(interface);
        let buffer = Buffer::of(chosen, interface, memory.map(|(_, bytes)| bytes))?;
        let allocator = Allocator::of(chosen, data, interface, buffer.is_some())?;
        let output = chosen.output.as_deref().or(data.output);
        let output = output.map(|text| Output::parse(text, interface, chosen.output.is_some()));
        let others = wasmport::exchange::EXTISM_FUNCTIONS.iter().filter_map(|(name, ty)| {
            let mut imports = interface.imports.iter();
            let found = imports.find(|i| i.module == EXTISM && i.name == *name)?;
            let found = match &found.ty {
                ExternType::Func(ty) => ty.without_names().to_string(),
                other => other.to_string(),
            };
            (found != *ty).then_some((name, ty, found))
        });
        if let (Preset::Extism, Some((name, ty, found))) = (data.preset, others.into_iter().next())
        {
            return Err(ApiError::Convention {
                key: "convention.preset",
                message: format!(
                    "{EXTISM:?} {name:?} is `{ty}` for plug-ins of Extism, but it is imported as `{found}`"
                ),
                help: Some(
                    "build the plug-in with a current PDK, or choose another `preset`".into(),
                ),
            });
        }
        let this = Self {
            data,
            memory: memory.map(|(name, _)| name.to_owned()),
            allocator,
            buffer,
            arguments: chosen.arguments.unwrap_or(data.arguments),
            results: chosen.results.or(data.results),
            arguments_freed_by: chosen.arguments_freed_by.unwrap_or(data.arguments_freed_by),
            results_freed_by: chosen.results_freed_by.unwrap_or(data.results_freed_by),
            output: output.transpose()?.flatten(),
            ok: match chosen.ok.as_deref().map(str::trim) {
                None => data.ok,
                Some(">= 0") => None,
                Some(text) => Some(text.parse().map_err(|_| ApiError::Convention {
                    key: "convention.ok",
                    message: format!("`{text}` is no status code"),
                    help: Some("write a number such as `\"0\"`, or `\">= 0\"`".into()),
                })?),
            },
        };
        this.check(settings)?;
        Ok(this)
    }

    /// Refuses choices that contradict each other.
    fn check(&self, settings: &AssetSettings) -> Result<(), ApiError> {
        let chosen = &settings.convention;
        let error = |key, message: &str, help: &str| {
            Err(ApiError::Convention { key, message: message.into(), help: Some(help.into()) })
        };
        if self.has_objects() && (chosen.arguments.or(chosen.results).is_some()) {
            let key = if chosen.arguments.is_some() { ARGUMENTS } else { RESULTS };
            let message = "text and lists of AssemblyScript are objects, which have one form";
            return error(key, message, "remove it, or choose another `preset`");
        }
        if self.has_objects() && self.output.is_some() {
            let message = "text of AssemblyScript is UTF-16, which imports for results do not take";
            return error("convention.output", message, "remove it, or choose another `preset`");
        }
        if self.has_extism() && (self.output.is_some() || self.buffer.is_some()) {
            let key = if self.output.is_some() { "convention.output" } else { "convention.buffer" };
            let message = "the input and output of an Extism plug-in are in a memory of the host's";
            return error(key, message, "remove it, or choose another `preset`");
        }
        let in_buffer = |form: Option<Form>| matches!(form, Some(Form::Len | Form::None));
        let without = "this form needs a buffer of the guest";
        let name = "name the export that has its address with `convention.buffer`";
        if in_buffer(chosen.arguments) && self.buffer.is_none() {
            return error(ARGUMENTS, without, name);
        }
        if in_buffer(chosen.results) && self.buffer.is_none() {
            return error(RESULTS, without, name);
        }
        if chosen.results == Some(Form::None) {
            return error(RESULTS, "a result has a length", "choose another form");
        }
        if self.has_buffer() && self.buffer.as_ref().is_some_and(|buffer| buffer.size.is_none()) {
            return error(
                "convention.buffer",
                "the buffer has no size, and there is no `alloc`",
                "add `buffer-size`: a number of bytes, or the export that has it",
            );
        }
        Ok(())
    }

    /// Whether text and lists are objects of AssemblyScript.
    pub fn has_objects(&self) -> bool {
        self.data.preset == Preset::AssemblyScript
    }

    /// Whether contents are in a memory of the host's.
    pub fn has_extism(&self) -> bool {
        self.data.preset == Preset::Extism
    }

    /// The functions of a module that the runtime implements for every guest: names and types.
    pub fn provided(&self, module: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_of_extism = self.has_extism() && module == EXTISM;
        let functions = is_of_extism.then_some(wasmport::exchange::EXTISM_FUNCTIONS);
        functions.unwrap_or_default().iter().copied()
    }

    /// Whether the runtime implements the import.
    pub fn implements(&self, import: &Import) -> bool {
        let mut provided = self.provided(&import.module);
        let has_it = |(name, ty): (&str, &str)| match &import.ty {
            ExternType::Func(actual) => {
                name == import.name && actual.without_names().to_string() == ty
            }
            _ => false,
        };
        provided.any(has_it) || self.output.as_ref().is_some_and(|output| output.is_it(import))
    }

    /// The definitions of the imports from a module that the runtime implements.
    pub fn definitions(&self, module: &str) -> TokenStream {
        if self.has_extism() && module == EXTISM {
            return quote!(__rt::add_extism_to_linker(linker)?;);
        }
        let output = self.output.as_ref().filter(|output| output.module == module);
        output.map(|output| output.definition(self.memory())).unwrap_or_default()
    }

    /// Whether the guest gives results to an import.
    pub fn has_output(&self) -> bool {
        self.output.is_some()
    }

    /// The import that takes results, as messages name it.
    pub fn output_path(&self) -> String {
        match &self.output {
            Some(output) => output.path(),
            None => format!("{EXTISM}/output_set"),
        }
    }

    /// Whether results are as in the canonical ABI.
    pub fn is_canonical(&self) -> bool {
        self.data.is_canonical
    }

    /// Whether text is returned as a pointer to text that a null ends, if the function's type allows it.
    pub fn has_null_text(&self) -> bool {
        self.data.preset == Preset::C
    }

    /// Whether arguments lie in a buffer.
    pub fn has_buffer(&self) -> bool {
        self.buffer.is_some() && self.allocator.alloc.is_none()
    }

    /// Whether the host frees text and lists after it has passed them.
    pub fn host_frees_arguments(&self) -> bool {
        self.arguments_freed_by == Side::Host
    }

    /// Whether the host frees owned results.
    pub fn host_frees_results(&self) -> bool {
        self.results_freed_by == Side::Host
    }

    /// The name of the runtime type that [`Self::abi`] declares.
    pub fn abi_ident() -> TokenStream {
        quote!(__Abi)
    }

    /// The declaration of the convention for the runtime.
    pub fn abi(&self) -> TokenStream {
        let name = Self::abi_ident();
        let arguments = |function: &Option<Function>, action: Action| -> Vec<Ident> {
            function.as_ref().map(|function| function.arguments(action)).unwrap_or_default()
        };
        let alloc = arguments(&self.allocator.alloc, Action::Allocate);
        let free = arguments(&self.allocator.free, Action::Free);
        let flags = [
            self.has_objects().then(|| quote!(objects)),
            (!self.host_frees_arguments()).then(|| quote!(guest_frees_arguments)),
            self.has_buffer().then(|| quote!(buffer)),
            self.allocator.skips_empty.then(|| quote!(skips_empty)),
            matches!(self.arguments, Form::Len | Form::None).then(|| quote!(at_start)),
        ];
        let flags = flags.into_iter().flatten();
        quote!(__rt::abi! { #name: alloc(#(#alloc),*), free(#(#free),*) #(, #flags)* })
    }

    /// The runtime's description of memory and functions.
    pub fn names(&self) -> TokenStream {
        let name = |function: &Option<Function>| {
            function.as_ref().map(|function| function.name.clone()).unwrap_or_default()
        };
        let (memory, alloc, free) =
            (self.memory(), name(&self.allocator.alloc), name(&self.allocator.free));
        let buffer = self.buffer.as_ref().map_or("", |buffer| &buffer.address);
        let size = Buffer::size_tokens(self.buffer.as_ref());
        quote! {
            __rt::Names {
                memory: #memory, alloc: #alloc, free: #free, buffer: #buffer, buffer_size: #size
            }
        }
    }

    /// The names of the exports that allocate and free.
    pub fn functions(&self) -> Vec<&str> {
        let functions = [&self.allocator.alloc, &self.allocator.free].into_iter().flatten();
        functions.map(|function| function.name.as_str()).collect()
    }

    /// The name of the exported memory.
    pub fn memory(&self) -> &str {
        self.memory.as_deref().unwrap_or_default()
    }

    /// Checks that the guest has what a signature needs.
    pub(super) fn require(&self, signature: &Signature, needs: Needs) -> Result<(), ApiError> {
        let text = || signature.text.clone();
        if needs.memory && self.memory.is_none() {
            return Err(ApiError::NoMemory(text()));
        }
        let needs_alloc = needs.alloc && (needs.is_import || !self.has_buffer());
        for (is_needed, action) in [(needs_alloc, Action::Allocate), (needs.free, Action::Free)] {
            let unusable =
                self.allocator.unusable.iter().find(|(other, ..)| is_needed && *other == action);
            if let Some((_, name, needed)) = unusable {
                return Err(ApiError::UnusableAllocator {
                    text: text(),
                    name: name.clone(),
                    action: action.verb(),
                    needed: needed.clone(),
                });
            }
        }
        if needs_alloc && self.allocator.alloc.is_none() {
            let (action, known) = ("allocates", Some(self.data.alloc));
            return Err(ApiError::NoAllocator { text: text(), action, key: "alloc", known });
        }
        if needs.free && self.allocator.free.is_none() {
            let (action, known) = ("frees", self.data.free);
            return Err(ApiError::NoAllocator { text: text(), action, key: "free", known });
        }
        Ok(())
    }
}

const ARGUMENTS: &str = "convention.arguments";
const RESULTS: &str = "convention.results";

/// The name and largest size of the memory that signatures use: `memory`, or the first one that fits.
fn memory(interface: &Interface) -> Option<(&str, u64)> {
    let fitting = |export: &'_ Export| match &export.ty {
        ExternType::Memory(ty) if !ty.shared && !ty.memory64 => Some(max_bytes(ty)),
        _ => None,
    };
    let mut memories = interface
        .exports
        .iter()
        .filter_map(|export| Some((export.name.as_str(), fitting(export)?)));
    let first = memories.clone().next();
    memories.find(|(name, _)| *name == "memory").or(first)
}

/// The bytes that a memory of 32 bits has at most.
fn max_bytes(ty: &MemoryType) -> u64 {
    let page = 1_u64.checked_shl(ty.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX);
    let all = 1 << 32;
    ty.max.map_or(all, |pages| pages.saturating_mul(page).min(all))
}
