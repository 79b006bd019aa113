//! The input and the output of code generation: one asset's description, and its wrapper.

use super::crate_path::CratePath;
use crate::interface::Interface;
use crate::project::manifest::ArtifactEntry;
use crate::settings::{AssetSettings, Settings, Visibility};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use std::path::Path;
use wasmport::engine::RequiredFeatures;
use wasmport::{Digest, EngineConfig};

/// The input of code generation for one asset.
#[derive(Clone, Copy)]
pub(crate) struct Description<'a> {
    pub path: &'a Path,
    /// The source file relative to its root.
    pub source: &'a str,
    pub source_digest: Digest,
    /// Whether the wrapper is for code that arrives while the program runs, and not for this file's.
    pub is_interface: bool,
    /// Whether it is one version of an interface with several.
    pub is_version: bool,
    /// The Rust modules that lead to the wrapper, its own last.
    pub module: &'a [String],
    pub wasmtime: &'a str,
    pub engine: &'a EngineConfig,
    pub features: RequiredFeatures,
    pub artifacts: &'a [ArtifactEntry],
    pub embed: bool,
    /// The path of the `wasmport` crate in the wrapper.
    pub crate_path: &'a CratePath,
    pub interface: &'a Interface,
    pub settings: &'a AssetSettings,
    /// The settings of the project, for the places of choices.
    pub project: &'a Settings,
}

impl Description<'_> {
    /// The asset's name: its path below the import root, without extension.
    pub fn name(&self) -> String {
        self.module.join("/")
    }

    /// The file that is imported, or the file or world that describes an interface.
    pub fn origin(&self) -> &str {
        // Sources of interfaces end with their names, so that no two are alike.
        let name = self.source.strip_suffix(self.own_module());
        let described = name.and_then(|source| source.strip_suffix('#'));
        described.filter(|_| self.is_interface).unwrap_or(self.source)
    }

    /// The name of the wrapper's own module.
    pub fn own_module(&self) -> &str {
        self.module.last().map_or("", String::as_str)
    }

    /// The visibility of the generated items.
    pub fn visibility(&self) -> TokenStream {
        match self.settings.visibility.unwrap_or_default() {
            Visibility::Public => quote!(pub),
            Visibility::Crate => quote!(pub(crate)),
        }
    }
}

/// The generated wrapper of one asset.
pub(crate) struct Wrapper {
    /// The Rust source file.
    pub source: String,
    /// The name of each export's method.
    pub methods: HashMap<String, String>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}
