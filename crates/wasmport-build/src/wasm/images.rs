//! Memory images: the initial contents of memories, which Wasmtime stores in artifacts.

use std::collections::BTreeMap;
use wasmparser::{DataKind, DataSectionReader, Operator, Parser, Payload};

/// The active data of one memory.
struct Extent {
    start: u64,
    end: u64,
    /// The length of all segments.
    data: u64,
}

/// Returns the length of all memory images of a valid module or component, in bytes.
///
/// Wasmtime creates an image from the first to the last byte that segments at constant offsets write. A
/// module in which an image would be larger than `always_allowed` bytes and twice its data has none.
/// Modules that have none for other reasons are counted too.
pub(crate) fn image_bytes(wasm: &[u8], always_allowed: u64) -> u64 {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let modules = payloads.filter_map(|payload| match payload {
        Payload::DataSection(segments) => Some(of_module(segments, always_allowed)),
        _ => None,
    });
    modules.fold(0, u64::saturating_add)
}

fn of_module(segments: DataSectionReader<'_>, always_allowed: u64) -> u64 {
    let mut memories: BTreeMap<u32, Extent> = BTreeMap::new();
    for segment in segments.into_iter().map_while(Result::ok) {
        let DataKind::Active { memory_index, offset_expr } = segment.kind else { continue };
        let start = match offset_expr.get_operators_reader().into_iter().next() {
            Some(Ok(Operator::I32Const { value })) => u64::from(value.cast_unsigned()),
            Some(Ok(Operator::I64Const { value })) => value.cast_unsigned(),
            _ => return 0,
        };
        let len = segment.data.len() as u64;
        let end = start.saturating_add(len);
        if len > 0 {
            let memory =
                memories.entry(memory_index).or_insert(Extent { start, end: start, data: 0 });
            memory.start = memory.start.min(start);
            memory.end = memory.end.max(end);
            memory.data += len;
        }
    }
    let is_sparse = |memory: &Extent| {
        let len = memory.end - memory.start;
        len >= always_allowed && len >= memory.data.saturating_mul(2)
    };
    if memories.values().any(is_sparse) {
        return 0;
    }
    memories.values().map(|memory| memory.end - memory.start).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::image_bytes;

    fn bytes(text: &str) -> u64 {
        image_bytes(&wat::parse_str(text).unwrap(), 1000)
    }

    #[test]
    fn images_reach_from_the_first_byte_to_the_last() {
        assert_eq!(bytes("(module)"), 0);
        assert_eq!(bytes("(module (memory 1) (data \"passive\"))"), 0);
        let far = r#"(data (memory 0) (i32.const 10) "a") (data (memory 0) (i32.const 208) "b")"#;
        assert_eq!(bytes(&format!("(module (memory 1) {far})")), 199);
        let both = format!(
            r#"(module (memory 1) (memory 1) {far} (data (memory 1) (i32.const 5) "abc"))"#
        );
        assert_eq!(bytes(&both), 202);
        let two = format!("(component (core module (memory 1) {far}) (core {}", &both[1..]) + ")";
        assert_eq!(bytes(&two), 199 + 202);
        // Too sparse, beside a dense one.
        let sparse = r#"(data (memory 0) (i32.const 2000) "c")"#;
        assert_eq!(bytes(&format!("(module (memory 1) {far} {sparse})")), 0);
    }
}
