//! `Preview1`: Wasmtime's context of preview 1, with virtual files in front of it.

use crate::vfs::{DeviceSession, Disk};
use crate::wasi::files::fd::{Fd, Fds, Open};
use crate::wasi::files::session::SessionDevices;
use crate::wasi::files::slots::{Slot, Slots};
use crate::wasi::sources::Sources;
use crate::wasi::time::reading;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wiggle::{GuestMemory, GuestPtr};

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

/// Size of a buffer in the list of a vector in bytes.
const IOV_BYTES: u32 = 8;

/// The context of Wasmtime, with virtual files in front of it.
pub(crate) struct Preview1 {
    pub(in crate::wasi) real: WasiP1Ctx,
    /// None without virtual files: all numbers are Wasmtime's.
    pub(in crate::wasi::files) fds: Option<Fds>,
    pub(super) fuel: usize,
    pub(super) sources: Sources,
    /// None without virtual files.
    devices: Option<SessionDevices>,
}

impl Preview1 {
    /// Mounts disks at their paths.
    pub fn new(real: WasiP1Ctx, disks: &[(String, Disk)], sources: Sources) -> Self {
        let mut new = Self { real, fds: None, fuel: usize::MAX, sources, devices: None };
        if !disks.is_empty() {
            new.fds = Some(new.all(disks));
        }
        new
    }

    fn all(&mut self, disks: &[(String, Disk)]) -> Fds {
        let mut fds = Fds::new(Slots::new(disks));
        let mut nothing: [u8; 0] = [];
        let mut memory = GuestMemory::Unshared(&mut nothing);
        // Standard streams, and then the folders of the disk up to the first number that is none.
        for number in 0.. {
            if number > 2 && self.real.fd_prestat_get(&mut memory, number.into()).is_err() {
                break;
            }
            fds.add_always(Fd::Real(number));
        }
        for (index, (path, disk)) in disks.iter().enumerate() {
            let first = disks.iter().position(|(_, other)| other.is(disk)).unwrap_or(index);
            fds.add_always(Fd::Virtual(Open::mounted(disk, path, first)));
        }
        fds
    }

    /// Returns whether a number is that of a virtual file, whose calls never wait.
    pub fn is_virtual(&self, fd: i32) -> bool {
        let fds = self.fds.as_ref();
        fds.is_some_and(|fds| matches!(fds.get(fd.cast_unsigned()), Ok(Fd::Virtual(_))))
    }

    /// Sets what devices use.
    pub fn set_devices(&mut self, devices: SessionDevices) {
        self.devices = Some(devices);
    }

    /// Returns what devices use; none without virtual files.
    pub(in crate::wasi) fn devices(&self) -> Option<&dyn DeviceSession> {
        self.devices.as_ref().map(|devices| devices as &dyn DeviceSession)
    }

    /// Returns Wasmtime's context and the descriptors in front of it.
    pub(in crate::wasi) fn split(&mut self) -> (&mut WasiP1Ctx, Option<&mut Fds>) {
        (&mut self.real, self.fds.as_mut())
    }

    /// Returns the number of Wasmtime, or the virtual file.
    pub(super) fn find(&mut self, fd: types::Fd) -> Result<Found<'_>> {
        let Some(fds) = &mut self.fds else { return Ok(Found::Real(fd)) };
        Ok(match fds.get_mut(fd.into())? {
            Fd::Real(number) => Found::Real((*number).into()),
            Fd::Virtual(open) => Found::Virtual(open),
        })
    }

    /// Returns the time of the guest's wall clock in nanoseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        reading::file_time(&*self.sources.clock)
    }

    pub(in crate::wasi::files) fn text(
        &mut self,
        memory: &Memory<'_>,
        text: GuestPtr<str>,
    ) -> Result<String> {
        self.take_fuel(text.len())?;
        Ok(memory.as_cow_str(text)?.into_owned())
    }

    /// Takes what a copy of bytes out of the guest's memory costs.
    pub(in crate::wasi::files) fn take_fuel(&mut self, bytes: u32) -> Result {
        self.fuel = self.fuel.checked_sub(bytes as usize).ok_or(Errno::Nomem)?;
        Ok(())
    }

    /// Takes what the list of a vector's buffers costs, which is as long as the guest wants.
    pub(super) fn take_fuel_of_vector(&mut self, buffers: u32) -> Result {
        self.take_fuel(buffers.saturating_mul(IOV_BYTES))
    }

    /// Returns the slots of the session, which has virtual files.
    pub(super) fn slots(&self) -> Result<Slots> {
        Ok(self.fds.as_ref().ok_or(Errno::Badf)?.slots().clone())
    }

    /// Takes a slot for one more descriptor; none without virtual files.
    pub(super) fn take_slot(&self) -> Result<Option<Slot>> {
        Ok(self.fds.as_ref().map(Fds::take_slot).transpose()?)
    }

    /// Adds what Wasmtime opened.
    pub(super) fn add_real(&mut self, number: types::Fd, slot: Option<Slot>) -> Result<types::Fd> {
        match (&mut self.fds, slot) {
            (Some(fds), Some(slot)) => Ok(fds.add(Fd::Real(number.into()), slot)?.into()),
            _ => Ok(number),
        }
    }
}

/// A descriptor.
pub(super) enum Found<'a> {
    Real(types::Fd),
    Virtual(&'a mut Open),
}
