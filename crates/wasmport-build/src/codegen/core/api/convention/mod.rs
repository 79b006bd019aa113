//! Convention: how values are passed through the guest's memory, and who allocates and frees there.

mod buffer;
mod function;
mod output;
mod preset;

use super::error::{ApiError, near};
use super::signature::Signature;
use crate::interface::{ExternType, FuncType, Import, Interface, MemoryType};
use crate::settings::{AssetSettings, Form, Preset, Side};
use buffer::Buffer;
use function::{Action, Function, REALLOC};
use output::Output;
use preset::{Data, EXTISM};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The guest's convention, with the exports that it uses.
#[derive(Clone)]
pub(in crate::codegen::core) struct Convention {
    /// The preset that was chosen or recognized.
    data: &'static Data,
    memory: Option<String>,
    alloc: Option<Function>,
    free: Option<Function>,
    buffer: Option<Buffer>,
    /// The functions that the guest has with a type with which they cannot be called.
    unusable: Vec<(Action, String, String)>,
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

impl Convention {
    /// The convention that the settings choose, or that the exports follow.
    ///
    /// # Errors
    ///
    /// Fails if the settings name an export or import that is missing or has the wrong type, or if they
    /// contradict each other.
    pub fn of(interface: &Interface, settings: &AssetSettings) -> Result<Self, ApiError> {
        let chosen = &settings.convention;
        let data = Data::of(chosen.preset, interface);
        let buffer = Buffer::of(chosen, interface)?;
        let mut unusable = Vec::new();
        let is_own = chosen.alloc.is_some() || chosen.realloc.is_some();
        let mut of = |own: &Option<String>, default: &str, action: Action| {
            let (text, key) = match (own, &chosen.realloc) {
                (Some(own), _) => (Some(own), action.key()),
                (None, Some(realloc)) => (Some(realloc), REALLOC),
                (None, None) => (None, action.key()),
            };
            let roles = if key == REALLOC { "realloc(ptr, old, align, size)" } else { default };
            let function = Function::parse(text.map_or(default, |text| text), roles, key, action)?;
            match (exported(interface, &function.name), text) {
                (Some(ty), _) if function.is_callable(ty, action) => Ok(Some(function)),
                (Some(ty), Some(_)) => Err(wrong(key, &function, action, ty)),
                (None, Some(_)) => {
                    let functions = interface.exports.iter();
                    let functions = functions.filter(|e| matches!(e.ty, ExternType::Func(_)));
                    let nearest = near(&function.name, functions.map(|e| e.name.as_str()));
                    Err(ApiError::NoSuchFunction { key, name: function.name, nearest })
                }
                (Some(_), None) => {
                    let needed = function.needed_type(action);
                    unusable.push((action, function.name, needed));
                    Ok(None)
                }
                (None, None) => Ok(None),
            }
        };
        let has_buffer = buffer.is_some() && !is_own;
        let alloc = of(&chosen.alloc, data.alloc, Action::Allocate)?.filter(|_| !has_buffer);
        let free = of(&chosen.free, data.free, Action::Free)?;
        // A buffer needs no function, but results may be allocated.
        let free = free.filter(|_| !has_buffer || chosen.free.is_some());
        if has_buffer {
            unusable.clear();
        }
        let pin = data.pin.map(|name| (name, exported(interface, name)));
        let pins = |ty: &FuncType| ty.without_names().to_string() == PIN_TYPE;
        if let Some((name, found)) = pin
            && !found.is_some_and(pins)
        {
            unusable.push((Action::Allocate, name.to_owned(), PIN_TYPE.to_owned()));
        }
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
            memory: memory(interface),
            alloc,
            free,
            buffer,
            unusable,
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
        self.buffer.is_some() && self.alloc.is_none()
    }

    /// Whether the host frees text and lists after it has passed them.
    pub fn host_frees_arguments(&self) -> bool {
        self.arguments_freed_by == Side::Host
    }

    /// Whether the host frees owned results.
    pub fn host_frees_results(&self) -> bool {
        self.results_freed_by == Side::Host
    }

    /// The name of the runtime type that [`Self::item`] declares.
    pub fn ident() -> TokenStream {
        quote!(__Convention)
    }

    /// The declaration of the convention for the runtime.
    pub fn item(&self) -> TokenStream {
        let name = Self::ident();
        let arguments = |function: &Option<Function>, action: Action| -> Vec<Ident> {
            function.as_ref().map(|function| function.arguments(action)).unwrap_or_default()
        };
        let alloc = arguments(&self.alloc, Action::Allocate);
        let free = arguments(&self.free, Action::Free);
        let flags = [
            self.has_objects().then(|| quote!(objects)),
            (!self.host_frees_arguments()).then(|| quote!(guest_frees_arguments)),
            self.has_buffer().then(|| quote!(buffer)),
            matches!(self.arguments, Form::Len | Form::None).then(|| quote!(at_start)),
        ];
        let flags = flags.into_iter().flatten();
        quote!(__rt::convention! { #name: alloc(#(#alloc),*), free(#(#free),*) #(, #flags)* })
    }

    /// The runtime's description of memory and functions.
    pub fn names(&self) -> TokenStream {
        let name = |function: &Option<Function>| {
            function.as_ref().map(|function| function.name.clone()).unwrap_or_default()
        };
        let (memory, alloc, free) = (self.memory(), name(&self.alloc), name(&self.free));
        let buffer = self.buffer.as_ref().map_or("", |buffer| &buffer.address);
        let size = Buffer::size_tokens(self.buffer.as_ref());
        quote! {
            __rt::Names {
                memory: #memory, alloc: #alloc, free: #free, buffer: #buffer, buffer_size: #size
            }
        }
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
            let unusable = self.unusable.iter().find(|(other, ..)| is_needed && *other == action);
            if let Some((_, name, needed)) = unusable {
                return Err(ApiError::UnusableAllocator {
                    text: text(),
                    name: name.clone(),
                    action: action.verb(),
                    needed: needed.clone(),
                });
            }
        }
        if needs_alloc && self.alloc.is_none() {
            return Err(ApiError::NoAllocator { text: text(), action: "allocates", key: "alloc" });
        }
        if needs.free && self.free.is_none() {
            return Err(ApiError::NoAllocator { text: text(), action: "frees", key: "free" });
        }
        Ok(())
    }
}

const ARGUMENTS: &str = "convention.arguments";
const RESULTS: &str = "convention.results";

/// The type of the function that protects an object.
const PIN_TYPE: &str = "(func (param i32) (result i32))";

/// The type of an exported function.
fn exported<'i>(interface: &'i Interface, name: &str) -> Option<&'i FuncType> {
    let export = interface.exports.iter().find(|export| export.name == name)?;
    match &export.ty {
        ExternType::Func(ty) => Some(ty),
        _ => None,
    }
}

/// The error for a function that the settings name and that cannot be called.
fn wrong(key: &'static str, function: &Function, action: Action, ty: &FuncType) -> ApiError {
    ApiError::WrongAllocator {
        key,
        name: function.name.clone(),
        action: action.verb(),
        needed: function.needed_type(action),
        actual: ty.without_names().to_string(),
    }
}

/// The name of the memory that signatures use: `memory`, or the first one that fits.
fn memory(interface: &Interface) -> Option<String> {
    let fits = |ty: &ExternType| {
        matches!(ty, ExternType::Memory(MemoryType { shared: false, memory64: false, .. }))
    };
    let mut memories = interface.exports.iter().filter(|e| fits(&e.ty)).map(|e| &e.name);
    let first = memories.clone().next();
    memories.find(|name| *name == "memory").or(first).cloned()
}
