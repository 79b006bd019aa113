//! The memory that the functions of WASI preview 1 read and write: what their
//! [arguments](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md) point to.

use super::number::Function;
use crate::code::PREVIEW_1;

/// Bytes that a function reads or writes. Numbers are indices of parameters, or sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    /// So many bytes at a pointer.
    Bytes(usize, u32),
    /// A buffer: pointer and length.
    Buffer(usize, usize),
    /// Items: pointer, count and size.
    Items(usize, usize, u32),
    /// Buffers in a list of `iovec`: pointer and count.
    Vectors(usize, usize),
    /// The used part of a buffer: pointer, length, and the pointer to the used length.
    UsedBuffer(usize, usize, usize),
    /// The used items: pointer, count, size, and the pointer to the used count.
    UsedItems(usize, usize, u32, usize),
    /// The used part of buffers in a list of `iovec`: pointer, count, and the pointer to the used length.
    UsedVectors(usize, usize, usize),
    /// Texts, and pointers to them, of which the arguments tell no lengths.
    Texts,
}

/// The memory that a function reads and writes.
#[derive(Debug)]
pub(super) struct Shape {
    name: &'static str,
    reads: &'static [Span],
    writes: &'static [Span],
}

use Span::{Buffer, Bytes, Items, Texts, UsedBuffer, UsedItems, UsedVectors, Vectors};

/// All functions, sorted by name.
static SHAPES: [Shape; 46] = [
    shape("args_get", &[], &[Texts]),
    shape("args_sizes_get", &[], &[Bytes(0, 4), Bytes(1, 4)]),
    shape("clock_res_get", &[], &[Bytes(1, 8)]),
    shape("clock_time_get", &[], &[Bytes(2, 8)]),
    shape("environ_get", &[], &[Texts]),
    shape("environ_sizes_get", &[], &[Bytes(0, 4), Bytes(1, 4)]),
    shape("fd_advise", &[], &[]),
    shape("fd_allocate", &[], &[]),
    shape("fd_close", &[], &[]),
    shape("fd_datasync", &[], &[]),
    shape("fd_fdstat_get", &[], &[Bytes(1, 24)]),
    shape("fd_fdstat_set_flags", &[], &[]),
    shape("fd_fdstat_set_rights", &[], &[]),
    shape("fd_filestat_get", &[], &[Bytes(1, 64)]),
    shape("fd_filestat_set_size", &[], &[]),
    shape("fd_filestat_set_times", &[], &[]),
    shape("fd_pread", &[Items(1, 2, 8)], &[UsedVectors(1, 2, 4), Bytes(4, 4)]),
    shape("fd_prestat_dir_name", &[], &[Buffer(1, 2)]),
    shape("fd_prestat_get", &[], &[Bytes(1, 8)]),
    shape("fd_pwrite", &[Vectors(1, 2)], &[Bytes(4, 4)]),
    shape("fd_read", &[Items(1, 2, 8)], &[UsedVectors(1, 2, 3), Bytes(3, 4)]),
    shape("fd_readdir", &[], &[UsedBuffer(1, 2, 4), Bytes(4, 4)]),
    shape("fd_renumber", &[], &[]),
    shape("fd_seek", &[], &[Bytes(3, 8)]),
    shape("fd_sync", &[], &[]),
    shape("fd_tell", &[], &[Bytes(1, 8)]),
    shape("fd_write", &[Vectors(1, 2)], &[Bytes(3, 4)]),
    shape("path_create_directory", &[Buffer(1, 2)], &[]),
    shape("path_filestat_get", &[Buffer(2, 3)], &[Bytes(4, 64)]),
    shape("path_filestat_set_times", &[Buffer(2, 3)], &[]),
    shape("path_link", &[Buffer(2, 3), Buffer(5, 6)], &[]),
    shape("path_open", &[Buffer(2, 3)], &[Bytes(8, 4)]),
    shape("path_readlink", &[Buffer(1, 2)], &[UsedBuffer(3, 4, 5), Bytes(5, 4)]),
    shape("path_remove_directory", &[Buffer(1, 2)], &[]),
    shape("path_rename", &[Buffer(1, 2), Buffer(4, 5)], &[]),
    shape("path_symlink", &[Buffer(0, 1), Buffer(3, 4)], &[]),
    shape("path_unlink_file", &[Buffer(1, 2)], &[]),
    shape("poll_oneoff", &[Items(0, 2, 48)], &[UsedItems(1, 2, 32, 3), Bytes(3, 4)]),
    shape("proc_exit", &[], &[]),
    shape("proc_raise", &[], &[]),
    shape("random_get", &[], &[Buffer(0, 1)]),
    shape("sched_yield", &[], &[]),
    shape("sock_accept", &[], &[Bytes(2, 4)]),
    shape("sock_recv", &[Items(1, 2, 8)], &[UsedVectors(1, 2, 4), Bytes(4, 4), Bytes(5, 2)]),
    shape("sock_send", &[Vectors(1, 2)], &[Bytes(4, 4)]),
    shape("sock_shutdown", &[], &[]),
];

const fn shape(name: &'static str, reads: &'static [Span], writes: &'static [Span]) -> Shape {
    Shape { name, reads, writes }
}

/// The most parameters of a function.
pub(super) const MOST_PARAMS: usize = 9;
/// The arguments of a call; those of 64 bits are no pointers.
pub(super) type Args = [u32; MOST_PARAMS];

/// A range of addresses: start and length.
pub(super) type Range = (u32, u32);

/// The most buffers of a call that are looked at. If a call can fill more, all of its memory is compared.
const MOST_VECTORS: u32 = 1024;
/// The most ranges that a call reads: these, and two more.
pub(super) const MOST_INPUTS: u64 = MOST_VECTORS as u64 + 2;

/// Returns the shape of a function of preview 1.
pub(super) fn find(module: &str, name: &str) -> Option<&'static Shape> {
    if module != PREVIEW_1 {
        return None;
    }
    let found = SHAPES.binary_search_by_key(&name, |shape| shape.name).ok()?;
    SHAPES.get(found)
}

/// Returns whether a function is one of preview 1.
pub(super) fn is_in(function: &Function) -> bool {
    find(&function.module, &function.name).is_some()
}

impl Shape {
    /// Passes the ranges that a call reads to `range`. They overlap if the guest wants that, so they end when they are as
    /// long as the memory.
    pub fn reads(&self, args: &Args, memory: &[u8], mut range: impl FnMut(Range)) {
        let mut left = u32::try_from(memory.len()).unwrap_or(u32::MAX);
        for span in self.reads {
            span.ranges(args, memory, &mut |(start, len): Range| {
                let len = len.min(left);
                left -= len;
                range((start, len));
            });
        }
    }

    /// Returns whether a call can write more than [`writes`](Self::writes) passes for these buffers: texts, more buffers,
    /// or buffers of a list that the call itself overwrites.
    pub fn writes_more(&self, args: &Args, buffers: &[Range]) -> bool {
        self.writes.iter().any(|span| match *span {
            Texts => true,
            UsedVectors(list, count, _) => {
                let (start, end) =
                    (args[list], args[list].saturating_add(8 * args[count].min(MOST_VECTORS)));
                let is_in = |(at, len): &Range| *at < end && at.saturating_add(*len) > start;
                args[count] > MOST_VECTORS || buffers.iter().any(is_in)
            }
            _ => false,
        })
    }

    /// Passes the ranges of buffers, whose list the call may overwrite, to `range`.
    pub fn buffers(&self, args: &Args, memory: &[u8], mut range: impl FnMut(Range)) {
        for span in self.writes {
            if let UsedVectors(list, count, _) = *span {
                Vectors(list, count).ranges(args, memory, &mut range);
            }
        }
    }

    /// Passes the ranges that a call has written to `range`, or more. `buffers` are those before the call.
    pub fn writes(
        &self,
        args: &Args,
        memory: &[u8],
        buffers: &[Range],
        is_success: bool,
        mut range: impl FnMut(Range),
    ) {
        for span in self.writes {
            match *span {
                UsedVectors(_, _, used) => {
                    let mut left =
                        number_at(memory, args[used]).filter(|_| is_success).unwrap_or(u32::MAX);
                    for (start, len) in buffers {
                        let part = left.min(*len);
                        range((*start, part));
                        left = left.saturating_sub(part);
                    }
                }
                UsedBuffer(start, len, used) => {
                    let used = number_at(memory, args[used]).filter(|_| is_success);
                    range((args[start], used.unwrap_or(u32::MAX).min(args[len])));
                }
                UsedItems(start, count, size, used) => {
                    let used = number_at(memory, args[used]).filter(|_| is_success);
                    let count = used.unwrap_or(u32::MAX).min(args[count]);
                    range((args[start], count.saturating_mul(size)));
                }
                span => span.ranges(args, memory, &mut range),
            }
        }
    }
}

impl Span {
    fn ranges(self, args: &Args, memory: &[u8], range: &mut impl FnMut(Range)) {
        match self {
            Bytes(start, len) => range((args[start], len)),
            Buffer(start, len) => range((args[start], args[len])),
            Items(start, count, size) => range((args[start], args[count].saturating_mul(size))),
            Vectors(list, count) => {
                for index in 0..args[count].min(MOST_VECTORS) {
                    let Some(item) = args[list].checked_add(8 * index) else { return };
                    let (start, len) =
                        (number_at(memory, item), number_at(memory, item.saturating_add(4)));
                    let (Some(start), Some(len)) = (start, len) else { return };
                    range((start, len));
                }
            }
            Texts | UsedBuffer(..) | UsedItems(..) | UsedVectors(..) => {}
        }
    }
}

fn number_at(memory: &[u8], address: u32) -> Option<u32> {
    let bytes = memory.get(address as usize..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_sorted_and_use_parameters_that_they_have() {
        assert!(SHAPES.is_sorted_by_key(|shape| shape.name));
        assert!(find(PREVIEW_1, "fd_write").is_some() && find("env", "fd_write").is_none());
    }

    #[test]
    fn buffers_end_where_the_call_ended() {
        let mut memory = vec![0; 128];
        // Two buffers: 4 bytes at 64, 8 bytes at 80. 6 bytes were read.
        for (at, number) in [(0, 64), (4, 4), (8, 80), (12, 8), (32, 6_u32)] {
            memory[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let args = [3, 0, 2, 32, 0, 0, 0, 0, 0];
        let shape = find(PREVIEW_1, "fd_read").unwrap();
        let (mut buffers, mut ranges) = (Vec::new(), Vec::new());
        shape.buffers(&args, &memory, |range| buffers.push(range));
        shape.writes(&args, &memory, &buffers, true, |range| ranges.push(range));
        assert_eq!(ranges, [(64, 4), (80, 2), (32, 4)]);
        ranges.clear();
        shape.writes(&args, &memory, &buffers, false, |range| ranges.push(range));
        assert_eq!(
            ranges,
            [(64, 4), (80, 8), (32, 4)],
            "a call that failed may have written anything"
        );
    }
}
