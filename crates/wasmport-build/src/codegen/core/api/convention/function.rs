//! Functions of a convention: `name(role, …)`, checked against the guest's exports.

use super::super::error::ApiError;
use crate::interface::FuncType;
use proc_macro2::Ident;
use quote::format_ident;

/// The service of a guest's function for the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Allocate,
    Free,
}

impl Action {
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Allocate => "allocate",
            Self::Free => "free",
        }
    }

    /// The setting that names the function.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Allocate => "convention.alloc",
            Self::Free => "convention.free",
        }
    }
}

/// The setting that names a function for both actions.
pub(super) const REALLOC: &str = "convention.realloc";

/// The meaning of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Ptr,
    Old,
    Size,
    Align,
    Class,
}

impl Role {
    const ALL: [(&'static str, Self); 5] = [
        ("ptr", Self::Ptr),
        ("old", Self::Old),
        ("size", Self::Size),
        ("align", Self::Align),
        ("class", Self::Class),
    ];
}

/// A function that allocates or frees, with the roles of its parameters.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub name: String,
    roles: Vec<Role>,
    /// Whether it also resizes: a call needs the address and size before.
    resizes: bool,
}

impl Function {
    /// Parses `name(role, …)`. Without parentheses the roles are those of `default`.
    ///
    /// # Errors
    ///
    /// Fails with [`ApiError::Convention`] if a role is unknown or missing.
    pub fn parse(
        text: &str,
        default: &str,
        key: &'static str,
        action: Action,
    ) -> Result<Self, ApiError> {
        let (name, roles) =
            parts(text).or_else(|| Some((text, parts(default)?.1))).unwrap_or((text, ""));
        let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty());
        let roles = roles.map(|text| {
            let known = Role::ALL.iter().find(|(name, _)| *name == text);
            known.map(|(_, role)| *role).ok_or_else(|| ApiError::Convention {
                key,
                message: format!("`{text}` is no role of a parameter"),
                help: Some(
                    "write the function with roles: `ptr`, `old`, `size` and `align`".into(),
                ),
            })
        });
        let roles = roles.collect::<Result<Vec<_>, _>>()?;
        let name_of = |role: &Role| Role::ALL.iter().find(|(_, other)| other == role);
        let again = roles.iter().enumerate().find(|(index, role)| roles[..*index].contains(role));
        if let Some((twice, _)) = again.and_then(|(_, role)| name_of(role)) {
            return Err(ApiError::Convention {
                key,
                message: format!("two parameters of `{text}` have the role `{twice}`"),
                help: Some(format!("write the role of each parameter, such as `{default}`")),
            });
        }
        let needed = match action {
            _ if key == REALLOC => &[("ptr", Role::Ptr), ("size", Role::Size)][..],
            Action::Allocate => &[("size", Role::Size)],
            Action::Free => &[("ptr", Role::Ptr)],
        };
        match needed.iter().find(|(_, role)| !roles.contains(role)) {
            None => {
                let resizes = key == REALLOC || roles.contains(&Role::Old);
                Ok(Self { name: name.trim().to_owned(), roles, resizes })
            }
            Some((role, _)) => Err(ApiError::Convention {
                key,
                message: format!("`{text}` has no parameter with the role `{role}`"),
                help: Some(format!("write the roles of all parameters, such as `{default}`")),
            }),
        }
    }

    /// The arguments of a call, as methods of the runtime's block.
    pub fn arguments(&self, action: Action) -> Vec<Ident> {
        let argument = |role: &Role| match (role, action) {
            (Role::Ptr | Role::Old, Action::Allocate) => "zero",
            (Role::Size, Action::Free) if self.resizes => "zero",
            (Role::Ptr, Action::Free) => "ptr",
            (Role::Old | Role::Size, _) => "size",
            (Role::Align, _) => "align",
            (Role::Class, _) => "class",
        };
        self.roles.iter().map(|role| format_ident!("{}", argument(role))).collect()
    }

    /// Whether a call that frees passes the size, so that an empty value is no block, as in Rust.
    pub fn frees_by_size(&self) -> bool {
        self.arguments(Action::Free).iter().any(|argument| argument == "size")
    }

    /// Whether the runtime can call a function of the type. One that frees may have a result or not, because
    /// nobody uses it.
    pub fn is_callable(&self, ty: &FuncType, action: Action) -> bool {
        let is_i32 = ty.types().all(|ty| ty.to_string() == "i32");
        let has_results = match ty.results.len() {
            0 => action == Action::Free,
            1 => true,
            _ => false,
        };
        is_i32 && ty.params.len() == self.roles.len() && has_results
    }

    /// The type that the function must have, as text.
    pub fn needed_type(&self, action: Action) -> String {
        let params = " (param i32)".repeat(self.roles.len());
        let has_result = action == Action::Allocate || self.resizes;
        format!("(func{params}{})", if has_result { " (result i32)" } else { "" })
    }
}

/// Splits `name(inside)`.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (name, inside) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some((name, inside))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends with a panic")]

    use super::*;

    fn arguments(text: &str, action: Action) -> String {
        let key = action.key();
        let function = Function::parse(text, "malloc(size)", key, action).unwrap();
        let arguments = function.arguments(action);
        format!(
            "{}: {}",
            function.name,
            arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        )
    }

    #[test]
    fn roles_are_arguments() {
        let realloc = "cabi_realloc(ptr, old, align, size)";
        assert_eq!(arguments(realloc, Action::Allocate), "cabi_realloc: zero zero align size");
        assert_eq!(arguments(realloc, Action::Free), "cabi_realloc: ptr size align zero");
        let c = Function::parse("realloc(ptr, size)", "", REALLOC, Action::Free).unwrap();
        assert_eq!(c.arguments(Action::Free), ["ptr", "zero"]);
        assert_eq!(c.arguments(Action::Allocate), ["zero", "size"]);
        assert_eq!(arguments("a (b)(size)", Action::Allocate), "a (b): size");
        assert_eq!(arguments("take", Action::Allocate), "take: size");
        assert_eq!(arguments("drop(ptr, size)", Action::Free), "drop: ptr size");
    }

    #[test]
    fn unknown_missing_and_repeated_roles_are_refused() {
        let error = |text, action: Action| {
            Function::parse(text, "free(ptr)", action.key(), action).unwrap_err().to_string()
        };
        assert_eq!(
            error("malloc(bytes)", Action::Allocate),
            "`convention.alloc`: `bytes` is no role of a parameter"
        );
        assert_eq!(
            error("free(ptr, size, ptr)", Action::Free),
            "`convention.free`: two parameters of `free(ptr, size, ptr)` have the role `ptr`"
        );
        assert_eq!(
            error("free(size)", Action::Free),
            "`convention.free`: `free(size)` has no parameter with the role `ptr`"
        );
    }
}
