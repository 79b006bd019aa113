//! `Allocator`: the guest's functions that allocate and free.

use super::super::error::{ApiError, near};
use super::function::{Action, Function, REALLOC};
use super::preset::Data;
use crate::error::did_you_mean;
use crate::interface::{ExternType, FuncType, Interface};
use crate::settings;

/// The guest's functions that allocate and free, as far as it has them.
#[derive(Clone, Default)]
pub(super) struct Allocator {
    pub alloc: Option<Function>,
    pub free: Option<Function>,
    /// Whether empty values are no blocks, also if the guest exports no function that frees.
    pub skips_empty: bool,
    /// The functions that the guest has with a type with which they cannot be called.
    pub unusable: Vec<(Action, String, String)>,
}

impl Allocator {
    /// The functions that the settings or the preset `data` name.
    ///
    /// # Errors
    ///
    /// Fails if the settings name an export that is missing or has the wrong type.
    pub fn of(
        chosen: &settings::Convention,
        data: &Data,
        interface: &Interface,
        has_buffer: bool,
    ) -> Result<Self, ApiError> {
        if chosen.realloc.is_some() && chosen.alloc.is_some() && chosen.free.is_some() {
            return Err(ApiError::Convention {
                key: REALLOC,
                message: "it is never called, because `alloc` and `free` are set".into(),
                help: Some("remove it, or one of the others".into()),
            });
        }
        let alloc = Named::of(chosen, &chosen.alloc, Some(data.alloc), Action::Allocate)?;
        let free = Named::of(chosen, &chosen.free, data.free, Action::Free)?;
        let mut this = Self {
            skips_empty: data.is_canonical
                || free.as_ref().is_none_or(|free| free.function.frees_by_size()),
            ..Self::default()
        };
        this.alloc = this.found(alloc, Action::Allocate, interface)?;
        this.free = this.found(free, Action::Free, interface)?;
        if has_buffer && chosen.alloc.is_none() && chosen.realloc.is_none() {
            // A buffer needs no function, but results may be allocated.
            this.alloc = None;
            this.free = this.free.filter(|_| chosen.free.is_some());
            this.unusable.clear();
        }
        if let Some(name) = data.pin {
            let pins = |ty: &FuncType| ty.without_names().to_string() == PIN_TYPE;
            if !exported(interface, name).is_some_and(pins) {
                this.unusable.push((Action::Allocate, name.to_owned(), PIN_TYPE.to_owned()));
            }
        }
        Ok(this)
    }

    /// Returns the function if the guest exports it with a type with which it can be called.
    fn found(
        &mut self,
        named: Option<Named>,
        action: Action,
        interface: &Interface,
    ) -> Result<Option<Function>, ApiError> {
        let Some(Named { function, key }) = named else { return Ok(None) };
        match (exported(interface, &function.name), key) {
            (Some(ty), _) if function.is_callable(ty, action) => Ok(Some(function)),
            (Some(ty), Some(key)) => Err(ApiError::WrongAllocator {
                key,
                action: action.verb(),
                needed: function.needed_type(action),
                actual: ty.without_names().to_string(),
                name: function.name,
            }),
            (None, Some(key)) => Err(missing(interface, &function.name, key)),
            (Some(_), None) => {
                let needed = function.needed_type(action);
                self.unusable.push((action, function.name, needed));
                Ok(None)
            }
            (None, None) => Ok(None),
        }
    }
}

/// A function that the settings or a preset name.
struct Named {
    function: Function,
    /// The setting, if it is not the preset that names it.
    key: Option<&'static str>,
}

impl Named {
    /// Parses the function for an action: that of its own setting, else that of `realloc`, else that of the preset.
    fn of(
        chosen: &settings::Convention,
        own: &Option<String>,
        preset: Option<&'static str>,
        action: Action,
    ) -> Result<Option<Self>, ApiError> {
        let (text, key, roles) = match (own, &chosen.realloc, preset) {
            (Some(own), ..) => (own.as_str(), Some(action.key()), preset.unwrap_or("free(ptr)")),
            (None, Some(realloc), _) => {
                (realloc.as_str(), Some(REALLOC), "realloc(ptr, old, align, size)")
            }
            (None, None, Some(preset)) => (preset, None, preset),
            (None, None, None) => return Ok(None),
        };
        let function = Function::parse(text, roles, key.unwrap_or(action.key()), action)?;
        Ok(Some(Self { function, key }))
    }
}

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

/// The error for a function that the settings name and the guest does not export.
fn missing(interface: &Interface, name: &str, key: &'static str) -> ApiError {
    let import = interface.imports.iter().find(|import| import.name == name);
    let other = interface.exports.iter().find(|export| export.name == name);
    let functions = interface.exports.iter().filter(|e| matches!(e.ty, ExternType::Func(_)));
    let message = match (other, import) {
        (Some(other), _) => format!("the export {name:?} is `{}`, not a function", other.ty),
        (None, Some(import)) => {
            format!("{name:?} is imported from {:?}, not exported", import.module)
        }
        (None, None) => format!("the asset exports no function {name:?}"),
    };
    let help = match near(name, functions.map(|export| export.name.as_str())) {
        Some(nearest) => did_you_mean(&nearest),
        None => {
            "name an exported function with the roles of its parameters, such as `malloc(size)`"
                .into()
        }
    };
    ApiError::Convention { key, message, help: Some(help) }
}
