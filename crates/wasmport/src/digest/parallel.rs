//! BLAKE3 on several threads, for large artifacts: the hash is a tree, whose subtrees are independent.

use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::{io, thread};

/// Size of the subtrees that threads hash: a power of two of BLAKE3's chunks.
const BLOCK: usize = 1 << 20;

/// Smallest number of blocks for which starting threads takes less time than it saves.
const MIN_BLOCKS: usize = 4;

/// Hashes `bytes` on several threads; none if they are too few, or the system has no threads.
pub(super) fn hash(bytes: &[u8]) -> Option<Hash> {
    if bytes.len() <= MIN_BLOCKS * BLOCK {
        return None;
    }
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if threads < 2 { None } else { hash_on(bytes, threads).ok() }
}

/// Hashes more than one block on at most so many threads.
fn hash_on(bytes: &[u8], threads: usize) -> io::Result<Hash> {
    let blocks: Vec<&[u8]> = bytes.chunks(BLOCK).collect();
    let mut values: Vec<ChainingValue> = vec![[0; 32]; blocks.len()];
    let share = blocks.len().div_ceil(threads);
    thread::scope(|scope| {
        let mut shares = blocks.chunks(share).zip(values.chunks_mut(share)).enumerate();
        let own = shares.next();
        for (index, (blocks, values)) in shares {
            let hash = move || hash_blocks(index * share, blocks, values);
            thread::Builder::new().name("wasmport-hash".into()).spawn_scoped(scope, hash)?;
        }
        if let Some((_, (blocks, values))) = own {
            hash_blocks(0, blocks, values);
        }
        io::Result::Ok(())
    })?;
    let (left, right) = values.split_at(left_len(values.len()));
    Ok(merge_subtrees_root(&merge(left), &merge(right), Mode::Hash))
}

/// Hashes consecutive blocks, the first of which is block `first` of the input.
fn hash_blocks(first: usize, blocks: &[&[u8]], values: &mut [ChainingValue]) {
    for (index, (block, value)) in blocks.iter().zip(values).enumerate() {
        let offset = ((first + index) * BLOCK) as u64;
        *value = Hasher::new().set_input_offset(offset).update(block).finalize_non_root();
    }
}

/// Merges the chaining values of a subtree's blocks.
fn merge(values: &[ChainingValue]) -> ChainingValue {
    match values {
        [value] => *value,
        values => {
            let (left, right) = values.split_at(left_len(values.len()));
            merge_subtrees_non_root(&merge(left), &merge(right), Mode::Hash)
        }
    }
}

/// Returns the number of blocks in the left subtree of at least two: the largest power of two below.
fn left_len(blocks: usize) -> usize {
    blocks.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_compute_the_same_hash() {
        let bytes: Vec<u8> = (0..9 * BLOCK + 77).map(|i| (i * 31 % 251) as u8).collect();
        for len in [BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 5, 5 * BLOCK, 8 * BLOCK, bytes.len()] {
            for threads in [2, 3, 8, 64] {
                let hash = hash_on(&bytes[..len], threads).unwrap();
                assert_eq!(hash, blake3::hash(&bytes[..len]), "{len} bytes, {threads} threads");
            }
        }
        assert_eq!(hash(&bytes[..BLOCK]), None);
    }
}
