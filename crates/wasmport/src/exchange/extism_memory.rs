//! `ExtismMemory`: the memory of one plug-in that its guest and the host share.

use std::collections::BTreeMap;

/// The largest size, unless the session's limit on memories is lower.
const MAX_BYTES: usize = 256 << 20;

/// The address of the first block: 0 is null.
const START: u64 = 8;

/// The memory that the host has for one plug-in. It is emptied before each call; addresses have 64 bits.
///
/// It behaves like the [kernel](https://github.com/extism/extism/tree/main/kernel) of Extism: addresses out of
/// bounds read as zero, and writes there have no effect.
#[derive(Debug)]
pub(crate) struct ExtismMemory {
    bytes: Vec<u8>,
    /// The length of each block by its address.
    blocks: BTreeMap<u64, u64>,
    max_bytes: usize,
    input: (u64, u64),
    output: Option<(u64, u64)>,
    error: u64,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl ExtismMemory {
    /// Creates an empty memory of at most `limit` bytes, if there is a limit.
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self {
            bytes: Vec::new(),
            blocks: BTreeMap::new(),
            max_bytes: limit.map_or(MAX_BYTES, |limit| limit.min(MAX_BYTES)),
            input: (0, 0),
            output: None,
            error: 0,
            variables: BTreeMap::new(),
        }
    }

    /// Begins a call with `input`. Variables stay.
    ///
    /// Returns false if the input does not fit.
    #[must_use]
    pub(crate) fn begin(&mut self, input: &[u8]) -> bool {
        self.reset();
        self.input = (0, 0);
        self.output = None;
        self.error = 0;
        match self.insert(input) {
            0 if !input.is_empty() => false,
            address => {
                self.input = (address, input.len() as u64);
                true
            }
        }
    }

    /// Returns the output of the call; none if the guest has set none.
    pub(crate) fn output(&self) -> Option<Vec<u8>> {
        let (address, len) = self.output?;
        Some(self.range(address, len).map(<[u8]>::to_vec).unwrap_or_default())
    }

    /// Returns the text of the error that the guest has set.
    pub(crate) fn error(&self) -> Option<String> {
        let text = self.block(self.error)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Forgets all blocks.
    pub(super) fn reset(&mut self) {
        self.bytes.clear();
        self.blocks.clear();
    }

    /// Allocates a block, and returns its address: 0 for no bytes, or if there is no room.
    pub(super) fn alloc(&mut self, len: u64) -> u64 {
        let start = self.bytes.len().next_multiple_of(8);
        let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len));
        match end {
            Some(end) if len > 0 && end <= self.max_bytes => {
                self.bytes.resize(end, 0);
                let address = start as u64 + START;
                let _ = self.blocks.insert(address, len);
                address
            }
            _ => 0,
        }
    }

    /// Allocates a block with a content.
    fn insert(&mut self, content: &[u8]) -> u64 {
        let address = self.alloc(content.len() as u64);
        if let Some(bytes) = self.range_mut(address, content.len() as u64) {
            bytes.copy_from_slice(content);
        }
        address
    }

    /// Frees a block.
    pub(super) fn free(&mut self, address: u64) {
        if let Some(len) = self.blocks.remove(&address) {
            // The last block gives its bytes back; the others do at the end of the call.
            let start = (address - START) as usize;
            if start + len as usize == self.bytes.len() {
                self.bytes.truncate(start);
            }
        }
    }

    /// Returns the length of a block; 0 if there is none.
    pub(super) fn length(&self, address: u64) -> u64 {
        self.blocks.get(&address).copied().unwrap_or_default()
    }

    /// Returns the content of a block.
    fn block(&self, address: u64) -> Option<&[u8]> {
        self.range(address, *self.blocks.get(&address)?)
    }

    fn range(&self, address: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(address.checked_sub(START)?).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
    }

    fn range_mut(&mut self, address: u64, len: u64) -> Option<&mut [u8]> {
        let start = usize::try_from(address.checked_sub(START)?).ok()?;
        self.bytes.get_mut(start..start.checked_add(usize::try_from(len).ok()?)?)
    }

    /// Reads a number of `N` bytes.
    pub(super) fn load<const N: usize>(&self, address: u64) -> [u8; N] {
        self.range(address, N as u64).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    /// Writes a number.
    pub(super) fn store<const N: usize>(&mut self, address: u64, number: [u8; N]) {
        if let Some(bytes) = self.range_mut(address, N as u64) {
            bytes.copy_from_slice(&number);
        }
    }

    /// Returns address and length of the input.
    pub(super) fn input(&self) -> (u64, u64) {
        self.input
    }

    /// Reads a number of `N` bytes from the input.
    pub(super) fn load_input<const N: usize>(&self, offset: u64) -> [u8; N] {
        let (address, len) = self.input;
        match offset.checked_add(N as u64) {
            Some(end) if end <= len => self.load(address + offset),
            _ => [0; N],
        }
    }

    /// Sets the output.
    pub(super) fn set_output(&mut self, address: u64, len: u64) {
        self.output = Some((address, len));
    }

    /// Sets the error.
    pub(super) fn set_error(&mut self, address: u64) {
        self.error = address;
    }

    /// Returns the address of the error that is set.
    pub(super) fn error_address(&self) -> u64 {
        self.error
    }

    /// Returns the number of bytes in use.
    pub(super) fn used(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns the address of a copy of a variable; 0 if there is none of the name.
    pub(super) fn variable(&mut self, name: u64) -> u64 {
        let value = self.block(name).and_then(|name| self.variables.get(name)).cloned();
        value.map_or(0, |value| self.insert(&value))
    }

    /// Sets a variable, or removes it if the address of its value is 0. Variables that do not fit are not set.
    pub(super) fn set_variable(&mut self, name: u64, value: u64) {
        let Some(name) = self.block(name).map(<[u8]>::to_vec) else { return };
        let value = self.block(value).map(<[u8]>::to_vec);
        let _ = self.variables.remove(&name);
        let used: usize = self.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        match value {
            Some(value) if used + name.len() + value.len() <= self.max_bytes => {
                let _ = self.variables.insert(name, value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_input_output_and_error() {
        let mut memory = ExtismMemory::new(None);
        assert!(memory.begin(b"hello"));
        assert_eq!(memory.input().1, 5);
        assert_eq!(memory.load_input::<1>(4), *b"o");
        assert_eq!(memory.load_input::<8>(0), [0; 8], "it has five bytes");
        let address = memory.alloc(3);
        memory.store(address, *b"abc");
        memory.set_output(address, 2);
        memory.set_error(address);
        assert_eq!(memory.output().as_deref(), Some(&b"ab"[..]));
        assert_eq!(memory.error().as_deref(), Some("abc"));
        assert!(memory.begin(b""));
        assert_eq!((memory.output(), memory.error(), memory.used()), (None, None, 0));
    }

    #[test]
    fn addresses_out_of_bounds_read_as_zero() {
        let mut memory = ExtismMemory::new(None);
        for address in [0, 7, 8, u64::MAX, u64::MAX - 3] {
            memory.store(address, [1; 8]);
            assert_eq!(memory.load::<8>(address), [0; 8]);
            assert_eq!(memory.length(address), 0);
            memory.free(address);
            memory.set_output(address, u64::MAX);
            assert_eq!(memory.output().as_deref(), Some(&b""[..]));
        }
    }

    #[test]
    fn it_has_a_limit() {
        let mut memory = ExtismMemory::new(Some(64));
        assert_eq!(memory.alloc(65), 0);
        assert_eq!(memory.alloc(u64::MAX), 0);
        assert_ne!(memory.alloc(64), 0);
        assert_eq!(memory.alloc(1), 0);
        assert!(!memory.begin(&[0; 65]));
        assert!(memory.begin(&[0; 60]));
        let name = memory.input().0;
        memory.set_variable(name, name);
        assert_eq!(memory.variable(name), 0, "name and value are longer together");
    }

    #[test]
    fn variables_stay_from_call_to_call() {
        let mut memory = ExtismMemory::new(None);
        assert!(memory.begin(b"name"));
        let name = memory.input().0;
        memory.set_variable(name, name);
        assert!(memory.begin(b"name"));
        let value = memory.variable(name);
        assert_eq!(memory.block(value), Some(&b"name"[..]));
        memory.set_variable(name, 0);
        assert_eq!(memory.variable(name), 0);
    }
}
