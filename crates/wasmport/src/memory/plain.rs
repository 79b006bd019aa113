//! `Plain`: types with C's layout in guest memory: numbers, arrays and structs of them.

/// A type with the layout of C on wasm32 in guest memory: little endian, naturally aligned.
///
/// Structs implement it through [`plain!`](crate::plain).
pub trait Plain: Sized {
    /// Size in bytes.
    const SIZE: usize;

    /// Alignment in bytes.
    const ALIGN: usize;

    /// Reads it from bytes, [`Self::SIZE`] of them.
    fn from_bytes(bytes: &[u8]) -> Self;

    /// Writes it to bytes, [`Self::SIZE`] of them.
    fn to_bytes(&self, bytes: &mut [u8]);

    /// Reads all values in `bytes`.
    #[doc(hidden)]
    fn list_from_bytes(bytes: &[u8]) -> Vec<Self> {
        // A type without fields has size 0: no bytes hold no values.
        bytes.chunks_exact(Self::SIZE.max(1)).map(Self::from_bytes).collect()
    }

    /// Writes all values to `bytes`, which have exactly their size.
    #[doc(hidden)]
    fn list_to_bytes(values: &[Self], bytes: &mut [u8]) {
        for (value, bytes) in values.iter().zip(bytes.chunks_exact_mut(Self::SIZE.max(1))) {
            value.to_bytes(bytes);
        }
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Plain for $number {
            const SIZE: usize = size_of::<$number>();
            const ALIGN: usize = size_of::<$number>();

            #[inline]
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut raw = [0; size_of::<$number>()];
                raw.copy_from_slice(bytes);
                Self::from_le_bytes(raw)
            }

            #[inline]
            fn to_bytes(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        })*
    };
}

numbers!(i8 i16 u16 i32 u32 i64 u64 f32 f64);

/// Copied as a whole: one by one, a program that is not optimized copies 3 MB in a second.
impl Plain for u8 {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    #[inline]
    fn from_bytes(bytes: &[u8]) -> Self {
        bytes[0]
    }

    #[inline]
    fn to_bytes(&self, bytes: &mut [u8]) {
        bytes[0] = *self;
    }

    #[inline]
    fn list_from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes.to_vec()
    }

    #[inline]
    fn list_to_bytes(values: &[Self], bytes: &mut [u8]) {
        bytes.copy_from_slice(values);
    }
}

/// Every byte except 0 is true, as in C.
impl Plain for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    fn from_bytes(bytes: &[u8]) -> Self {
        bytes != [0]
    }

    fn to_bytes(&self, bytes: &mut [u8]) {
        bytes.fill(u8::from(*self));
    }
}

impl<P: Plain, const N: usize> Plain for [P; N] {
    const SIZE: usize = P::SIZE * N;
    const ALIGN: usize = P::ALIGN;

    fn from_bytes(bytes: &[u8]) -> Self {
        std::array::from_fn(|i| P::from_bytes(&bytes[i * P::SIZE..(i + 1) * P::SIZE]))
    }

    fn to_bytes(&self, bytes: &mut [u8]) {
        P::list_to_bytes(self, bytes);
    }
}

/// Defines structs with C's layout in guest memory: `#[repr(C)]`, [`Plain`](crate::Plain), and the
/// derives on them.
///
/// ```
/// wasmport::plain! {
///     /// A point of the plane.
///     #[derive(Debug, PartialEq)]
///     pub struct Point {
///         /// To the right.
///         pub x: f64,
///         /// Upwards.
///         pub y: f64,
///     }
/// }
///
/// use wasmport::Plain as _;
/// assert_eq!((Point::SIZE, Point::ALIGN), (16, 8));
/// ```
#[macro_export]
macro_rules! plain {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field_visibility:vis $field:ident: $ty:ty),* $(,)?
        }
    )*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        $visibility struct $name {
            $($(#[$field_attribute])* $field_visibility $field: $ty,)*
        }

        impl $crate::Plain for $name {
            const SIZE: usize = {
                let end = 0_usize;
                $(
                    let end = end.next_multiple_of(<$ty as $crate::Plain>::ALIGN)
                        + <$ty as $crate::Plain>::SIZE;
                )*
                end.next_multiple_of(Self::ALIGN)
            };

            const ALIGN: usize = {
                let align = 1;
                $(
                    let field = <$ty as $crate::Plain>::ALIGN;
                    let align = if field > align { field } else { align };
                )*
                align
            };

            fn from_bytes(bytes: &[u8]) -> Self {
                let end = 0_usize;
                let _ = bytes;
                $(
                    let start = end.next_multiple_of(<$ty as $crate::Plain>::ALIGN);
                    let end = start + <$ty as $crate::Plain>::SIZE;
                    let $field = <$ty as $crate::Plain>::from_bytes(&bytes[start..end]);
                )*
                let _ = end;
                Self { $($field),* }
            }

            fn to_bytes(&self, bytes: &mut [u8]) {
                // Zeroes the padding between fields.
                bytes.fill(0);
                let end = 0_usize;
                $(
                    let start = end.next_multiple_of(<$ty as $crate::Plain>::ALIGN);
                    let end = start + <$ty as $crate::Plain>::SIZE;
                    <$ty as $crate::Plain>::to_bytes(&self.$field, &mut bytes[start..end]);
                )*
                let _ = end;
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::plain! {
        #[derive(Debug, PartialEq)]
        struct Mixed {
            flag: bool,
            wide: u64,
            small: [i16; 3],
        }

        #[derive(Debug, PartialEq)]
        struct Nothing {}
    }

    #[test]
    fn structs_are_laid_out_as_in_c() {
        assert_eq!((Mixed::SIZE, Mixed::ALIGN), (24, 8));
        assert_eq!((Mixed::SIZE, Mixed::ALIGN), (size_of::<Mixed>(), align_of::<Mixed>()));
        let value = Mixed { flag: true, wide: 0x0102, small: [-1, 2, 3] };
        let mut bytes = [0xaa; 24];
        value.to_bytes(&mut bytes);
        let expected =
            [1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 2, 0, 3, 0, 0, 0];
        assert_eq!(bytes, expected);
        assert_eq!(Mixed::from_bytes(&bytes), value);
        assert_eq!((Nothing::SIZE, Nothing::list_from_bytes(&[]).len()), (0, 0));
    }
}
