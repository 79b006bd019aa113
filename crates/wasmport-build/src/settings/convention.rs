//! `[asset.convention]`: how values in the guest's memory are passed, and who frees them.

use super::table::choices;
use serde::{Deserialize, Serialize};

choices! {
    /// Convention by which text, lists and structs of `api` are passed through the guest's memory.
    ///
    /// Functions are written with the roles of their parameters, such as `malloc(size)`. Without the
    /// parentheses, a function has the parameters of the preset's.
    pub struct Convention {
        /// Convention of a toolchain or product; the other keys change parts of it. Default: recognized by the
        /// exports, else `c`.
        pub preset: Option<Preset>;
        /// Export that allocates, with the roles `size` and `align`, such as `malloc(size)`.
        pub alloc: Option<String>;
        /// Export that allocates, resizes and frees, with the roles `ptr`, `old` (the size before), `align` and
        /// `size`, such as `resize(ptr, old, align, size)`. It serves for `alloc` and `free` if these
        /// are not set.
        pub realloc: Option<String>;
        /// Export that frees, with the roles `ptr`, `size` and `align`, such as `free(ptr)`.
        pub free: Option<String>;
        /// Export with the address of a buffer that the guest has for its arguments: a function without
        /// parameters, or a global. Without `alloc`, arguments are written there, and nothing is allocated.
        pub buffer: Option<String>;
        /// Size of the buffer: a number of bytes such as `"4096"`, or an export that has it.
        pub buffer_size: Option<String>;
        /// Form in which text and lists are passed. Default: the preset's, mostly `ptr, len`.
        pub arguments: Option<Form>;
        /// Form in which text and lists are returned. Default: recognized by the function's type.
        pub results: Option<Form>;
        /// Import that the guest calls with its result, before it returns: module, name and form, such as
        /// `env/copy_records(ptr, len)`. The length is in bytes.
        pub output: Option<String>;
        /// Side that frees text and lists after they were passed. Default: the preset's.
        pub arguments_freed_by: Option<Side>;
        /// Side that frees `String`, `CString` and `Vec` after they were returned. Default: the preset's.
        pub results_freed_by: Option<Side>;
        /// Status code that means success, for functions that return `Result`: a number such as `"0"`, or `">= 0"`.
        /// Default: the preset's, mostly `"0"`.
        pub ok: Option<String>;
    }
}

/// Convention of a toolchain or product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// `malloc` and `free`: the caller owns what it passes and frees what it receives.
    C,
    /// `__wbindgen_malloc` and `__wbindgen_free` of wasm-bindgen: the guest owns what it receives, the host
    /// frees what is returned.
    WasmBindgen,
    /// `__new`, `__pin` and `__unpin`: objects of AssemblyScript's runtime.
    #[serde(rename = "assemblyscript")]
    AssemblyScript,
    /// `cabi_realloc`, as in the component model's canonical ABI.
    CabiRealloc,
    /// TinyGo: `malloc` and `free`; functions return an address in the upper and a length in the lower half of
    /// a number.
    #[serde(rename = "tinygo")]
    TinyGo,
    /// SmartModules of Fluvio: `allocate`, the guest frees its arguments, and gives its result to the import
    /// `env/copy_records`.
    Fluvio,
    /// Plug-ins of Extism: input and output are in a memory of the host's, whose functions the guest imports.
    Extism,
}

/// Form in which the address and the length of text and lists are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Form {
    /// Two numbers, the address first.
    #[serde(rename = "ptr, len")]
    PtrLen,
    /// Two numbers, the length first.
    #[serde(rename = "len, ptr")]
    LenPtr,
    /// One number of 64 bits, with the address in its upper half.
    #[serde(rename = "ptr << 32 | len")]
    PtrHigh,
    /// One number of 64 bits, with the length in its upper half.
    #[serde(rename = "len << 32 | ptr")]
    LenHigh,
    /// The address of the length, a number of 32 bits, which the content follows.
    #[serde(rename = "prefixed")]
    Prefixed,
    /// The length alone: the content is at the beginning of the buffer.
    #[serde(rename = "len")]
    Len,
    /// Nothing: the guest knows the length of what is in the buffer.
    #[serde(rename = "none")]
    None,
}

/// Host or guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Side {
    Host,
    Guest,
}
