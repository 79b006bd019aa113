//! Sections of a module: copied, lengthened, removed and added.

use wasm_encoder::Encode as _;
use wasmparser::{BinaryReader, Parser, Result};

/// The sections of a module in their order, each with its identifier and its content.
pub(super) struct Sections(Vec<(u8, Vec<u8>)>);

/// Identifiers of sections.
pub(super) mod id {
    pub const CUSTOM: u8 = 0;
    pub const TYPE: u8 = 1;
    pub const FUNCTION: u8 = 3;
    pub const GLOBAL: u8 = 6;
    pub const EXPORT: u8 = 7;
    pub const START: u8 = 8;
    pub const CODE: u8 = 10;
}

/// The order of sections by their identifiers: tags come before globals, and the number of data segments before code.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

impl Sections {
    /// Reads the sections of a valid module.
    pub fn of(wasm: &[u8]) -> Result<Self> {
        let mut sections = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Some((id, range)) = payload?.as_section() {
                sections.push((id, wasm.get(range).unwrap_or_default().to_vec()));
            }
        }
        Ok(Self(sections))
    }

    /// Appends `count` encoded items to a section, which is added if the module has none.
    pub fn append(&mut self, id: u8, count: u32, items: &[u8]) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let Some((_, content)) = self.0.iter_mut().find(|(own, _)| *own == id) else {
            let mut content = Vec::new();
            count.encode(&mut content);
            content.extend_from_slice(items);
            let place = self.0.iter().position(|(own, _)| rank(*own) > rank(id));
            self.0.insert(place.unwrap_or(self.0.len()), (id, content));
            return Ok(());
        };
        let mut reader = BinaryReader::new(content, 0);
        let before = reader.read_var_u32()?;
        let mut longer = Vec::with_capacity(content.len() + items.len() + 1);
        (before + count).encode(&mut longer);
        longer.extend_from_slice(content.get(reader.current_position()..).unwrap_or_default());
        longer.extend_from_slice(items);
        *content = longer;
        Ok(())
    }

    /// Removes a section.
    pub fn remove(&mut self, id: u8) {
        self.0.retain(|(own, _)| *own != id);
    }

    /// Replaces the content of a section that the module has.
    pub fn replace(&mut self, id: u8, new: Vec<u8>) {
        for (_, content) in self.0.iter_mut().filter(|(own, _)| *own == id) {
            content.clone_from(&new);
        }
    }

    /// Returns the module.
    pub fn into_wasm(self) -> Vec<u8> {
        let mut wasm = wasm_encoder::Module::HEADER.to_vec();
        for (id, content) in self.0 {
            wasm.push(id);
            content.encode(&mut wasm);
        }
        wasm
    }
}

/// Returns the place of a section among those that are not custom.
fn rank(id: u8) -> Option<usize> {
    if id == id::CUSTOM {
        return None;
    }
    ORDER.iter().position(|own| *own == id)
}
