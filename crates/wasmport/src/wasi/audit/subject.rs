//! The subjects of preview 1's functions: paths in the guest's memory, and names of descriptors.

use super::auditor::Auditor;
use super::call::{AuditedCall, Capability};
use super::handles::{Handles, join};
use crate::code::PREVIEW_1;
use wiggle::{GuestMemory, GuestPtr};

/// Preview 1's number of the error that a capability is missing.
pub(in crate::wasi) const NOTCAPABLE: i32 = 76;
const NAMETOOLONG: i32 = 37;
const SUCCESS: i32 = 0;

/// Longest path in bytes: a guest that gives a longer one gets the error for it.
const LONGEST_PATH: u32 = 4096;

const CREATE: u64 = 1;
const TRUNCATE: u64 = 8;
/// The rights to write: `fd_write`, `fd_allocate`, `fd_filestat_set_size` and `fd_filestat_set_times`.
const WRITES: u64 = 1 << 6 | 1 << 8 | 1 << 22 | 1 << 23;

/// A path among the arguments of a function: the indexes of its folder, address and length.
type Path = [usize; 3];

/// The arguments of a function that name its subject.
enum Subject {
    None(Capability),
    Clock,
    Descriptor,
    Paths(Path, Option<Path>),
    /// The content of a link, and its path.
    Link([usize; 2], Path),
}

fn subject(function: &str) -> Subject {
    use Subject::{Clock, Descriptor, Link, None, Paths};
    match function {
        "args_get" | "args_sizes_get" | "environ_get" | "environ_sizes_get" => {
            None(Capability::Environment)
        }
        "clock_res_get" | "clock_time_get" => Clock,
        "poll_oneoff" | "sched_yield" => None(Capability::Clock),
        "random_get" => None(Capability::Random),
        "proc_exit" | "proc_raise" => None(Capability::Exit),
        "path_create_directory"
        | "path_readlink"
        | "path_remove_directory"
        | "path_unlink_file" => Paths([0, 1, 2], Option::None),
        "path_filestat_get" | "path_filestat_set_times" | "path_open" => {
            Paths([0, 2, 3], Option::None)
        }
        "path_link" => Paths([0, 2, 3], Some([4, 5, 6])),
        "path_rename" => Paths([0, 1, 2], Some([3, 4, 5])),
        "path_symlink" => Link([0, 1], [2, 3, 4]),
        _ => Descriptor,
    }
}

/// Returns whether a call writes or sends, or opens a file for that.
fn writes(function: &str, args: &[u64]) -> bool {
    match function {
        "fd_allocate"
        | "fd_filestat_set_size"
        | "fd_filestat_set_times"
        | "fd_pwrite"
        | "fd_write"
        | "path_create_directory"
        | "path_filestat_set_times"
        | "path_link"
        | "path_remove_directory"
        | "path_rename"
        | "path_symlink"
        | "path_unlink_file"
        | "sock_send" => true,
        "path_open" => match args {
            [_, _, _, _, flags, rights, ..] => {
                flags & (CREATE | TRUNCATE) != 0 || rights & WRITES != 0
            }
            _ => false,
        },
        _ => false,
    }
}

/// Asks about a call. Returns its subject.
///
/// # Errors
///
/// Fails with the number of an error in preview 1 if the call is denied.
pub(in crate::wasi) fn ask(
    auditor: &Auditor,
    memory: &GuestMemory<'_>,
    function: &'static str,
    args: &[u64],
) -> Result<Option<String>, i32> {
    let descriptors = auditor.descriptors();
    let path = |path: Path| path_of(&descriptors, memory, args, path);
    let mut capability = Capability::Files;
    let (subject, target) = match subject(function) {
        Subject::None(of) => {
            capability = of;
            (None, None)
        }
        Subject::Clock => {
            capability = Capability::Clock;
            (clock(args).map(str::to_owned), None)
        }
        Subject::Descriptor => {
            let handle = args.first().and_then(|fd| descriptors.get(number(*fd)));
            let default =
                if function.starts_with("sock_") { Capability::Network } else { capability };
            capability = handle.map_or(default, |handle| handle.capability);
            (handle.and_then(|handle| handle.name.as_deref()).map(str::to_owned), None)
        }
        Subject::Paths(first, second) => (path(first)?, second.map(path).transpose()?.flatten()),
        Subject::Link([address, len], link) => {
            (path(link)?, text(memory, args.get(address), args.get(len))?)
        }
    };
    drop(descriptors);
    let call = AuditedCall {
        interface: PREVIEW_1,
        function,
        capability,
        subject: subject.as_deref(),
        target: target.as_deref(),
        writes: writes(function, args),
    };
    auditor.ask(&call).map_err(|_| NOTCAPABLE)?;
    Ok(subject)
}

/// Stores the names of new descriptors after a call that returned `errno`.
pub(in crate::wasi) fn after(
    auditor: &Auditor,
    memory: &GuestMemory<'_>,
    function: &str,
    args: &[u64],
    subject: Option<&str>,
    errno: i32,
) {
    if errno != SUCCESS {
        return;
    }
    let opened = |address: Option<&u64>| {
        address.and_then(|address| memory.read(GuestPtr::<u32>::new(number(*address))).ok())
    };
    let mut descriptors = auditor.descriptors();
    match (function, args) {
        ("path_open", _) => {
            if let Some(fd) = opened(args.get(8)) {
                descriptors.keep(fd, Capability::Files, subject);
            }
        }
        ("sock_accept", _) => {
            if let Some(fd) = opened(args.get(2)) {
                descriptors.keep(fd, Capability::Network, subject);
            }
        }
        ("fd_close", [fd, ..]) => descriptors.forget(number(*fd)),
        ("fd_renumber", [from, to, ..]) => descriptors.renumber(number(*from), number(*to)),
        _ => {}
    }
}

/// Returns a number of 32 bits that was widened.
fn number(arg: u64) -> u32 {
    arg as u32
}

fn clock(args: &[u64]) -> Option<&'static str> {
    let names = ["realtime", "monotonic", "process-cputime", "thread-cputime"];
    args.first().and_then(|clock| names.get(number(*clock) as usize)).copied()
}

/// Returns the path that a guest gives, below the name of its folder; none if it cannot be read: the call then
/// fails.
fn path_of(
    descriptors: &Handles,
    memory: &GuestMemory<'_>,
    args: &[u64],
    [folder, address, len]: Path,
) -> Result<Option<String>, i32> {
    let path = text(memory, args.get(address), args.get(len))?;
    let folder = args.get(folder).and_then(|fd| descriptors.name(number(*fd)));
    Ok(path.map(|path| match folder {
        Some(folder) => join(folder, &path),
        None => path,
    }))
}

/// Returns text in the guest's memory; none if it is out of bounds or not UTF-8.
///
/// # Errors
///
/// Fails if it is longer than a path can be.
fn text(
    memory: &GuestMemory<'_>,
    address: Option<&u64>,
    len: Option<&u64>,
) -> Result<Option<String>, i32> {
    let (Some(address), Some(len)) = (address, len) else { return Ok(None) };
    if number(*len) > LONGEST_PATH {
        return Err(NAMETOOLONG);
    }
    let text = GuestPtr::<str>::new((number(*address), number(*len)));
    Ok(memory.as_cow_str(text).ok().map(|text| text.into_owned()))
}
