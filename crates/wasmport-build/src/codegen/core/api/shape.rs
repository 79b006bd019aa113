//! Shape: the match of a signature with its function's core type.

use super::allocation::Allocation;
use super::allocation::Needs;
use super::error::ApiError;
use super::signature::{Signature, Ty};
use crate::interface::FuncType;
use crate::settings::Convention;

/// How a result is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::codegen::core) enum ResultShape {
    /// One core value, or none.
    Direct,
    /// A pointer to text that a null ends.
    Null,
    /// A pointer to one value.
    Pointer,
    /// Two core values: pointer and length.
    Pair,
    /// Pointer and length, written to the address in the first parameter.
    PairAtFirst,
    /// Pointer and length, written to the address in the last parameter.
    PairAtLast,
    /// A pointer to pointer and length.
    PairBehind,
    /// A pointer; the length is written to the address in the parameter `Len`.
    WithLen,
    /// An AssemblyScript object.
    Object,
    /// A plain value, written to the address in the first parameter.
    ValueAtFirst,
}

/// The signature of an export, matched with its type.
pub(in crate::codegen::core) struct Shape {
    pub signature: Signature,
    pub result: ResultShape,
    pub allocation: Allocation,
}

/// The signature of an import, matched with its type.
pub(in crate::codegen::core) struct HostShape {
    pub signature: Signature,
    pub result: ResultShape,
    pub allocation: Allocation,
    /// Whether the host allocates or frees in the guest.
    pub allocates: bool,
}

impl Shape {
    /// Matches a signature with an export's type.
    ///
    /// # Errors
    ///
    /// Fails if they differ, or if the guest lacks a memory or function that the signature needs.
    pub fn of(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        let line = signature.line;
        Self::matched(signature, allocation, name, ty).map_err(|error| error.at(line))
    }

    fn matched(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        refuse(&signature, allocation, |ty| match ty {
            Ty::Plain(_) => Some(BY_REFERENCE),
            Ty::Str { owned: true } | Ty::CStr { owned: true } | Ty::List { owned: true, .. } => {
                Some("is passed by reference: write `&str`, `&CStr` or `&[…]`")
            }
            Ty::GuestSpan(_) | Ty::GuestPtr(_) => Some("is for host functions"),
            _ => None,
        })?;
        let result = result_shape(&signature, allocation, false, name, ty)?;
        let has_pointers = signature.has_pointers();
        let alloc =
            has_pointers || matches!(result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst);
        // In AssemblyScript and in the canonical ABI the guest frees.
        let host_frees = matches!(allocation.convention, Convention::C | Convention::WasmBindgen);
        let needs = Needs {
            memory: has_pointers || result != ResultShape::Direct,
            alloc,
            free: host_frees && (alloc || is_owned(&signature.result)),
        };
        allocation.require(&signature, needs)?;
        Ok(Self { signature, result, allocation: allocation.clone() })
    }

    /// The most allocations that a call frees.
    pub fn allocations(&self) -> usize {
        let params = self.signature.params.iter().filter(|(_, ty)| !matches!(ty, Ty::Scalar(_)));
        params.count() + 2
    }
}

impl HostShape {
    /// Matches a signature with an import's type.
    ///
    /// # Errors
    ///
    /// Fails if they differ, or if the guest lacks a memory or function that the signature needs.
    pub fn of(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        let line = signature.line;
        Self::matched(signature, allocation, name, ty).map_err(|error| error.at(line))
    }

    fn matched(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        refuse(&signature, allocation, |ty| match ty {
            Ty::Plain(_) => Some(BY_REFERENCE),
            Ty::Len => Some("is for exports; a host returns `Vec<…>`"),
            _ => None,
        })?;
        if is_borrowed(&signature.result) {
            return Err(ApiError::BorrowedResult(signature.text));
        }
        let result = result_shape(&signature, allocation, true, name, ty)?;
        let takes = signature.params.iter().any(|(_, ty)| is_owned(ty));
        let gives = is_owned(&signature.result);
        let memory = signature.has_pointers() || result != ResultShape::Direct;
        allocation.require(&signature, Needs { memory, alloc: gives, free: takes })?;
        Ok(Self { signature, result, allocation: allocation.clone(), allocates: takes || gives })
    }
}

const BY_REFERENCE: &str = "is passed by reference: write `&` before it";

impl Signature {
    /// Whether a parameter is passed by pointer.
    fn has_pointers(&self) -> bool {
        self.params.iter().any(|(_, ty)| !matches!(ty, Ty::Scalar(_)))
    }
}

fn is_borrowed(ty: &Ty) -> bool {
    match ty {
        Ty::Str { owned } | Ty::CStr { owned } | Ty::List { owned, .. } => !owned,
        Ty::Ref(_) => true,
        Ty::Optional(inner) => is_borrowed(inner),
        _ => false,
    }
}

/// Whether the receiver frees a value.
pub(in crate::codegen::core) fn is_owned(ty: &Ty) -> bool {
    match ty {
        Ty::Str { owned } | Ty::CStr { owned } | Ty::List { owned, .. } => *owned,
        Ty::Optional(inner) => is_owned(inner),
        _ => false,
    }
}

/// Refuses parameters that cannot be passed; `why_not` has the reasons that exports and imports do not
/// share.
fn refuse(
    signature: &Signature,
    allocation: &Allocation,
    why_not: impl Fn(&Ty) -> Option<&'static str>,
) -> Result<(), ApiError> {
    let object = allocation.convention == Convention::AssemblyScript;
    for (name, ty) in &signature.params {
        let reason = match ty {
            Ty::Unit => Some("has no value"),
            Ty::ListMut(_) if object => {
                Some("is an object of AssemblyScript, which is not copied back: write `&[…]`")
            }
            other => why_not(other),
        };
        if let Some(reason) = reason {
            let (text, parameter) = (signature.text.clone(), name.to_string());
            return Err(ApiError::Parameter { text, parameter, reason });
        }
    }
    let lens = signature.params.iter().filter(|(_, ty)| matches!(ty, Ty::Len)).count();
    if lens > 1 {
        return Err(ApiError::TwoLens(signature.text.clone()));
    }
    let result = signature.result.bare();
    if lens == 1 && !matches!(result, Ty::Str { .. } | Ty::List { .. }) {
        let result = match result {
            Ty::Unit => "nothing".into(),
            Ty::CStr { .. } => format!("`{result}`, which a null ends"),
            other => format!("`{other}`"),
        };
        return Err(ApiError::LenOfNothing { text: signature.text.clone(), result });
    }
    Ok(())
}

/// The core types of a parameter.
fn flat(ty: &Ty, objects: bool) -> Vec<&'static str> {
    match ty {
        Ty::Unit => vec![],
        Ty::Scalar(ident) => vec![Ty::scalar_core(ident)],
        Ty::Str { .. } | Ty::List { .. } if objects => vec!["i32"],
        Ty::Str { .. } | Ty::List { .. } | Ty::ListMut(_) | Ty::GuestSpan(_) => vec!["i32", "i32"],
        Ty::Optional(inner) => flat(inner, objects),
        _ => vec!["i32"],
    }
}

/// The first shape of the result with which the signature matches the type.
fn result_shape(
    signature: &Signature,
    allocation: &Allocation,
    is_import: bool,
    name: &str,
    ty: &FuncType,
) -> Result<ResultShape, ApiError> {
    let params: Vec<String> = ty.params.iter().map(|p| p.ty.to_string()).collect();
    let results: Vec<String> = ty.results.iter().map(ToString::to_string).collect();
    let mut needed = Vec::new();
    for shape in candidates(signature, allocation.convention, is_import)? {
        let core = CoreType::of(signature, *shape, allocation.convention);
        if core.params == params && core.results == results {
            return Ok(*shape);
        }
        needed.push(core.to_string());
    }
    Err(ApiError::Mismatch {
        text: signature.text.clone(),
        needed: needed.join("` or `"),
        name: name.into(),
        actual: ty.without_names().to_string(),
    })
}

/// The shapes that a signature's result can have.
fn candidates(
    signature: &Signature,
    convention: Convention,
    is_import: bool,
) -> Result<&'static [ResultShape], ApiError> {
    use ResultShape as R;
    let has_len = signature.params.iter().any(|(_, ty)| matches!(ty, Ty::Len));
    Ok(match (signature.result.bare(), convention) {
        (Ty::Unit | Ty::Scalar(_), _) => &[R::Direct],
        (Ty::Ref(_), _) => &[R::Pointer],
        (Ty::Plain(_), _) => &[R::ValueAtFirst],
        (Ty::Str { .. } | Ty::List { .. }, _) if has_len => &[R::WithLen],
        (Ty::CStr { .. }, _) => &[R::Null],
        (Ty::Str { .. } | Ty::List { .. }, Convention::AssemblyScript) => &[R::Object],
        (Ty::Str { .. } | Ty::List { .. }, Convention::CabiRealloc) if is_import => {
            &[R::PairAtLast, R::Pair]
        }
        (Ty::Str { .. } | Ty::List { .. }, Convention::CabiRealloc) => &[R::PairBehind, R::Pair],
        (Ty::Str { .. }, Convention::C) => &[R::Null, R::Pair, R::PairAtFirst],
        (Ty::Str { .. } | Ty::List { .. }, _) => &[R::Pair, R::PairAtFirst],
        _ => {
            let (text, result) = (signature.text.clone(), signature.result.to_string());
            return Err(ApiError::Result { text, result });
        }
    })
}

/// The core type that a function has under a signature.
struct CoreType {
    params: Vec<&'static str>,
    results: Vec<&'static str>,
}

impl CoreType {
    fn of(signature: &Signature, shape: ResultShape, convention: Convention) -> Self {
        use ResultShape as R;
        let objects = convention == Convention::AssemblyScript;
        let mut params: Vec<&str> =
            signature.params.iter().flat_map(|(_, ty)| flat(ty, objects)).collect();
        let results = match shape {
            R::Direct => flat(signature.result.bare(), objects),
            R::Null | R::Pointer | R::PairBehind | R::WithLen | R::Object => vec!["i32"],
            R::Pair => vec!["i32", "i32"],
            R::PairAtFirst | R::ValueAtFirst => {
                params.insert(0, "i32");
                vec![]
            }
            R::PairAtLast => {
                params.push("i32");
                vec![]
            }
        };
        Self { params, results }
    }
}

impl std::fmt::Display for CoreType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(func")?;
        self.params.iter().try_for_each(|ty| write!(f, " (param {ty})"))?;
        self.results.iter().try_for_each(|ty| write!(f, " (result {ty})"))?;
        f.write_str(")")
    }
}
