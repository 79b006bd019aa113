//! Shape: the match of a signature with its function's core type.

use super::convention::{Needs, ResolvedConvention};
use super::error::ApiError;
use super::refuse::{check_buffer, refuse, refuse_text_as_error, refuse_wide};
use super::signature::{Signature, Ty};
use crate::interface::FuncType;
use crate::settings::Form;
use proc_macro2::Ident;

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
    /// Address and length in the form that the convention has for results.
    Form(Form),
    /// Nothing: the guest gives the content to an import.
    Output,
    /// A status code; the content is in the memory of an Extism plug-in.
    Extism,
}

/// The signature of an export, matched with its type.
pub(in crate::codegen::core) struct Shape {
    pub signature: Signature,
    /// The form of text and lists as arguments.
    pub arguments: Form,
    pub result: ResultShape,
    pub convention: ResolvedConvention,
}

/// The signature of an import, matched with its type.
pub(in crate::codegen::core) struct HostShape {
    pub signature: Signature,
    /// The form of text and lists as arguments.
    pub arguments: Form,
    pub result: ResultShape,
    pub convention: ResolvedConvention,
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
        convention: &ResolvedConvention,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        let line = signature.line;
        Self::matched(signature, convention, name, ty).map_err(|error| error.at(line))
    }

    fn matched(
        signature: Signature,
        convention: &ResolvedConvention,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        refuse(&signature, convention, |ty| match ty {
            Ty::Plain(_) => Some(BY_REFERENCE),
            Ty::Str { owned: true } | Ty::CStr { owned: true } | Ty::List { owned: true, .. } => {
                Some("is passed by reference: write `&str`, `&CStr` or `&[…]`")
            }
            Ty::GuestSpan(_) | Ty::GuestPtr(_) => Some("is for host functions"),
            _ => None,
        })?;
        let is_number = match signature.result {
            Ty::Scalar(_) => !signature.has_pointers(),
            Ty::Unit => !signature.has_pointers() && ty.results.is_empty(),
            _ => false,
        };
        if convention.has_extism() && !is_number {
            return Self::of_extism(signature, convention, name, ty);
        }
        refuse_text_as_error(&signature)?;
        refuse_wide(&signature, ty)?;
        let (arguments, result) = result_shape(&signature, convention, false, name, ty)?;
        let returns_len = result == ResultShape::Form(Form::Len);
        check_buffer(&signature, convention, arguments, returns_len)?;
        let has_pointers = signature.has_pointers();
        let has_room = matches!(result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst);
        let passes = |is_content: bool| {
            signature.params.iter().any(|(_, ty)| match ty.bare() {
                Ty::Scalar(_) => false,
                Ty::Str { .. } | Ty::CStr { .. } | Ty::List { .. } => is_content,
                _ => !is_content,
            })
        };
        // The host frees what it lends, and what nobody else frees. AssemblyScript's collector frees objects.
        // Nothing is freed in a buffer.
        let frees_arguments = !convention.has_buffer()
            && (has_room || passes(false) || (passes(true) && convention.host_frees_arguments()));
        let is_freed = frees_arguments
            || (is_owned(&signature.result)
                && convention.host_frees_results()
                && !matches!(
                    result,
                    ResultShape::PairBehind | ResultShape::Output | ResultShape::Form(Form::Len)
                ));
        let needs = Needs {
            memory: has_pointers || result != ResultShape::Direct,
            alloc: has_pointers || has_room,
            free: is_freed && !convention.has_objects(),
            is_import: false,
        };
        convention.require(&signature, needs)?;
        Ok(Self { signature, arguments, result, convention: convention.clone() })
    }

    /// Matches the signature of a function of an Extism plug-in: its only argument is the input, its result the output.
    fn of_extism(
        signature: Signature,
        convention: &ResolvedConvention,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        let mismatch = |needed: &str, actual: String| {
            Err(ApiError::Mismatch {
                text: signature.text.clone(),
                needed: needed.into(),
                name: name.into(),
                actual,
            })
        };
        let is_content = |ty: &Ty| matches!(ty, Ty::Str { .. } | Ty::List { .. });
        let other = signature.params.iter().skip(1).map(|(name, _)| name);
        let first = signature.params.iter().find(|(_, ty)| !is_content(ty)).map(|(name, _)| name);
        if let Some(parameter) = first.or(other.into_iter().next()) {
            return Err(ApiError::Parameter {
                text: signature.text.clone(),
                parameter: parameter.to_string(),
                reason: "cannot be passed to a plug-in of Extism, which has one input: write one `&str` or `&[…]`",
            });
        }
        let result = &signature.result;
        if !(matches!(result, Ty::Unit) || (is_content(result.bare()) && is_owned(result))) {
            let (text, result) = (signature.text.clone(), result.to_string());
            return Err(ApiError::Result { text, result });
        }
        if signature.error.is_some() && !signature.has_text_error() {
            return Err(ApiError::ExtismError(signature.text));
        }
        let actual = ty.without_names().to_string();
        let needed = "(func (result i32))";
        if actual != needed {
            return mismatch(needed, actual);
        }
        let (arguments, result) = (Form::None, ResultShape::Extism);
        Ok(Self { signature, arguments, result, convention: convention.clone() })
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
        convention: &ResolvedConvention,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        let line = signature.line;
        Self::matched(signature, convention, name, ty).map_err(|error| error.at(line))
    }

    fn matched(
        signature: Signature,
        convention: &ResolvedConvention,
        name: &str,
        ty: &FuncType,
    ) -> Result<Self, ApiError> {
        refuse(&signature, convention, |ty| match ty {
            Ty::Plain(_) => Some(BY_REFERENCE),
            Ty::Len => Some("is for exports; a host returns `Vec<…>`"),
            _ => None,
        })?;
        refuse_text_as_error(&signature)?;
        refuse_wide(&signature, ty)?;
        if is_borrowed(&signature.result) {
            return Err(ApiError::BorrowedResult(signature.text));
        }
        let (arguments, result) = result_shape(&signature, convention, true, name, ty)?;
        let is_freed = !convention.has_objects();
        let takes = is_freed && signature.params.iter().any(|(_, ty)| is_owned(ty));
        let gives = is_owned(&signature.result);
        let memory = signature.has_pointers() || result != ResultShape::Direct;
        let needs = Needs { memory, alloc: gives, free: takes, is_import: true };
        convention.require(&signature, needs)?;
        Ok(Self {
            signature,
            arguments,
            result,
            convention: convention.clone(),
            allocates: takes || gives,
        })
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

/// The core types of a parameter, of which text and lists have a form.
fn flat(ty: &Ty, form: Form, objects: bool) -> Vec<&'static str> {
    match ty {
        Ty::Unit => vec![],
        Ty::Scalar(ident) => vec![Ty::scalar_core(ident)],
        Ty::Str { .. } | Ty::List { .. } if objects => vec!["i32"],
        Ty::Str { .. } | Ty::List { .. } => form_types(form),
        Ty::ListMut(_) | Ty::GuestSpan(_) => vec!["i32", "i32"],
        Ty::Optional(inner) => flat(inner, form, objects),
        _ => vec!["i32"],
    }
}

/// The core types of a form.
fn form_types(form: Form) -> Vec<&'static str> {
    match form {
        Form::PtrLen | Form::LenPtr => vec!["i32", "i32"],
        Form::PtrHigh | Form::LenHigh => vec!["i64"],
        Form::Prefixed | Form::Len => vec!["i32"],
        _ => vec![],
    }
}

/// The forms that text and lists may have as arguments. Guests of any convention also call imports with two
/// numbers, and know no buffer of the host.
fn forms(convention: &ResolvedConvention, is_import: bool) -> impl Iterator<Item = Form> {
    let chosen = convention.arguments;
    let is_of_buffer = matches!(chosen, Form::Len | Form::None);
    let chosen_too = !(is_import && is_of_buffer);
    let others = is_import && (is_of_buffer || chosen != Form::PtrLen);
    chosen_too.then_some(chosen).into_iter().chain(others.then_some(Form::PtrLen))
}

/// The first form of the arguments and shape of the result with which the signature matches the type.
fn result_shape(
    signature: &Signature,
    convention: &ResolvedConvention,
    is_import: bool,
    name: &str,
    ty: &FuncType,
) -> Result<(Form, ResultShape), ApiError> {
    let params: Vec<String> = ty.params.iter().map(|p| p.ty.to_string()).collect();
    let results: Vec<String> = ty.results.iter().map(ToString::to_string).collect();
    let mut needed = Vec::new();
    let shapes = candidates(signature, convention, is_import)?;
    for (form, shape) in
        forms(convention, is_import).flat_map(|form| shapes.iter().map(move |s| (form, *s)))
    {
        let core = CoreType::of(signature, form, shape, convention);
        if core.params == params && core.results == results {
            return Ok((form, shape));
        }
        if !needed.contains(&core.to_string()) {
            needed.push(core.to_string());
        }
    }
    Err(ApiError::Mismatch {
        text: signature.text.clone(),
        needed: needed.join("` or `"),
        name: name.into(),
        actual: ty.without_names().to_string(),
    })
}

/// The shapes that a signature's result can have.
///
/// # Errors
///
/// Fails if it has none.
fn candidates(
    signature: &Signature,
    convention: &ResolvedConvention,
    is_import: bool,
) -> Result<Vec<ResultShape>, ApiError> {
    use ResultShape as R;
    let has_len = signature.params.iter().any(|(_, ty)| matches!(ty, Ty::Len));
    let has_content = matches!(signature.result.bare(), Ty::Str { .. } | Ty::List { .. });
    let is_content = has_content && !has_len;
    let mut shapes = match signature.result.bare() {
        Ty::Unit | Ty::Scalar(_) => vec![R::Direct],
        Ty::Ref(_) => vec![R::Pointer],
        Ty::Plain(_) => vec![R::ValueAtFirst],
        _ if has_content && has_len => vec![R::WithLen],
        Ty::CStr { .. } => vec![R::Null],
        _ if is_content && convention.has_objects() => vec![R::Object],
        _ if is_content && convention.is_canonical() && is_import => vec![R::PairAtLast, R::Pair],
        _ if is_content && convention.is_canonical() => vec![R::PairBehind, R::Pair],
        Ty::Str { .. } if convention.has_null_text() => vec![R::Null, R::Pair, R::PairAtFirst],
        _ if is_content => vec![R::Pair, R::PairAtFirst],
        _ => {
            let (text, result) = (signature.text.clone(), signature.result.to_string());
            return Err(ApiError::Result { text, result });
        }
    };
    if let Some(form) = convention.results.filter(|_| is_content) {
        match (form, is_import) {
            (Form::PtrLen, _) => shapes = vec![R::Pair],
            // The host has no content in the guest's buffer.
            (Form::Len, true) => {}
            (form, true) => shapes.insert(0, R::Form(form)),
            (form, false) => shapes = vec![R::Form(form)],
        }
    }
    if is_content && !is_import && convention.has_output() && is_owned(&signature.result) {
        // A pointer to text looks like a status code.
        shapes.retain(|shape| *shape != R::Null);
        shapes.insert(0, R::Output);
    }
    if signature.error.is_none() {
        return Ok(shapes);
    }
    let is_integer = |ident: &Ident| !matches!(Ty::scalar_core(ident), "f32" | "f64");
    shapes.retain(|shape| match (shape, &signature.result) {
        (R::Direct, Ty::Unit)
        | (R::ValueAtFirst | R::PairAtFirst | R::PairAtLast | R::Output, _) => true,
        (R::Direct, Ty::Scalar(ident)) => is_integer(ident),
        _ => false,
    });
    if shapes.is_empty() {
        let (text, result) = (signature.text.clone(), signature.result.to_string());
        return Err(ApiError::StatusResult { text, result });
    }
    Ok(shapes)
}

/// The core type that a function has under a signature.
struct CoreType {
    params: Vec<&'static str>,
    results: Vec<&'static str>,
}

impl CoreType {
    fn of(
        signature: &Signature,
        form: Form,
        shape: ResultShape,
        convention: &ResolvedConvention,
    ) -> Self {
        use ResultShape as R;
        let flat = |ty| flat(ty, form, convention.has_objects());
        let mut params: Vec<&str> = signature.params.iter().flat_map(|(_, ty)| flat(ty)).collect();
        let mut results = match shape {
            R::Direct => flat(signature.result.bare()),
            R::Null | R::Pointer | R::PairBehind | R::WithLen | R::Object => vec!["i32"],
            R::Pair => vec!["i32", "i32"],
            R::Form(form) => form_types(form),
            R::Output | R::Extism => vec![],
            R::PairAtFirst | R::ValueAtFirst => {
                params.insert(0, "i32");
                vec![]
            }
            R::PairAtLast => {
                params.push("i32");
                vec![]
            }
        };
        if signature.error.is_some() && results.is_empty() {
            results.push("i32");
        }
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
