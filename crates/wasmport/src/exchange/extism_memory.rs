//! `ExtismMemory`: the memory of one plug-in that its guest and the host share.

use crate::error::{Error, ValueError};
use std::collections::BTreeMap;
use std::mem;

/// The largest size, unless the session's limit on memories is lower.
const MAX_BYTES: usize = 256 << 20;

/// The address of the first block: 0 is null.
const START: u64 = 8;

/// The bytes that an entry of a map counts for, apart from its content.
const ENTRY: usize = 128;

/// The memory that the host has for one plug-in. Each call has an empty one; addresses have 64 bits. All calls that run
/// and the variables have one bound together.
///
/// It behaves like the [kernel](https://github.com/extism/extism/tree/main/kernel) of Extism: addresses out of
/// bounds read as zero, and writes there have no effect.
#[derive(Debug)]
pub(crate) struct ExtismMemory {
    call: Call,
    max_bytes: usize,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The size of all variables, and of the calls around the running one.
    other_bytes: usize,
}

/// The memory of one call.
#[derive(Debug, Default)]
pub(crate) struct Call {
    bytes: Vec<u8>,
    /// The length of each block by its address.
    blocks: BTreeMap<u64, u64>,
    input: (u64, u64),
    output: Option<(u64, u64)>,
    error: u64,
}

impl ExtismMemory {
    /// Creates an empty memory of at most `limit` bytes, if there is a limit.
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self {
            call: Call::default(),
            max_bytes: limit.map_or(MAX_BYTES, |limit| limit.min(MAX_BYTES)),
            variables: BTreeMap::new(),
            other_bytes: 0,
        }
    }

    /// Begins a call with `input`, and returns the memory of the outer call. Variables stay.
    ///
    /// # Errors
    ///
    /// Fails with [`ValueError::ExtismMemoryFull`] if the input does not fit.
    pub(crate) fn begin(&mut self, input: &[u8]) -> Result<Call, Error> {
        let outer = mem::take(&mut self.call);
        self.other_bytes += outer.size();
        match self.insert(input) {
            0 if !input.is_empty() => {
                self.other_bytes -= outer.size();
                self.call = outer;
                Err(self.is_full(input.len()))
            }
            address => {
                self.call.input = (address, input.len() as u64);
                Ok(outer)
            }
        }
    }

    /// Ends the call: returns its output, and the text of its error, which are none if the guest has set none.
    pub(crate) fn end(&mut self, outer: Call) -> (Option<Vec<u8>>, Option<String>) {
        self.other_bytes -= outer.size();
        let call = mem::replace(&mut self.call, outer);
        let output = call
            .output
            .map(|(address, len)| call.range(address, len).map(<[u8]>::to_vec).unwrap_or_default());
        let error = call.block(call.error).map(|text| String::from_utf8_lossy(text).into_owned());
        (output, error)
    }

    /// Forgets all blocks, and with them input, output and error.
    pub(super) fn reset(&mut self) {
        self.call = Call::default();
    }

    /// Allocates a block, and returns its address: 0 for no bytes, or if there is no room.
    pub(super) fn alloc(&mut self, len: u64) -> u64 {
        let Call { bytes, blocks, .. } = &mut self.call;
        let start = bytes.len().next_multiple_of(8);
        let end = usize::try_from(len).ok().and_then(|len| start.checked_add(len));
        let others = blocks.len().saturating_mul(ENTRY).saturating_add(self.other_bytes);
        let fits = |end: &usize| end.saturating_add(others) <= self.max_bytes;
        match end.filter(fits) {
            Some(end) if len > 0 && bytes.try_reserve(end - bytes.len()).is_ok() => {
                bytes.resize(end, 0);
                let address = start as u64 + START;
                let _ = blocks.insert(address, len);
                address
            }
            _ => 0,
        }
    }

    /// Allocates a block with a content.
    fn insert(&mut self, content: &[u8]) -> u64 {
        let address = self.alloc(content.len() as u64);
        if let Some(bytes) = self.call.range_mut(address, content.len() as u64) {
            bytes.copy_from_slice(content);
        }
        address
    }

    /// Frees a block.
    pub(super) fn free(&mut self, address: u64) {
        let Call { bytes, blocks, .. } = &mut self.call;
        if let Some(len) = blocks.remove(&address) {
            // The last block gives its bytes back; the others do at the end of the call.
            let start = (address - START) as usize;
            if start + len as usize == bytes.len() {
                bytes.truncate(start);
            }
        }
    }

    /// Returns the length of a block; 0 if there is none.
    pub(super) fn length(&self, address: u64) -> u64 {
        self.call.blocks.get(&address).copied().unwrap_or_default()
    }

    /// Reads a number of `N` bytes.
    pub(super) fn load<const N: usize>(&self, address: u64) -> [u8; N] {
        self.call.range(address, N as u64).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    /// Writes a number.
    pub(super) fn store<const N: usize>(&mut self, address: u64, number: [u8; N]) {
        if let Some(bytes) = self.call.range_mut(address, N as u64) {
            bytes.copy_from_slice(&number);
        }
    }

    /// Returns address and length of the input.
    pub(super) fn input(&self) -> (u64, u64) {
        self.call.input
    }

    /// Reads a number of `N` bytes from the input.
    pub(super) fn load_input<const N: usize>(&self, offset: u64) -> [u8; N] {
        let (address, len) = self.call.input;
        match offset.checked_add(N as u64) {
            Some(end) if end <= len => self.load(address + offset),
            _ => [0; N],
        }
    }

    /// Sets the output.
    pub(super) fn set_output(&mut self, address: u64, len: u64) {
        self.call.output = Some((address, len));
    }

    /// Sets the error.
    pub(super) fn set_error(&mut self, address: u64) {
        self.call.error = address;
    }

    /// Returns the address of the error that is set.
    pub(super) fn error_address(&self) -> u64 {
        self.call.error
    }

    /// Returns the number of bytes in use.
    pub(super) fn used(&self) -> u64 {
        self.call.bytes.len() as u64
    }

    /// Returns the address of a copy of a variable; 0 if there is none of the name.
    pub(super) fn variable(&mut self, name: u64) -> u64 {
        let value = self.call.block(name).and_then(|name| self.variables.get(name)).cloned();
        value.map_or(0, |value| self.insert(&value))
    }

    /// Sets a variable, or removes it if the address of its value is 0.
    ///
    /// # Errors
    ///
    /// Fails with [`ValueError::ExtismMemoryFull`] if it does not fit, and leaves the earlier value.
    pub(super) fn set_variable(&mut self, name: u64, value: u64) -> Result<(), Error> {
        let Some(name) = self.call.block(name).map(<[u8]>::to_vec) else { return Ok(()) };
        let size = |value: &Vec<u8>| name.len() + value.len() + ENTRY;
        let before = self.variables.get(&name).map_or(0, size);
        let value = self.call.block(value).map(<[u8]>::to_vec);
        let bytes = value.as_ref().map_or(0, size);
        let others = self.other_bytes - before;
        // What is removed or gets smaller fits, whatever the call holds.
        if bytes > before && others + bytes + self.call.size() > self.max_bytes {
            return Err(self.is_full(bytes));
        }
        self.other_bytes = others + bytes;
        match value {
            Some(value) => drop(self.variables.insert(name, value)),
            None => drop(self.variables.remove(&name)),
        }
        Ok(())
    }

    #[cold]
    fn is_full(&self, bytes: usize) -> Error {
        let (bytes, limit) = (bytes as u64, self.max_bytes as u64);
        Error::Value(ValueError::ExtismMemoryFull { bytes, limit })
    }
}

impl Call {
    /// Returns the bytes that the call holds.
    fn size(&self) -> usize {
        self.bytes.len() + self.blocks.len() * ENTRY
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends with a panic")]

    use super::*;

    #[test]
    fn a_call_has_input_output_and_error() {
        let mut memory = ExtismMemory::new(None);
        let outer = memory.begin(b"hello").unwrap();
        assert_eq!(memory.input().1, 5);
        assert_eq!(memory.load_input::<1>(4), *b"o");
        assert_eq!(memory.load_input::<8>(0), [0; 8], "it has five bytes");
        let address = memory.alloc(3);
        memory.store(address, *b"abc");
        memory.set_output(address, 2);
        memory.set_error(address);
        let inner = memory.begin(b"inner").unwrap();
        assert_eq!(memory.load_input::<5>(0), *b"inner");
        assert_eq!(memory.end(inner), (None, None));
        assert_eq!(memory.load_input::<5>(0), *b"hello", "the outer call goes on");
        assert_eq!(memory.end(outer), (Some(b"ab".to_vec()), Some("abc".to_owned())));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn addresses_out_of_bounds_read_as_zero() {
        let mut memory = ExtismMemory::new(None);
        for address in [0, 7, 8, u64::MAX, u64::MAX - 3] {
            let outer = memory.begin(b"").unwrap();
            memory.store(address, [1; 8]);
            assert_eq!(memory.load::<8>(address), [0; 8]);
            assert_eq!(memory.length(address), 0);
            memory.free(address);
            memory.set_output(address, u64::MAX);
            assert_eq!(memory.end(outer).0.as_deref(), Some(&b""[..]));
        }
    }

    #[test]
    fn it_has_a_limit() {
        let mut memory = ExtismMemory::new(Some(256));
        assert_eq!(memory.alloc(257), 0);
        assert_eq!(memory.alloc(u64::MAX), 0);
        assert_ne!(memory.alloc(100), 0);
        assert_ne!(memory.alloc(8), 0);
        assert_eq!(memory.alloc(1), 0, "blocks count too");
        assert!(memory.begin(&[0; 257]).is_err());
        assert_ne!(memory.length(START), 0, "the call goes on");
    }

    #[test]
    fn calls_and_variables_have_one_limit() {
        let mut memory = ExtismMemory::new(Some(1000));
        let outer = memory.begin(&[1; 400]).unwrap();
        let name = memory.alloc(8);
        memory.set_variable(name, name).unwrap();
        // Its input and a name, which are two blocks, and a variable.
        let used = 408 + 2 * ENTRY + 16 + ENTRY;
        assert_eq!(memory.call.size() + memory.other_bytes, used);
        let input = memory.input().0;
        let error = memory.set_variable(name, input).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the memory of the Extism plug-in has no room for 536 more bytes: with its variables it has 1000 at most"
        );
        let value = memory.variable(name);
        assert_eq!(memory.length(value), 8, "the earlier one is still there");
        memory.free(value);
        assert!(memory.begin(&vec![0; 1000 - used + 1]).is_err(), "calls inside have no more");
        let inner = memory.begin(&vec![0; 1000 - used]).unwrap();
        assert_eq!(memory.alloc(1), 0);
        let _ = memory.end(inner);
        memory.set_variable(name, 0).unwrap();
        assert_eq!(memory.call.size(), 408 + 2 * ENTRY);
        let _ = memory.end(outer);
        assert_eq!(memory.other_bytes, 0);
        assert_ne!(memory.alloc(1000), 0, "all is free again");
    }

    #[test]
    fn a_reset_forgets_input_output_and_error() {
        let mut memory = ExtismMemory::new(None);
        let outer = memory.begin(b"input").unwrap();
        let (address, len) = memory.input();
        memory.set_output(address, len);
        memory.set_error(address);
        memory.reset();
        assert_eq!((memory.input(), memory.error_address(), memory.used()), ((0, 0), 0, 0));
        // A block at the same address is another.
        let _ = memory.alloc(5);
        assert_eq!(memory.end(outer), (None, None));
    }

    #[test]
    fn variables_stay_from_call_to_call() {
        let mut memory = ExtismMemory::new(None);
        let outer = memory.begin(b"name").unwrap();
        let name = memory.input().0;
        memory.set_variable(name, name).unwrap();
        let _ = memory.end(outer);
        let outer = memory.begin(b"name").unwrap();
        let value = memory.variable(name);
        assert_eq!(memory.call.block(value), Some(&b"name"[..]));
        memory.set_variable(name, 0).unwrap();
        assert_eq!((memory.variable(name), memory.other_bytes), (0, 0));
        let _ = memory.end(outer);
    }
}
