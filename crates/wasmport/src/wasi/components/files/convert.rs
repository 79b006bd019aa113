//! Conversions of values that WASI 0.2 and 0.3 have by the same names.

/// Defines conversions for the types of one version.
macro_rules! conversions {
    ($types:ident) => {
        use $types::{DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

        impl From<crate::vfs::FileType> for $types::DescriptorType {
            fn from(kind: crate::vfs::FileType) -> Self {
                match kind {
                    crate::vfs::FileType::File => Self::RegularFile,
                    crate::vfs::FileType::Directory => Self::Directory,
                    crate::vfs::FileType::Link => Self::SymbolicLink,
                    crate::vfs::FileType::CharacterDevice => Self::CharacterDevice,
                }
            }
        }

        impl From<crate::vfs::Stat> for $types::DescriptorStat {
            fn from(stat: crate::vfs::Stat) -> Self {
                Self {
                    type_: stat.kind.into(),
                    link_count: stat.links,
                    size: stat.size,
                    data_access_timestamp: Some(timestamp(stat.times.accessed)),
                    data_modification_timestamp: Some(timestamp(stat.times.modified)),
                    status_change_timestamp: Some(timestamp(stat.times.changed)),
                }
            }
        }

        pub(super) fn follows(flags: PathFlags) -> bool {
            flags.contains(PathFlags::SYMLINK_FOLLOW)
        }

        pub(super) fn open_request(
            path: PathFlags,
            open: OpenFlags,
            flags: DescriptorFlags,
        ) -> Result<crate::wasi::files::open_file::OpenRequest, ErrorCode> {
            // As Wasmtime.
            let unsupported = [
                DescriptorFlags::FILE_INTEGRITY_SYNC,
                DescriptorFlags::DATA_INTEGRITY_SYNC,
                DescriptorFlags::REQUESTED_WRITE_SYNC,
            ];
            if unsupported.into_iter().any(|flag| flags.contains(flag)) {
                return Err(ErrorCode::Unsupported);
            }
            Ok(crate::wasi::files::open_file::OpenRequest {
                follow: follows(path),
                create: open.contains(OpenFlags::CREATE),
                directory: open.contains(OpenFlags::DIRECTORY),
                exclusive: open.contains(OpenFlags::EXCLUSIVE),
                truncate: open.contains(OpenFlags::TRUNCATE),
                read: flags.contains(DescriptorFlags::READ),
                write: flags.contains(DescriptorFlags::WRITE),
            })
        }

        pub(super) fn descriptor_flags(
            file: &crate::wasi::files::open_file::OpenFile,
        ) -> DescriptorFlags {
            let mut flags = DescriptorFlags::empty();
            for (flag, is_set) in [
                (DescriptorFlags::READ, file.reads),
                (DescriptorFlags::WRITE, file.writes),
                (DescriptorFlags::MUTATE_DIRECTORY, file.mutates_directory()),
            ] {
                if is_set {
                    flags |= flag;
                }
            }
            flags
        }

        pub(super) fn times(
            accessed: $types::NewTimestamp,
            modified: $types::NewTimestamp,
        ) -> Result<(crate::vfs::NewTime, crate::vfs::NewTime), ErrorCode> {
            let time = |time| match time {
                $types::NewTimestamp::NoChange => Ok(crate::vfs::NewTime::Keep),
                $types::NewTimestamp::Now => Ok(crate::vfs::NewTime::Now),
                $types::NewTimestamp::Timestamp(time) => {
                    let seconds = u64::try_from(time.seconds).ok();
                    let nanos = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
                    let nanos = nanos.and_then(|nanos| nanos.checked_add(time.nanoseconds.into()));
                    nanos.map(crate::vfs::NewTime::At).ok_or(ErrorCode::Overflow)
                }
            };
            Ok((time(accessed)?, time(modified)?))
        }
    };
}

pub(super) use conversions;
