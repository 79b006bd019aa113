//! Exports: which get methods, and under which names.

use super::super::api::Shape;
use super::error::PlanError;
use super::items::{ExportKind, PlannedExport, is_wrappable, kind_of, value_kind};
use super::room::Room;
use super::signatures::Signatures;
use crate::codegen::lacking::Lacking;
use crate::codegen::types::parameter_names;
use crate::interface::{Export, ExternType};
use crate::names::{self, Request};
use crate::settings::{AssetSettings, ExternKind, Patterns};
use proc_macro2::Ident;
use quote::format_ident;

/// Methods of every wrapper or session, whose names exports cannot have.
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

/// Further methods of the wrappers of commands.
const RESERVED_OF_COMMANDS: &[&str] = &["run"];

/// The exports with methods, and those without.
pub(super) struct Exports<'a> {
    pub wrapped: Vec<PlannedExport<'a>>,
    pub unwrapped: Vec<&'a Export>,
    pub warnings: Vec<String>,
}

/// Selects the exports that get methods: all, or those chosen, up to a number and as far as there is room.
///
/// # Errors
///
/// Fails if a choice for the exports cannot be followed.
pub(super) fn select<'a>(
    exports: &'a [Export],
    settings: &AssetSettings,
    is_command: bool,
    lacking: &Lacking,
    signatures: &mut Signatures,
    room: &mut Room,
) -> Result<Exports<'a>, PlanError> {
    let patterns = |chosen: &Option<Vec<String>>| Patterns::new(chosen.as_ref());
    let include = patterns(&settings.exports)?;
    let exclude = patterns(&settings.exclude_exports)?;
    let is_chosen = |export: &&Export| {
        is_wrappable(&export.ty)
            && settings.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind_of(&export.ty)))
            && include.matches(&export.name, true)
            && !exclude.matches(&export.name, false)
    };
    let (mut wrapped, mut unwrapped): (Vec<&Export>, Vec<&Export>) =
        exports.iter().partition(is_chosen);
    // Memories, globals and tables are few, and functions are of little use without them.
    let is_func = |export: &&Export| kind_of(&export.ty) == ExternKind::Func;
    let mut by_kind: Vec<usize> = (0..wrapped.len()).collect();
    by_kind.sort_by_key(|index| is_func(&wrapped[*index]));
    let fitting = by_kind.iter().take(settings.max_exports());
    let fitting =
        fitting.take_while(|index| room.take(&wrapped[**index].name, &wrapped[**index].ty));
    let count = fitting.count();
    let mut warnings = Vec::new();
    if count < wrapped.len() {
        let all = wrapped.len();
        wrapped.sort_by_key(is_func);
        warnings.push(format!(
            "it has {all} exports: methods are generated for {count}, functions last, and the program \
             reaches the others by name; choose exports with `exports`, or raise `max-exports` and \
             `limits.max-wrapper-bytes`",
        ));
        unwrapped.extend(wrapped.split_off(count));
    }
    let prefix = settings.prefix.as_deref().unwrap_or_default();
    let wrapped = planned(&wrapped, prefix, is_command, lacking, signatures)?;
    Ok(Exports { wrapped, unwrapped, warnings })
}

fn planned<'a>(
    exports: &[&'a Export],
    prefix: &str,
    is_command: bool,
    lacking: &Lacking,
    signatures: &mut Signatures,
) -> Result<Vec<PlannedExport<'a>>, PlanError> {
    if !prefix.is_empty() && !names::is_identifier(&format!("{prefix}a")) {
        return Err(PlanError::Prefix(prefix.into()));
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
                let shape = signature.take().zip(signatures.convention.as_ref());
                let shape = shape.map(|(signature, convention)| {
                    Shape::of(signature, convention, &export.name, ty).map(Box::new)
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
        let is_optional = lacking.names.contains(&export.name);
        planned.push(PlannedExport {
            name: &export.name,
            ident,
            kind,
            ty: &export.ty,
            is_optional,
        });
    }
    Ok(planned)
}
