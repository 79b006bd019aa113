//! Converts arguments and expected results into Rust expressions.

use super::script::Arg;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// Converts an argument. Floats are written as bits, which preserve NaN payloads.
pub(super) fn arg(arg: &WastArg<'_>) -> Option<Arg> {
    let WastArg::Core(arg) = arg else { return None };
    let literal = match arg {
        WastArgCore::I32(value) => format!("{value}i32"),
        WastArgCore::I64(value) => format!("{value}i64"),
        WastArgCore::F32(value) => format!("f32::from_bits({})", value.bits),
        WastArgCore::F64(value) => format!("f64::from_bits({})", value.bits),
        WastArgCore::V128(value) => {
            format!("Vector::from({}u128)", u128::from_le_bytes(value.to_le_bytes()))
        }
        WastArgCore::RefNull(_) => "None".into(),
        WastArgCore::RefExtern(value) | WastArgCore::RefHost(value) => {
            return Some(Arg::Host(*value));
        }
    };
    Some(Arg::Literal(literal))
}

pub(super) fn pattern(result: &WastRet<'_>) -> Option<String> {
    match result {
        WastRet::Core(result) => core_pattern(result),
        _ => None,
    }
}

fn core_pattern(result: &WastRetCore<'_>) -> Option<String> {
    Some(match result {
        WastRetCore::I32(value) => format!("I32({value})"),
        WastRetCore::I64(value) => format!("I64({value})"),
        WastRetCore::F32(value) => format!("F32({})", float32(value)),
        WastRetCore::F64(value) => format!("F64({})", float64(value)),
        WastRetCore::V128(value) => format!("V128({})", lanes(value)),
        WastRetCore::RefNull(None) => "Null(None)".into(),
        WastRetCore::RefNull(Some(heap)) => match hierarchy(heap) {
            Some(heap) => format!("Null(Some(Heap::{heap}))"),
            None => "Null(None)".into(),
        },
        WastRetCore::RefExtern(value) => format!("Extern({value:?})"),
        WastRetCore::RefHost(value) => format!("Host({value})"),
        WastRetCore::RefFunc(_) => "Func".into(),
        WastRetCore::RefAny => "Any".into(),
        WastRetCore::RefEq => "Eq".into(),
        WastRetCore::RefArray => "Array".into(),
        WastRetCore::RefStruct => "Struct".into(),
        WastRetCore::RefI31 => "I31".into(),
        WastRetCore::RefI31Shared => return None,
        WastRetCore::Either(patterns) => {
            let patterns: Option<Vec<String>> = patterns.iter().map(core_pattern).collect();
            format!("Either(&[{}])", patterns?.join(", "))
        }
    })
}

fn float32(value: &NanPattern<F32>) -> String {
    float(value, |value| value.bits.to_string())
}

fn float64(value: &NanPattern<F64>) -> String {
    float(value, |value| value.bits.to_string())
}

fn float<T>(value: &NanPattern<T>, bits: impl Fn(&T) -> String) -> String {
    match value {
        NanPattern::CanonicalNan => "Canonical".into(),
        NanPattern::ArithmeticNan => "Arithmetic".into(),
        NanPattern::Value(value) => format!("Bits({})", bits(value)),
    }
}

fn lanes(pattern: &V128Pattern) -> String {
    fn list<T>(lanes: &[T], lane: impl Fn(&T) -> String) -> String {
        lanes.iter().map(lane).collect::<Vec<_>>().join(", ")
    }
    match pattern {
        V128Pattern::I8x16(lanes) => format!("I8x16([{}])", list(lanes, i8::to_string)),
        V128Pattern::I16x8(lanes) => format!("I16x8([{}])", list(lanes, i16::to_string)),
        V128Pattern::I32x4(lanes) => format!("I32x4([{}])", list(lanes, i32::to_string)),
        V128Pattern::I64x2(lanes) => format!("I64x2([{}])", list(lanes, i64::to_string)),
        V128Pattern::F32x4(lanes) => format!("F32x4([{}])", list(lanes, float32)),
        V128Pattern::F64x2(lanes) => format!("F64x2([{}])", list(lanes, float64)),
    }
}

/// Returns the variant of the pattern's `Heap`; none if the script names none.
fn hierarchy(heap: &HeapType<'_>) -> Option<&'static str> {
    use AbstractHeapType as A;
    let HeapType::Abstract { ty, .. } = heap else { return None };
    match ty {
        A::Any | A::Eq | A::Struct | A::Array | A::I31 | A::None => Some("Any"),
        A::Func | A::NoFunc => Some("Func"),
        A::Extern | A::NoExtern => Some("Extern"),
        A::Exn | A::NoExn => Some("Exn"),
        _ => None,
    }
}
