//! Arguments and results of an export: into the guest, and out of it.

use super::abi::Abi;
use super::form::write_prefixed;
use super::guest::Guest;
use super::layout::Layout;
use super::text::{c_size, c_text, not_null, read_c_str, read_object_slice, read_str, read_utf16};
use crate::memory::Plain;
use std::ffi::{CStr, CString};
use wasmtime::Result;

/// Defines the methods that pass arguments, once for calls that block and once for calls that wait.
macro_rules! pass {
    (
        ($($asyncness:ident)?) ($($wait:tt)*) $alloc:ident $room:ident
        $str:ident $c_str:ident $slice:ident $prefixed:ident $lend_slice:ident $lend:ident
        $room_for:ident
    ) => {
        /// Passes text: its pointer and length.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        #[inline]
        pub $($asyncness)? fn $str(&mut self, text: &str) -> Result<(i32, i32)> {
            let layout = Layout::of_str::<A>(text)?;
            let address = self.$alloc(layout)$($wait)*?;
            self.write_str(address, text)?;
            Ok((address, layout.elements()))
        }

        /// Passes text that a null ends: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        #[inline]
        pub $($asyncness)? fn $c_str(&mut self, text: &CStr) -> Result<i32> {
            let address = self.$alloc(Layout::of_c_str(text)?)$($wait)*?;
            self.memory()?.write_c_str(address, text)?;
            Ok(address)
        }

        /// Passes values, which the guest may take over: their pointer and number.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        #[inline]
        pub $($asyncness)? fn $slice<P: Plain>(&mut self, values: &[P]) -> Result<(i32, i32)> {
            let layout = Layout::of_slice(values)?;
            let address = self.$alloc(layout)$($wait)*?;
            self.memory()?.write_slice(address, values)?;
            Ok((address, layout.elements()))
        }

        /// Passes values, which the guest may take over, behind their number: the pointer to it.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        #[inline]
        pub $($asyncness)? fn $prefixed<P: Plain>(&mut self, values: &[P]) -> Result<i32> {
            let layout = Layout::of_slice(values)?.prefixed()?;
            let address = self.$alloc(layout)$($wait)*?;
            write_prefixed(&mut self.memory()?, address, values)?;
            Ok(address)
        }

        /// Lends values: their pointer and number.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        #[inline]
        pub $($asyncness)? fn $lend_slice<P: Plain>(&mut self, values: &[P]) -> Result<(i32, i32)> {
            let layout = Layout::of_slice(values)?;
            let address = self.$room(layout)$($wait)*?;
            self.memory()?.write_slice(address, values)?;
            Ok((address, layout.elements()))
        }

        /// Lends a value: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        #[inline]
        pub $($asyncness)? fn $lend<P: Plain>(&mut self, value: &P) -> Result<i32> {
            let address = self.$room(Layout::of::<P>())$($wait)*?;
            self.write(address, value)?;
            Ok(address)
        }

        /// Lends room for a value: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        #[inline]
        pub $($asyncness)? fn $room_for<P: Plain>(&mut self) -> Result<i32> {
            self.$room(Layout::of::<P>())$($wait)*
        }
    };
}

impl<A: Abi, T: 'static, const N: usize> Guest<'_, A, T, N> {
    pass! {
        () () alloc room
        pass_str pass_c_str pass_slice pass_prefixed lend_slice lend room_for
    }
}

#[cfg(feature = "async")]
impl<A: Abi, T: Send + 'static, const N: usize> Guest<'_, A, T, N> {
    pass! {
        (async) (.await) alloc_async room_async
        pass_str_async pass_c_str_async pass_slice_async pass_prefixed_async lend_slice_async
        lend_async room_for_async
    }
}

impl<A: Abi, T: 'static, const N: usize> Guest<'_, A, T, N> {
    /// Reads a value that the guest returned.
    ///
    /// # Errors
    ///
    /// Fails if the pointer is null or out of bounds.
    #[inline]
    pub fn read<P: Plain>(&mut self, address: i32) -> Result<P> {
        self.read_at(not_null(address)?)
    }

    /// Reads a value at any address.
    ///
    /// # Errors
    ///
    /// Fails if the address is out of bounds.
    #[inline]
    pub fn read_at<P: Plain>(&mut self, address: i32) -> Result<P> {
        Ok(self.memory()?.read(address)?)
    }

    /// Reads text that the guest returned, and frees it after the call if the host owns it.
    ///
    /// # Errors
    ///
    /// Fails if the text is out of bounds or not UTF-8.
    #[inline]
    pub fn read_str(&mut self, address: i32, len: i32, is_owned: bool) -> Result<String> {
        if is_owned {
            self.own_result(address, len.cast_unsigned() as usize, 1);
        }
        read_str(&self.memory()?, address, len)
    }

    /// Reads text that a null ends, and frees it after the call if the host owns it.
    ///
    /// # Errors
    ///
    /// Fails if the text is null, out of bounds or not UTF-8.
    #[inline]
    pub fn read_c_text(&mut self, address: i32, is_owned: bool) -> Result<String> {
        c_text(address, self.read_c_str(address, is_owned)?)
    }

    /// Reads text of any encoding that a null ends, and frees it after the call if the host owns it.
    ///
    /// # Errors
    ///
    /// Fails if the text is null or out of bounds.
    #[inline]
    pub fn read_c_str(&mut self, address: i32, is_owned: bool) -> Result<CString> {
        not_null(address)?;
        let text = read_c_str(&self.memory()?, address);
        if is_owned {
            self.own_result(address, c_size(&text), 1);
        }
        text
    }

    /// Reads values that the guest returned, and frees them after the call if the host owns them.
    ///
    /// # Errors
    ///
    /// Fails if the values are out of bounds.
    #[inline]
    pub fn read_slice<P: Plain>(
        &mut self,
        address: i32,
        len: i32,
        is_owned: bool,
    ) -> Result<Vec<P>> {
        if is_owned {
            let bytes = (len.cast_unsigned() as usize).saturating_mul(P::SIZE);
            self.own_result(address, bytes, P::ALIGN);
        }
        Ok(self.memory()?.read_slice(address, len)?)
    }

    /// Reads an AssemblyScript string.
    ///
    /// # Errors
    ///
    /// Fails if the string is null, out of bounds or not UTF-16.
    #[inline]
    pub fn read_object_str(&mut self, address: i32) -> Result<String> {
        read_utf16(&self.memory()?, not_null(address)?)
    }

    /// Reads the values of an AssemblyScript object.
    ///
    /// # Errors
    ///
    /// Fails if the object is null or out of bounds.
    #[inline]
    pub fn read_object_slice<P: Plain>(&mut self, address: i32) -> Result<Vec<P>> {
        read_object_slice(&self.memory()?, not_null(address)?)
    }
}
