//! Signatures of functions, and the types in them.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::Type;

/// The signature of one function.
pub(in crate::codegen::core) struct Signature {
    /// The name of the export or import, if it differs from the identifier.
    pub name: Option<String>,
    pub ident: Ident,
    /// The user's doc comments.
    pub docs: Vec<syn::Attribute>,
    pub params: Vec<(Ident, Ty)>,
    pub result: Ty,
    /// The error of a `Result`, which is returned as a status code.
    pub error: Option<Type>,
    /// The text that the user wrote.
    pub text: String,
    /// Its line in the text of `api`, from 1.
    pub line: usize,
}

/// A type in a signature.
pub(in crate::codegen::core) enum Ty {
    Unit,
    Scalar(Ident),
    /// `&str`, or `String`, which the receiver frees.
    Str {
        owned: bool,
    },
    /// `&CStr`, or `CString`.
    CStr {
        owned: bool,
    },
    /// `&[T]`, or `Vec<T>`.
    List {
        element: Type,
        owned: bool,
    },
    /// `&mut [T]`: copied into the guest and back.
    ListMut(Type),
    /// `&T`.
    Ref(Type),
    /// `&mut T`: copied into the guest and back.
    RefMut(Type),
    /// `Out<T>`: a pointer to room for a result.
    Out(Type),
    /// `Len`: a pointer to room for the length of the result.
    Len,
    /// A plain value, as a result.
    Plain(Type),
    /// `GuestStr`, `GuestSlice<T>`.
    GuestSpan(Type),
    /// `GuestPtr<T>`.
    GuestPtr(Type),
    /// `Option<…>` of a type that is passed by pointer.
    Optional(Box<Ty>),
}

impl Ty {
    /// The type without its `Option`.
    pub fn bare(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }

    /// The core type of a scalar.
    pub(super) fn scalar_core(ident: &Ident) -> &'static str {
        match ident.to_string().as_str() {
            "i64" | "u64" => "i64",
            "f32" => "f32",
            "f64" => "f64",
            _ => "i32",
        }
    }
}

impl std::fmt::Display for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let element =
            |ty: &Type| ty.to_token_stream().to_string().replace(' ', "").replace("__rt::", "");
        match self {
            Self::Unit => f.write_str("()"),
            Self::Scalar(ident) => write!(f, "{ident}"),
            Self::Str { owned: true } => f.write_str("String"),
            Self::Str { owned: false } => f.write_str("&str"),
            Self::CStr { owned: true } => f.write_str("CString"),
            Self::CStr { owned: false } => f.write_str("&CStr"),
            Self::List { element: ty, owned: true } => write!(f, "Vec<{}>", element(ty)),
            Self::List { element: ty, owned: false } => write!(f, "&[{}]", element(ty)),
            Self::ListMut(ty) => write!(f, "&mut [{}]", element(ty)),
            Self::Ref(ty) => write!(f, "&{}", element(ty)),
            Self::RefMut(ty) => write!(f, "&mut {}", element(ty)),
            Self::Out(ty) => write!(f, "Out<{}>", element(ty)),
            Self::Len => f.write_str("Len"),
            Self::Plain(ty) | Self::GuestSpan(ty) | Self::GuestPtr(ty) => f.write_str(&element(ty)),
            Self::Optional(ty) => write!(f, "Option<{ty}>"),
        }
    }
}
