//! `Exchange`: contents that a guest and its host pass each other beside parameters and results.

use super::extism_memory::ExtismMemory;

/// Contents that a guest and its host pass each other beside parameters and results, by the
/// [conventions](https://docs.rs/wasmport-build) `output` and `extism`.
#[derive(Debug, Default)]
pub struct Exchange {
    /// The result that the guest has given to an import during the running call; none if no call with such a
    /// result runs.
    pub(crate) output: Option<Option<Vec<u8>>>,
    extism: Option<Box<ExtismMemory>>,
    /// The largest size of memories in bytes.
    max_memory: Option<usize>,
}

impl Exchange {
    /// Creates an empty one, which holds at most `max_memory` bytes for an Extism plug-in and its variables.
    #[must_use]
    pub fn with_max_memory(max_memory: Option<usize>) -> Self {
        Self { max_memory, ..Self::default() }
    }

    /// Begins a call whose result the guest gives to an import. Returns the result of the outer call.
    pub(crate) fn begin_output(&mut self) -> Option<Option<Vec<u8>>> {
        self.output.replace(None)
    }

    /// Ends the call, and returns its result.
    pub(crate) fn end_output(&mut self, outer: Option<Option<Vec<u8>>>) -> Option<Vec<u8>> {
        std::mem::replace(&mut self.output, outer).flatten()
    }

    /// Returns the memory of an Extism plug-in.
    pub(crate) fn extism(&mut self) -> &mut ExtismMemory {
        let max = self.max_memory;
        self.extism.get_or_insert_with(|| Box::new(ExtismMemory::new(max)))
    }
}

/// Data of a store with an [`Exchange`]. That of a session has one; for a store of your own, implement it for its
/// data.
pub trait GuestExchange {
    /// Returns the exchange of the store's guest.
    fn exchange(&mut self) -> &mut Exchange;
}
