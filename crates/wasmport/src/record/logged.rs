//! `Logged`: parameters and results of functions, as numbers.

use super::number::Number;
use wasmtime::Val;

/// Parameters or results whose numbers a recording takes.
pub trait Logged {
    /// Passes each number to `log`; references are left out.
    fn each(&self, log: &mut impl FnMut(Number));
}

impl Logged for u32 {
    #[inline]
    fn each(&self, log: &mut impl FnMut(Number)) {
        log(Number::I32(self.cast_signed()));
    }
}

impl Logged for u64 {
    #[inline]
    fn each(&self, log: &mut impl FnMut(Number)) {
        log(Number::I64(self.cast_signed()));
    }
}

/// A reference to parameters or results.
#[derive(Clone, Copy, Debug)]
pub struct Ref<'a, V: ?Sized>(pub &'a V);

impl<V: Logged + ?Sized> Logged for Ref<'_, V> {
    #[inline]
    fn each(&self, log: &mut impl FnMut(Number)) {
        self.0.each(log);
    }
}

/// Values whose types are known at run time only.
impl Logged for [Val] {
    fn each(&self, log: &mut impl FnMut(Number)) {
        self.iter().filter_map(Number::of).for_each(log);
    }
}

impl<const N: usize> Logged for [Val; N] {
    fn each(&self, log: &mut impl FnMut(Number)) {
        self.as_slice().each(log);
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[allow(non_snake_case, unused_variables, reason = "type and value share a name; () has none")]
        impl<$($name: Logged),*> Logged for ($($name,)*) {
            #[inline]
            fn each(&self, log: &mut impl FnMut(Number)) {
                let ($($name,)*) = self;
                $($name.each(log);)*
            }
        }
    };
}

macro_rules! tuples_up_to {
    ($($name:ident)*) => { tuples_up_to!(@ [] $($name)*); };
    (@ [$($done:ident)*]) => { tuples!($($done)*); };
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        tuples!($($done)*);
        tuples_up_to!(@ [$($done)* $next] $($rest)*);
    };
}

tuples_up_to!(V0 V1 V2 V3 V4 V5 V6 V7 V8 V9 V10 V11 V12 V13 V14 V15 V16);
