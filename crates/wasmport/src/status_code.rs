//! Status codes: the errors of functions that return a number for success or failure.

/// An error that a function passes as a number. [`status!`](crate::status) implements it.
pub trait StatusCode: Sized {
    /// Returns the error with this code; none if no error has it.
    fn from_code(code: i32) -> Option<Self>;

    /// Returns the code.
    fn code(&self) -> i32;
}

/// Defines enums of status codes, with [`StatusCode`], `Display` and `Error`. A last variant with an `i32` stands
/// for all other codes.
///
/// ```
/// use wasmport::StatusCode as _;
///
/// wasmport::status! {
///     /// The reasons why a filter refuses a record.
///     pub enum Refusal {
///         /// The record is empty.
///         Empty = 1,
///         /// The record has no key.
///         NoKey = -2,
///         /// Another reason.
///         Other(i32),
///     }
/// }
///
/// assert_eq!(Refusal::from_code(-2), Some(Refusal::NoKey));
/// assert_eq!(Refusal::from_code(7), Some(Refusal::Other(7)));
/// assert_eq!(Refusal::Empty.code(), 1);
/// assert_eq!(Refusal::NoKey.to_string(), "NoKey (status -2)");
/// ```
#[macro_export]
macro_rules! status {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident $(= $code:literal)? $(($any:ty))?),* $(,)?
        }
    )*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name {
            $($(#[$variant_attribute])* $variant $(($any))?,)*
        }

        impl $crate::StatusCode for $name {
            fn from_code(code: i32) -> ::core::option::Option<Self> {
                match code {
                    $($($code => ::core::option::Option::Some(Self::$variant),)?)*
                    #[allow(unreachable_patterns, reason = "a variant may stand for all other codes")]
                    other => {
                        let _ = other;
                        $($(
                            let other: $any = other;
                            return ::core::option::Option::Some(Self::$variant(other));
                        )?)*
                        #[allow(unreachable_code, reason = "a variant may stand for all other codes")]
                        ::core::option::Option::None
                    }
                }
            }

            fn code(&self) -> i32 {
                match *self {
                    $($(Self::$variant => $code,)? $(Self::$variant(code) => { let code: $any = code; code })?)*
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let name = match *self {
                    $(Self::$variant { .. } => stringify!($variant),)*
                };
                write!(f, "{name} (status {})", $crate::StatusCode::code(self))
            }
        }

        impl ::core::error::Error for $name {}
    )*};
}
