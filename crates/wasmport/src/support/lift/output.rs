//! Results that a guest gives through an import while it is called.

use super::abi::Abi;
use super::guest::Guest;
use crate::access::{Access, exported_memory};
use crate::error::{Error, ValueError};
use crate::exchange::GuestExchange;
use crate::memory::Plain;
use crate::record::Logged;
use crate::support::cells::FuncCell;
use wasmtime::{Result, WasmParams, WasmResults};

/// Stores the bytes that the guest gives as the result of the running call; the last ones count.
///
/// # Errors
///
/// Fails if they are out of bounds.
pub fn store_output<T: GuestExchange + 'static, H>(
    access: &mut Access<'_, T, H>,
    memory: &str,
    address: i32,
    bytes: i32,
) -> Result<()> {
    let caller = access.caller();
    if caller.data_mut().exchange().output.is_none() {
        // No call asks for it.
        return Ok(());
    }
    let memory = exported_memory(caller, memory)?;
    let bytes = memory.bytes(address, bytes.cast_unsigned() as usize)?.to_vec();
    caller.data_mut().exchange().output = Some(Some(bytes));
    Ok(())
}

/// The answer of an Extism plug-in.
pub struct Extism {
    /// The output, if the guest has set one.
    pub output: Option<Vec<u8>>,
    status: i32,
    error: Option<String>,
}

impl Extism {
    /// Returns the error, if the guest failed.
    #[must_use]
    pub fn failure(&mut self) -> Option<String> {
        let failed = self.status != 0;
        failed.then(|| self.error.take().unwrap_or_else(|| format!("status {}", self.status)))
    }

    /// Checks that the guest did not fail.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Value`] and the text of the guest's error.
    pub fn check(&mut self) -> Result<()> {
        match self.failure() {
            None => Ok(()),
            Some(message) => Err(Error::Value(ValueError::Failed { message }).into()),
        }
    }
}

/// Defines the calls with a result through an import, once for calls that block and once for those that wait.
macro_rules! call_with_output {
    ($(#[$attribute:meta])* ($($asyncness:ident)?) ($($wait:tt)*) ($($bound:ident)?)
        $call:ident $call_with_output:ident $call_extism:ident) => {
        $(#[$attribute])*
        impl<A: Abi, T: GuestExchange $(+ $bound)? + 'static, const N: usize> Guest<'_, A, T, N> {
            /// Calls an exported function, and returns its result with what the guest gave through the import.
            ///
            /// # Errors
            ///
            /// Fails if the instance exports no such function, or the guest traps.
            pub $($asyncness)? fn $call_with_output<P, R>(
                &mut self,
                cell: &FuncCell<P, R>,
                name: &str,
                params: P,
            ) -> Result<(R, Option<Vec<u8>>)>
            where
                P: WasmParams + Logged $(+ $bound + Sync)?,
                R: WasmResults + Logged $(+ $bound + Sync)?,
            {
                // A host function of an outer call may have led here.
                let outer = self.store.data_mut().exchange().begin_output();
                let result = self.$call(cell, name, params)$($wait)*;
                let output = self.store.data_mut().exchange().end_output(outer);
                Ok((result?, output))
            }

            /// Calls an exported function of an Extism plug-in with an input, and returns its output. If it fails,
            /// the status code is not 0, and the text that of its error.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Value`] if the input does not fit, if the instance exports no such function,
            /// or if the guest traps.
            pub $($asyncness)? fn $call_extism(
                &mut self,
                cell: &FuncCell<(), i32>,
                name: &str,
                input: &[u8],
            ) -> Result<Extism> {
                let memory = self.store.data_mut().exchange().extism();
                let outer = memory.begin(input)?;
                let status = self.$call(cell, name, ())$($wait)*;
                let (output, error) = self.store.data_mut().exchange().extism().end(outer);
                Ok(Extism { status: status?, output, error })
            }
        }
    };
}

call_with_output! { () () () call call_with_output call_extism }
call_with_output! {
    #[cfg(feature = "async")]
    (async) (.await) (Send) call_async call_with_output_async call_extism_async
}

/// Returns the values that the guest gave through the import `import`.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it gave none, or bytes that are not a whole number of values.
pub fn read_output<P: Plain>(output: Option<Vec<u8>>, import: &'static str) -> Result<Vec<P>> {
    let bytes = given(output, import)?;
    let size = P::SIZE.max(1);
    if bytes.len() % size != 0 {
        let (bytes, size) = (bytes.len() as u64, size as u64);
        return Err(Error::Value(ValueError::OutputSize { import, bytes, size }).into());
    }
    Ok(P::list_from_bytes(&bytes))
}

/// Returns the text that the guest gave through the import `import`.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it gave none, or if it is not UTF-8.
pub fn read_output_str(output: Option<Vec<u8>>, import: &'static str) -> Result<String> {
    let text = String::from_utf8(given(output, import)?);
    text.map_err(|_| Error::Value(ValueError::OutputNotUtf8 { import }).into())
}

/// Returns values as bytes.
#[must_use]
pub fn to_bytes<P: Plain>(values: &[P]) -> Vec<u8> {
    let mut bytes = vec![0; P::SIZE * values.len()];
    P::list_to_bytes(values, &mut bytes);
    bytes
}

fn given(output: Option<Vec<u8>>, import: &'static str) -> Result<Vec<u8>> {
    output.ok_or_else(|| Error::Value(ValueError::NoOutput { import }).into())
}
