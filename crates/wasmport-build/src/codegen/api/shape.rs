//! Shape: how a signature lies over the function's core type; the two must agree.

use super::{Allocation, Signature, Ty, mismatch};
use crate::interface::FuncType;
use crate::settings::Convention;

/// How an export's result comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::codegen) enum ResultShape {
    /// As one core value, or none.
    Direct,
    /// Text that a null ends, by its pointer.
    Null,
    /// A pointer to one value.
    Pointer,
    /// Pointer and length as two results.
    Pair,
    /// Pointer and length, written to the place that the first parameter points to.
    PairAtFirst,
    /// Pointer and length, written to the place that the last parameter points to.
    PairAtLast,
    /// A pointer to pointer and length.
    PairBehind,
    /// A pointer, with the length in the place that the parameter `Len` points to.
    WithLen,
    /// An AssemblyScript object.
    Object,
    /// A plain value, written to the place that the first parameter points to.
    ValueAtFirst,
}

/// A signature of an export that fits its type.
pub(in crate::codegen) struct Shape {
    pub signature: Signature,
    pub result: ResultShape,
    pub allocation: Allocation,
}

/// A signature of an import that fits its type.
pub(in crate::codegen) struct HostShape {
    pub signature: Signature,
    pub result: ResultShape,
    pub allocation: Allocation,
    /// Whether the host allocates or frees in the guest.
    pub allocates: bool,
}

impl Shape {
    /// Lays a signature over an export's type.
    ///
    /// # Errors
    ///
    /// Where they do not agree, or the guest lacks what the signature needs.
    pub fn of(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, String> {
        refuse(&signature, allocation, |ty| match ty {
            Ty::Plain(_) => Some("is passed by reference: write `&` before it"),
            Ty::Str { owned: true } | Ty::CStr { owned: true } | Ty::List { owned: true, .. } => {
                Some("is passed by reference: write `&str`, `&CStr` or `&[…]`")
            }
            Ty::GuestSpan(_) | Ty::GuestPtr(_) => Some("is for host functions"),
            _ => None,
        })?;
        let result = result_shape(&signature, allocation, false, name, ty)?;
        let needs = Needs::of(&signature, result);
        let alloc = needs.arguments
            || matches!(result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst);
        // What nobody frees is lost with each call; AssemblyScript and the canonical ABI have others
        // to free it.
        let must_free = allocation.convention == Convention::C
            || allocation.convention == Convention::WasmBindgen;
        allocation.require(&signature, needs.memory, alloc, must_free && (alloc || needs.frees))?;
        Ok(Self { signature, result, allocation: allocation.clone() })
    }

    /// How many allocations a call frees at most.
    pub fn allocations(&self) -> usize {
        let params = self.signature.params.iter().filter(|(_, ty)| !matches!(ty, Ty::Scalar(_)));
        params.count() + 2
    }
}

impl HostShape {
    /// Lays a signature over an import's type.
    ///
    /// # Errors
    ///
    /// Where they do not agree, or the guest lacks what the signature needs.
    pub fn of(
        signature: Signature,
        allocation: &Allocation,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, String> {
        refuse(&signature, allocation, |ty| match ty {
            Ty::Plain(_) => Some("is passed by reference: write `&` before it"),
            Ty::Len => Some("is for exports; a host returns `Vec<…>`"),
            _ => None,
        })?;
        let borrows = |ty: &Ty| {
            matches!(
                ty,
                Ty::Str { owned: false }
                    | Ty::CStr { owned: false }
                    | Ty::List { owned: false, .. }
                    | Ty::Ref(_)
            )
        };
        let borrowed = match &signature.result {
            Ty::Optional(inner) => borrows(inner),
            other => borrows(other),
        };
        if borrowed {
            return Err(format!(
                "the signature `{}` returns a reference, but what a host function returns is the \
                 guest's: write `String`, `CString` or `Vec<…>`",
                signature.text
            ));
        }
        let result = result_shape(&signature, allocation, true, name, ty)?;
        let needs = Needs::of(&signature, result);
        let takes = signature.params.iter().any(|(_, ty)| is_owned(ty));
        let gives = is_owned(&signature.result);
        allocation.require(&signature, needs.memory, gives, takes)?;
        Ok(Self { signature, result, allocation: allocation.clone(), allocates: takes || gives })
    }
}

/// Whether it is the receiver's to free.
pub(super) fn is_owned(ty: &Ty) -> bool {
    match ty {
        Ty::Str { owned } | Ty::CStr { owned } | Ty::List { owned, .. } => *owned,
        Ty::Optional(inner) => is_owned(inner),
        _ => false,
    }
}

/// What a signature needs of the guest.
struct Needs {
    memory: bool,
    arguments: bool,
    frees: bool,
}

impl Needs {
    fn of(signature: &Signature, result: ResultShape) -> Self {
        let arguments = signature.params.iter().any(|(_, ty)| !matches!(ty, Ty::Scalar(_)));
        Self {
            memory: arguments || result != ResultShape::Direct,
            arguments,
            frees: is_owned(&signature.result),
        }
    }
}

fn refuse(
    signature: &Signature,
    allocation: &Allocation,
    why_not: impl Fn(&Ty) -> Option<&'static str>,
) -> Result<(), String> {
    let object = allocation.convention == Convention::AssemblyScript;
    for (name, ty) in &signature.params {
        let why = match ty {
            Ty::Unit => Some("has no value"),
            Ty::ListMut(_) if object => {
                Some("is an object of AssemblyScript, which is copied once")
            }
            other => why_not(other),
        };
        if let Some(why) = why {
            return Err(format!(
                "the signature `{}`: the parameter `{name}` {why}",
                signature.text
            ));
        }
    }
    let lens = signature.params.iter().filter(|(_, ty)| matches!(ty, Ty::Len)).count();
    if lens > 1 {
        return Err(format!("the signature `{}` has more than one `Len`", signature.text));
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

/// The first shape of the result under which signature and type agree.
fn result_shape(
    signature: &Signature,
    allocation: &Allocation,
    is_import: bool,
    name: &str,
    ty: &FuncType,
) -> Result<ResultShape, String> {
    use ResultShape as R;
    let convention = allocation.convention;
    let has_len = signature.params.iter().any(|(_, ty)| matches!(ty, Ty::Len));
    let bare = match &signature.result {
        Ty::Optional(inner) => inner,
        other => other,
    };
    let candidates: &[R] = match (bare, convention) {
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
            return Err(format!(
                "the signature `{}`: `{}` cannot be returned",
                signature.text, signature.result
            ));
        }
    };
    let objects = convention == Convention::AssemblyScript;
    let middle: Vec<&str> = signature.params.iter().flat_map(|(_, ty)| flat(ty, objects)).collect();
    let mut needed = Vec::new();
    for shape in candidates {
        let mut params = middle.clone();
        let results = match shape {
            R::Direct => flat(bare, objects),
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
        let is_so = |types: &[&str], core: &mut dyn Iterator<Item = String>| {
            core.eq(types.iter().map(|ty| (*ty).to_owned()))
        };
        if is_so(&params, &mut ty.params.iter().map(|p| p.ty.to_string()))
            && is_so(&results, &mut ty.results.iter().map(ToString::to_string))
        {
            return Ok(*shape);
        }
        let params: String = params.iter().map(|ty| format!(" (param {ty})")).collect();
        let results: String = results.iter().map(|ty| format!(" (result {ty})")).collect();
        needed.push(format!("(func{params}{results})"));
    }
    Err(mismatch(signature, &needed.join("` or `"), name, ty))
}
