//! Plan: which imports and exports are wrapped, how, and under which names.

use super::Description;
use super::api::{Allocation, Api, HostShape, Shape, Signature};
use super::types::{is_covered, parameter_names};
use crate::asset_settings::{AssetSettings, ExternKind, Patterns, Visibility};
use crate::interface::{Export, ExternType, FuncType, Import, Interface, MemoryType, ValType};
use crate::names::{self, Request};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the wrapper cannot call a method, because it has one of that name.
const RESERVED: &[&str] = &[
    "new",
    "load",
    "instantiate",
    "instantiate_async",
    "add_to_linker",
    "instance",
    "with_linker",
    "into_session",
];

/// The methods of wrappers of commands.
const RESERVED_OF_COMMANDS: &[&str] = &["run"];

/// For each export that gets methods, 6 parameters and results on the average: a small file can
/// export one function of thousands of parameters under many names.
const TYPES_PER_EXPORT: usize = 6;

pub(super) struct Plan<'a> {
    /// The asset's name.
    pub name: String,
    /// Who sees the items.
    pub vis: TokenStream,
    /// The wrapper's type, with those named after it.
    pub ty: Ident,
    pub pre: Ident,
    pub session: Ident,
    pub values: Ident,
    pub is_async: bool,
    /// The structs of the signatures beyond numbers.
    pub items: TokenStream,
    pub structs: Vec<Ident>,
    pub imports: Vec<ImportModule<'a>>,
    pub exports: Vec<PlannedExport<'a>>,
    /// All exports, as other assets that import them see them.
    pub all_exports: String,
    pub unwrapped_imports: Vec<&'a Import>,
    pub unwrapped_exports: Vec<&'a Export>,
    /// Index and name in the linker of what has no name of its own.
    pub overloads: Vec<(usize, String)>,
    pub is_reactor: bool,
    pub is_command: bool,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A module that the asset imports from.
pub(super) struct ImportModule<'a> {
    pub name: &'a str,
    pub ident: Ident,
    /// Where the host trait of another wrapper is used: its path.
    pub with: Option<syn::Path>,
    pub funcs: Vec<HostFunc<'a>>,
    pub values: Vec<HostValue<'a>>,
    /// All imports from it, as text.
    pub text: String,
}

/// An imported function: a method of the host trait.
pub(super) struct HostFunc<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub params: Vec<Ident>,
    pub ty: &'a FuncType,
    /// Of the import in its module.
    pub index: usize,
    pub is_async: bool,
    pub is_infallible: bool,
    pub traps: bool,
    /// Its signature beyond numbers.
    pub shape: Option<HostShape>,
}

/// An import that is no function: given for each store.
pub(super) struct HostValue<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub kind: ValueKind<'a>,
    pub ty: &'a ExternType,
    /// Of the imports in their module: the same may be imported with several sizes.
    pub indices: Vec<usize>,
}

pub(super) struct PlannedExport<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub kind: ExportKind<'a>,
    pub ty: &'a ExternType,
}

pub(super) enum ExportKind<'a> {
    Func { ty: &'a FuncType, params: Vec<Ident>, shape: Option<Box<Shape>> },
    Global { ty: &'a ValType, setter: Option<Ident> },
    Value(ValueKind<'a>),
}

/// What is neither a function nor, as an export, a number that is read and set.
#[derive(Clone, Copy)]
pub(super) enum ValueKind<'a> {
    Global(&'a ValType),
    Memory,
    SharedMemory,
    Table(&'a ValType),
    Tag(&'a [ValType]),
}

impl<'a> Plan<'a> {
    /// # Errors
    ///
    /// Where what is chosen for the asset cannot be followed.
    pub fn of(asset: &Description<'a>) -> Result<Self, String> {
        let settings = asset.settings;
        let own = asset.module.last().map_or("", String::as_str);
        let ty = match &settings.type_name {
            None => names::type_name(own),
            Some(name) => type_name(name)?,
        };
        let interface = asset.interface;
        let vis = match settings.visibility.unwrap_or_default() {
            Visibility::Public => quote!(pub),
            Visibility::Crate => quote!(pub(crate)),
        };
        let [ty, pre, session, values] =
            ["", "Pre", "Session", "Imports"].map(|suffix| format_ident!("{ty}{suffix}"));
        let mut signatures = Signatures::of(interface, settings, &vis)?;
        signatures.check_names(&[&ty, &pre, &session, &values])?;
        let overloads = Overloads::of(interface);
        let (imports, unwrapped_imports) =
            imports(interface, settings, &overloads, &mut signatures)?;
        let is_command = exports_procedure(interface, "_start");
        let Exports { wrapped: exports, unwrapped: unwrapped_exports, warnings } =
            select(&interface.exports, settings, is_command, &mut signatures)?;
        signatures.check_all_are_used()?;
        let all_exports = if interface.exports.len() > settings.max_exports() {
            exports.iter().map(|e| interface_line(e.name, e.ty)).collect()
        } else {
            interface.exports.iter().map(|e| interface_line(&e.name, &e.ty)).collect()
        };
        Ok(Self {
            name: asset.module.join("/"),
            vis,
            ty,
            pre,
            session,
            values,
            is_async: settings.is_async(),
            items: signatures.items,
            structs: signatures.structs,
            imports,
            exports,
            all_exports,
            unwrapped_imports,
            unwrapped_exports,
            overloads: overloads.list(),
            is_reactor: exports_procedure(interface, "_initialize") && !is_command,
            is_command,
            warnings,
        })
    }

    /// The modules of which there are values to be given.
    pub fn value_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.values.is_empty())
    }

    /// The modules of which there are functions to be implemented.
    pub fn host_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.funcs.is_empty())
    }

    /// How the guest allocates, where exports have signatures that need it.
    pub fn allocation(&self) -> Option<&Allocation> {
        self.exports.iter().find_map(|export| match &export.kind {
            ExportKind::Func { shape: Some(shape), .. } => Some(&shape.allocation),
            _ => None,
        })
    }

    /// Whether types of host functions can only be had from the module.
    pub fn needs_module(&self) -> bool {
        self.imports.iter().any(ImportModule::needs_module)
    }

    /// Each export's name with its method's.
    pub fn methods(&self) -> HashMap<&'a str, String> {
        self.exports.iter().map(|e| (e.name, e.ident.to_string())).collect()
    }
}

impl ImportModule<'_> {
    /// Whether types of its functions can only be had from the module.
    pub fn needs_module(&self) -> bool {
        self.funcs.iter().any(|func| func.ty.nominal)
    }
}

/// A type's name that the user chose.
fn type_name(name: &str) -> Result<String, String> {
    let is_camel = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && names::type_name(name) == name;
    match is_camel {
        true => Ok(name.into()),
        false => Err(format!("`{name}` is no name of a type: write it as in `MyPlugin`")),
    }
}

fn exports_procedure(interface: &Interface, name: &str) -> bool {
    interface.exports.iter().any(|export| {
        let ExternType::Func(ty) = &export.ty else { return false };
        export.name == name && ty.types().next().is_none()
    })
}

fn kind_of(ty: &ExternType) -> ExternKind {
    match ty {
        ExternType::Func(_) => ExternKind::Func,
        ExternType::Global { .. } => ExternKind::Global,
        ExternType::Memory(_) => ExternKind::Memory,
        ExternType::Table { .. } => ExternKind::Table,
        ExternType::Tag { .. } => ExternKind::Tag,
    }
}

/// Whether the wrapper has types for all of it.
fn is_wrappable(ty: &ExternType) -> bool {
    match ty {
        ExternType::Func(func) => func.types().all(is_covered),
        ExternType::Global { ty, .. } => is_covered(ty),
        ExternType::Table { element, .. } => is_covered(element),
        ExternType::Tag { params } => params.iter().all(is_covered),
        ExternType::Memory(_) => true,
    }
}

fn value_kind(ty: &ExternType) -> Option<ValueKind<'_>> {
    Some(match ty {
        ExternType::Func(_) => return None,
        ExternType::Global { ty, .. } => ValueKind::Global(ty),
        ExternType::Memory(MemoryType { shared: true, .. }) => ValueKind::SharedMemory,
        ExternType::Memory(_) => ValueKind::Memory,
        ExternType::Table { element, .. } => ValueKind::Table(element),
        ExternType::Tag { params } => ValueKind::Tag(params),
    })
}

/// An import or export as the runtime's `support::interface` reads it.
pub(super) fn interface_line(name: &str, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(func) if func.nominal => format!("{name:?} (func nominal)\n"),
        other => format!("{name:?} {}\n", other.without_names()),
    }
}

struct Exports<'a> {
    wrapped: Vec<PlannedExport<'a>>,
    unwrapped: Vec<&'a Export>,
    warnings: Vec<String>,
}

/// The exports that get methods: all, or those chosen, up to a number.
fn select<'a>(
    exports: &'a [Export],
    settings: &AssetSettings,
    is_command: bool,
    signatures: &mut Signatures,
) -> Result<Exports<'a>, String> {
    let include = Patterns::new(settings.exports.as_ref())?;
    let exclude = Patterns::new(settings.exclude_exports.as_ref())?;
    let is_chosen = |export: &&Export| {
        is_wrappable(&export.ty)
            && settings.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind_of(&export.ty)))
            && include.matches(&export.name, true)
            && !exclude.matches(&export.name, false)
    };
    let (mut wrapped, mut unwrapped): (Vec<&Export>, Vec<&Export>) =
        exports.iter().partition(is_chosen);
    let room = room(&wrapped, settings.max_exports());
    let mut warnings = Vec::new();
    if room < wrapped.len() {
        warnings.push(format!(
            "it has {} exports: methods are generated for the first {room}, the others are reached \
             by name; choose them with `exports`, or raise `max-exports`",
            wrapped.len()
        ));
        unwrapped.extend(wrapped.split_off(room));
    }
    let prefix = settings.prefix.as_deref().unwrap_or_default();
    let wrapped = planned(&wrapped, prefix, is_command, signatures)?;
    Ok(Exports { wrapped, unwrapped, warnings })
}

/// How many of `exports` get methods: not more than `max`, and not those with too many types.
fn room(exports: &[&Export], max: usize) -> usize {
    let mut types = 0_usize;
    let sizes = exports.iter().take(max).map(|export| match &export.ty {
        ExternType::Func(ty) => ty.types().count(),
        _ => 1,
    });
    sizes
        .take_while(|size| {
            types += size;
            // One wide function alone is fine.
            types <= max.max(64) * TYPES_PER_EXPORT
        })
        .count()
}

fn planned<'a>(
    exports: &[&'a Export],
    prefix: &str,
    is_command: bool,
    signatures: &mut Signatures,
) -> Result<Vec<PlannedExport<'a>>, String> {
    if !prefix.is_empty() && !names::is_identifier(&format!("{prefix}a")) {
        return Err(format!("no method's name can begin with `{prefix}`"));
    }
    let is_mutable = |e: &&&Export| matches!(e.ty, ExternType::Global { mutable: true, .. });
    let mutable = exports.iter().filter(is_mutable);
    let funcs = exports.iter().map(|e| (e.name.as_str(), matches!(e.ty, ExternType::Func(_))));
    let mut chosen = signatures.for_exports(funcs)?;
    // Methods and setters share one namespace.
    let requests: Vec<Request> = exports
        .iter()
        .zip(&chosen)
        .map(|(export, signature)| match signature {
            Some(signature) => Request::new(&signature.ident.to_string()).keyed_by(&export.name),
            None => Request::new(&export.name),
        })
        .chain(mutable.map(|e| Request::setter_of(&e.name)))
        .collect();
    let own = if is_command { RESERVED_OF_COMMANDS } else { &[] };
    let reserved: Vec<&str> = RESERVED.iter().chain(own).copied().collect();
    let mut idents = names::snake_case(&requests, &reserved)
        .into_iter()
        .map(|name| format_ident!("{prefix}{name}"));
    let methods: Vec<Ident> = idents.by_ref().take(exports.len()).collect();
    let mut planned = Vec::new();
    for ((export, ident), signature) in exports.iter().zip(methods).zip(&mut chosen) {
        let kind = match &export.ty {
            ExternType::Func(ty) => {
                let shape = signature.take().map(|signature| {
                    Shape::of(signature, signatures.allocation()?, &export.name, ty).map(Box::new)
                });
                let shape = shape.transpose()?;
                ExportKind::Func { ty, params: parameter_names(ty), shape }
            }
            ExternType::Global { ty, mutable } => {
                ExportKind::Global { ty, setter: mutable.then(|| idents.next()).flatten() }
            }
            other => match value_kind(other) {
                Some(kind) => ExportKind::Value(kind),
                None => continue,
            },
        };
        planned.push(PlannedExport { name: &export.name, ident, kind, ty: &export.ty });
    }
    Ok(planned)
}

/// The user's signatures that are not yet a function's.
struct Signatures {
    items: TokenStream,
    structs: Vec<Ident>,
    exports: Vec<Signature>,
    imports: Vec<(String, Vec<Signature>)>,
    allocation: Option<Allocation>,
}

impl Signatures {
    fn of(
        interface: &Interface,
        settings: &AssetSettings,
        vis: &TokenStream,
    ) -> Result<Self, String> {
        let Some(api) = Api::of(interface, settings)? else {
            return Ok(Self {
                items: TokenStream::new(),
                structs: Vec::new(),
                exports: Vec::new(),
                imports: Vec::new(),
                allocation: None,
            });
        };
        Ok(Self {
            items: api.items(vis, settings)?,
            structs: api.structs.iter().map(|item| item.ident.clone()).collect(),
            exports: api.exports,
            imports: api.imports,
            allocation: Some(api.allocation),
        })
    }

    /// Refuses a struct of a name that the wrapper has already.
    fn check_names(&self, taken: &[&Ident]) -> Result<(), String> {
        let is_taken = |ident: &&Ident| taken.contains(ident) || *ident == "ASSET";
        match self.structs.iter().find(is_taken) {
            None => Ok(()),
            Some(ident) => Err(format!("`api`: the wrapper itself has something called `{ident}`")),
        }
    }

    fn allocation(&self) -> Result<&Allocation, String> {
        self.allocation.as_ref().ok_or_else(|| "there are signatures without an `api`".into())
    }

    /// For each export, by name and whether it is a function, its signature.
    fn for_exports<'e>(
        &mut self,
        exports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, String> {
        take(&mut self.exports, exports, "export")
    }

    /// For each import from a module, by name and whether it is a function, its signature.
    fn for_imports<'e>(
        &mut self,
        module: &str,
        imports: impl Iterator<Item = (&'e str, bool)>,
    ) -> Result<Vec<Option<Signature>>, String> {
        let Some(index) = self.imports.iter().position(|(name, _)| name == module) else {
            return Ok(imports.map(|_| None).collect());
        };
        let (_, mut signatures) = self.imports.swap_remove(index);
        take(&mut signatures, imports, &format!("import from {module:?}"))
    }

    fn check_all_are_used(&self) -> Result<(), String> {
        match self.imports.first() {
            None => Ok(()),
            Some((module, _)) => Err(format!(
                "`api` has signatures for the module {module:?}, of which nothing is imported"
            )),
        }
    }
}

/// Gives each signature to the function of its name, or to the one whose identifier it is.
fn take<'e>(
    signatures: &mut Vec<Signature>,
    functions: impl Iterator<Item = (&'e str, bool)>,
    what: &str,
) -> Result<Vec<Option<Signature>>, String> {
    let functions: Vec<(&str, bool)> = functions.collect();
    let requests: Vec<Request> = functions.iter().map(|(name, _)| Request::new(name)).collect();
    let idents = if signatures.is_empty() { Vec::new() } else { names::snake_case(&requests, &[]) };
    let mut taken: Vec<Option<Signature>> = functions.iter().map(|_| None).collect();
    for signature in signatures.drain(..) {
        let ident = signature.ident.to_string();
        let wanted = signature.name.as_deref().unwrap_or(&ident);
        let mut found = functions.iter().position(|(name, _)| *name == wanted);
        if found.is_none() && signature.name.is_none() {
            found = idents.iter().position(|i| *i == ident);
        }
        match found {
            Some(index) if !functions[index].1 => {
                return Err(format!("the {what} {wanted:?} is no function: it has no signature"));
            }
            Some(index) if taken[index].is_some() => {
                return Err(format!("the {what} {wanted:?} has two signatures"));
            }
            Some(index) => taken[index] = Some(signature),
            None => {
                return Err(format!(
                    "the signature `{}` names no {what} with a method: {wanted:?}",
                    signature.text
                ));
            }
        }
    }
    Ok(taken)
}

/// Names that are imported at several types, of which a linker holds only one each.
struct Overloads<'a> {
    names: HashSet<(&'a str, &'a str)>,
    interface: &'a Interface,
}

impl<'a> Overloads<'a> {
    fn of(interface: &'a Interface) -> Self {
        let mut types: HashMap<(&str, &str), String> = HashMap::new();
        let mut overloads = HashSet::new();
        for import in &interface.imports {
            let key = (&*import.module, &*import.name);
            let ty = Self::type_text(&import.ty);
            if types.insert(key, ty.clone()).is_some_and(|other| other != ty) {
                overloads.insert(key);
            }
        }
        Self { names: overloads, interface }
    }

    /// What tells types apart: sizes do not, because one memory can satisfy several.
    fn type_text(ty: &ExternType) -> String {
        match ty {
            ExternType::Memory(memory) => format!("memory {}", memory.shared),
            ExternType::Table { element, .. } => format!("table {element}"),
            other => other.without_names().to_string(),
        }
    }

    /// The import's name in linkers.
    fn link_name(&self, import: &Import) -> String {
        if self.names.contains(&(&*import.module, &*import.name)) {
            format!("{} {}", import.name, Self::type_text(&import.ty))
        } else {
            import.name.clone()
        }
    }

    /// Every import that is the same thing of the host as this one.
    fn same_as(&self, import: &Import) -> Vec<usize> {
        let is_same = |other: &Import| {
            other.module == import.module && self.link_name(other) == self.link_name(import)
        };
        let imports = self.interface.imports.iter().enumerate();
        imports.filter(|(_, other)| is_same(other)).map(|(index, _)| index).collect()
    }

    /// What tells the methods for one name apart: its types.
    fn method_name(&self, import: &Import) -> String {
        if !self.names.contains(&(&*import.module, &*import.name)) {
            return import.name.clone();
        }
        let types: Vec<String> = match &import.ty {
            ExternType::Func(ty) => ty.types().map(ToString::to_string).collect(),
            ExternType::Global { ty, .. } => vec![ty.to_string()],
            other => vec![format!("{:?}", kind_of(other))],
        };
        format!("{}-{}", import.name, types.join("-"))
    }

    fn list(&self) -> Vec<(usize, String)> {
        let imports = self.interface.imports.iter().enumerate();
        imports
            .filter(|(_, i)| self.names.contains(&(&*i.module, &*i.name)))
            .map(|(index, import)| (index, self.link_name(import)))
            .collect()
    }
}

type Imports<'a> = (Vec<ImportModule<'a>>, Vec<&'a Import>);

fn imports<'a>(
    interface: &'a Interface,
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
) -> Result<Imports<'a>, String> {
    let (wrapped, unwrapped): (Vec<_>, Vec<_>) =
        interface.imports.iter().enumerate().partition(|(_, i)| is_wrappable(&i.ty));
    let mut modules: BTreeMap<&str, Vec<(usize, &Import)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (index, import) in wrapped {
        // The same imported twice is one thing of the host.
        if seen.insert((&import.module, overloads.link_name(import))) {
            modules.entry(&import.module).or_default().push((index, import));
        }
    }
    let requests: Vec<Request> = modules.keys().map(|name| Request::new(name)).collect();
    let idents = names::snake_case(&requests, &[]);
    let planned: Result<Vec<_>, String> = modules
        .into_iter()
        .zip(idents)
        .map(|((name, imports), ident)| {
            import_module(name, &ident, &imports, settings, overloads, signatures)
        })
        .collect();
    let planned = planned?;
    let with = settings.with.iter().flatten().map(|(name, _)| name);
    for name in with {
        if !planned.iter().any(|module| module.name == name) {
            return Err(format!("`with` names the module `{name}`, of which nothing is imported"));
        }
    }
    Ok((planned, unwrapped.into_iter().map(|(_, import)| import).collect()))
}

fn import_module<'a>(
    name: &'a str,
    ident: &str,
    imports: &[(usize, &'a Import)],
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
) -> Result<ImportModule<'a>, String> {
    let waits = Patterns::new(settings.async_imports.as_ref())?;
    let infallible = Patterns::new(settings.infallible_imports.as_ref())?;
    let traps = Patterns::new(settings.trap_imports.as_ref())?;
    let funcs = imports.iter().map(|(_, i)| (i.name.as_str(), matches!(i.ty, ExternType::Func(_))));
    let chosen = signatures.for_imports(name, funcs)?;
    let requests: Vec<Request> = imports
        .iter()
        .zip(&chosen)
        .map(|((_, import), signature)| {
            let text = match signature {
                Some(signature) => signature.ident.to_string(),
                None => overloads.method_name(import),
            };
            Request::new(&text).keyed_by(&overloads.link_name(import))
        })
        .collect();
    let mut module = ImportModule {
        name,
        ident: format_ident!("{ident}"),
        with: settings.with.iter().flatten().find(|(key, _)| *key == name).map(path).transpose()?,
        funcs: Vec::new(),
        values: Vec::new(),
        text: imports.iter().map(|(_, i)| interface_line(&i.name, &i.ty)).collect(),
    };
    let idents = names::snake_case(&requests, &[]);
    for (((index, import), ident), signature) in imports.iter().zip(idents).zip(chosen) {
        let (name, ident) = (import.name.as_str(), format_ident!("{ident}"));
        let link_name = overloads.link_name(import);
        match &import.ty {
            ExternType::Func(ty) => {
                let pattern_name = format!("{}/{name}", import.module);
                let traps = traps.matches(&pattern_name, false);
                let shape = signature
                    .map(|signature| HostShape::of(signature, signatures.allocation()?, name, ty));
                module.funcs.push(HostFunc {
                    name,
                    link_name,
                    ident,
                    params: parameter_names(ty),
                    ty,
                    index: *index,
                    is_async: waits.matches(&pattern_name, false),
                    // What may trap can fail.
                    is_infallible: !traps && infallible.matches(&pattern_name, false),
                    traps,
                    shape: shape.transpose()?,
                });
            }
            other => {
                let Some(kind) = value_kind(other) else { continue };
                let indices = overloads.same_as(import);
                module.values.push(HostValue { name, link_name, ident, kind, ty: other, indices });
            }
        }
    }
    if module.with.is_some() && module.needs_module() {
        return Err(format!(
            "`with` cannot replace the module `{name}`: it has functions whose types belong to the \
             asset alone"
        ));
    }
    Ok(module)
}

fn path((name, path): (&String, &String)) -> Result<syn::Path, String> {
    syn::parse_str(path)
        .map_err(|e| format!("`with` has no path of a module for `{name}`, but `{path}`: {e}"))
}
