//! Recognition of imports from WASI preview 1.

use super::items::{Import, Interface};
use super::{ExternType, FuncType, Param, ValType};

/// The module that core modules import preview 1 from.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// The module's name before preview 1, when some functions had other signatures.
pub(crate) const BEFORE_PREVIEW_1: &str = "wasi_unstable";

/// The only function that does not return.
const EXIT: &str = "proc_exit";

/// The [functions](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md), each with
/// its parameters: `i` is an `i32`, `l` an `i64`. They return an `i32`, the error.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    (EXIT, "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

impl Import {
    /// Returns whether it is a function of preview 1, with that function's type.
    pub(crate) fn is_wasi(&self) -> bool {
        let ExternType::Func(FuncType { params, results, nominal: false }) = &self.ty else {
            return false;
        };
        let function = FUNCTIONS.iter().find(|(name, _)| *name == self.name);
        self.module == PREVIEW_1
            && function.is_some_and(|(name, types)| {
                let letters = params.iter().map(|Param { ty, .. }| match ty {
                    ValType::I32 => 'i',
                    ValType::I64 => 'l',
                    _ => '-',
                });
                let returns: &[ValType] = if *name == EXIT { &[] } else { &[ValType::I32] };
                letters.eq(types.chars()) && results == returns
            })
    }
}

impl Interface {
    /// Returns whether it imports functions of preview 1. Components import WASI through their world.
    #[must_use]
    pub fn imports_wasi(&self) -> bool {
        self.imports.iter().any(Import::is_wasi)
    }
}

#[cfg(test)]
#[cfg(feature = "preinit")]
mod tests {
    use super::*;
    use wasmtime::{Engine, Linker, Store, ValType as Val};

    /// The table has all functions that Wasmtime defines, and no others.
    #[test]
    fn the_functions_are_those_of_wasmtime() {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        let context = wasmtime_wasi::WasiCtxBuilder::new().build_p1();
        let mut store = Store::new(&engine, context);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |context| context).unwrap();
        let mut defined: Vec<String> = Vec::new();
        for (module, name, item) in linker.iter(&mut store).collect::<Vec<_>>() {
            let ty = item.into_func().unwrap().ty(&store);
            let ty_of = |ty| match ty {
                Val::I32 => ValType::I32,
                Val::I64 => ValType::I64,
                other => panic!("{other}"),
            };
            let params = ty.params().map(|ty| Param { name: None, ty: ty_of(ty) }).collect();
            let results = ty.results().map(ty_of).collect();
            let ty = ExternType::Func(FuncType { params, results, nominal: false });
            let mut import = Import { module: module.into(), name: name.into(), ty };
            assert!(import.is_wasi(), "{import:?}");
            defined.push(import.name.clone());
            let ExternType::Func(func) = &mut import.ty else { unreachable!() };
            func.params.push(Param { name: None, ty: ValType::F32 });
            assert!(!import.is_wasi(), "{import:?}");
        }
        defined.sort();
        let mut known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(defined, known);
    }
}
