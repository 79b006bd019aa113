//! The import to which a guest gives its results while it is called.

use super::super::error::{ApiError, near};
use super::function::parts;
use crate::interface::{ExternType, FuncType, Import, Interface};
use crate::settings::Form;
use proc_macro2::TokenStream;
use quote::quote;

/// An import that takes results.
#[derive(Clone)]
pub(super) struct Output {
    pub module: String,
    pub name: String,
    form: Form,
    /// Whether it returns a number, which is 0 then.
    has_result: bool,
}

const KEY: &str = "convention.output";

/// The forms of results that an import takes, with the types of their parameters.
const FORMS: [(&str, Form, &[&str]); 4] = [
    ("ptr, len", Form::PtrLen, &["i32", "i32"]),
    ("len, ptr", Form::LenPtr, &["i32", "i32"]),
    ("ptr << 32 | len", Form::PtrHigh, &["i64"]),
    ("len << 32 | ptr", Form::LenHigh, &["i64"]),
];

impl Output {
    /// Parses `module/name(ptr, len)`. An import that is missing is an error only if it `must_exist`.
    ///
    /// # Errors
    ///
    /// Fails if the form is unknown, or the import is missing or has another type.
    pub fn parse(
        text: &str,
        interface: &Interface,
        must_exist: bool,
    ) -> Result<Option<Self>, ApiError> {
        let error = |message: String, help: Option<String>| {
            Err(ApiError::Convention { key: KEY, message, help })
        };
        let syntax =
            || Some("write module, name and form, such as `env/copy_records(ptr, len)`".into());
        let (path, inside) = parts(text).unwrap_or((text, "ptr, len"));
        let inside: String = inside.split_whitespace().collect();
        let is_it = |(text, ..): &&(&str, Form, &[&str])| text.replace(' ', "") == inside;
        let Some((_, form, params)) = FORMS.iter().find(is_it) else {
            return error(format!("`{text}` has no known form of a result"), syntax());
        };
        let Some((module, name)) = path.rsplit_once('/') else {
            return error(format!("`{text}` names no module"), syntax());
        };
        let is_it = |import: &&Import| import.module == module && import.name == name;
        let Some(import) = interface.imports.iter().find(is_it) else {
            if !must_exist {
                return Ok(None);
            }
            let known: Vec<String> =
                interface.imports.iter().map(|i| format!("{}/{}", i.module, i.name)).collect();
            let nearest = near(path, known.iter().map(String::as_str));
            let help = nearest.as_deref().map(crate::error::did_you_mean).or_else(syntax);
            return error(format!("the asset imports no {path:?}"), help);
        };
        match &import.ty {
            ExternType::Func(ty) if fits(ty, params) => Ok(Some(Self {
                module: module.to_owned(),
                name: name.to_owned(),
                form: *form,
                has_result: !ty.results.is_empty(),
            })),
            other => {
                let params: String = params.iter().map(|ty| format!(" (param {ty})")).collect();
                let message =
                    format!("it needs a function `(func{params})`, but {path:?} is `{other}`");
                error(message, Some("write the form in which the guest calls it".into()))
            }
        }
    }

    /// Whether the import takes the results.
    pub fn is_it(&self, import: &Import) -> bool {
        import.module == self.module && import.name == self.name
    }

    /// The import's module and name, for messages.
    pub fn path(&self) -> String {
        format!("{}/{}", self.module, self.name)
    }

    /// The definition in the linker, with the name of the guest's memory.
    pub fn definition(&self, memory: &str) -> TokenStream {
        let Self { module, name, form, has_result } = self;
        let params = match form {
            Form::PtrHigh | Form::LenHigh => quote!(packed: i64),
            Form::LenPtr => quote!(len: i32, ptr: i32),
            _ => quote!(ptr: i32, len: i32),
        };
        let unpack = match form {
            Form::PtrHigh => quote!(let (ptr, len) = __rt::unpack(packed);),
            Form::LenHigh => quote!(let (len, ptr) = __rt::unpack(packed);),
            _ => TokenStream::new(),
        };
        let done = has_result.then(|| quote!(.map(|()| 0)));
        quote! {
            __rt::func(
                linker, #module, #name, |data| data,
                |access: &mut __rt::Access<'_, T, T>, #params| {
                    #unpack
                    __rt::store_output(access, #memory, ptr, len) #done
                },
            )?;
        }
    }
}

fn fits(ty: &FuncType, params: &[&str]) -> bool {
    let is_it = ty.params.iter().map(|param| param.ty.to_string()).eq(params.iter().copied());
    is_it
        && (ty.results.is_empty()
            || ty.results.iter().map(ToString::to_string).eq(["i32".to_owned()]))
}
