//! Networks of the program's own, and audits, in the linkers of components.

use super::data::SessionData;
use crate::wasi::{
    Audited, Audits, Clocks, ClocksView, Io, IoView, OwnSockets, SocketsView, Wasi,
    add_sockets_to_linker,
};
#[cfg(feature = "vfs")]
use crate::wasi::{FilesImpl, FilesView};
use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView, WasiClocksView as _};
#[cfg(not(feature = "vfs"))]
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{self, cli, clocks, filesystem, random, sockets};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView, WasiSocketsView as _};

type Data<T> = SessionData<T>;

/// The implementations of interfaces that are audited, with the functions of the same name below.
#[cfg(feature = "vfs")]
type Files = FilesImpl;
#[cfg(not(feature = "vfs"))]
type Files = WasiFilesystem;
type Streams = Io;

/// Audits TCP and UDP by the functions of a module, which wait or block.
macro_rules! audit_sockets {
    ($linker:ident, $sockets:ty, $view:ident, $($module:ident)::+) => {{
        use bindings::$($module)::+::{tcp, udp, udp_create_socket};
        tcp::add_to_linker::<_, Audits<$sockets>>($linker, $view::<T>)?;
        udp::add_to_linker::<_, Audits<$sockets>>($linker, $view::<T>)?;
        udp_create_socket::add_to_linker::<_, Audits<$sockets>>($linker, $view::<T>)?;
    }};
}

impl Wasi {
    /// Adds the network and the audit that the builder asks for.
    pub(super) fn replace_network_and_audit<T: Send + 'static>(
        &self,
        linker: &mut Linker<Data<T>>,
    ) -> Result<()> {
        use bindings::sync::io::streams;
        shadowing(linker, |linker| {
            if self.has_network() {
                add_sockets_to_linker(linker, |data: &mut Data<T>| SocketsView::new(data.wasi()))?;
            }
            if self.audit.is_none() {
                return Ok(());
            }
            streams::add_to_linker::<_, Audits<Streams>>(linker, |data: &mut Data<T>| {
                audited(data, streams_of::<T>)
            })?;
            use bindings::sync::filesystem::types;
            types::add_to_linker::<_, Audits<Files>>(linker, files_of::<T>)?;
            if self.has_network() {
                audit_sockets!(linker, OwnSockets, own_sockets, sync::sockets);
            } else {
                audit_sockets!(linker, WasiSockets, sockets_of, sync::sockets);
            }
            self.audit_at_once(linker)
        })
    }

    /// Async version of [`Self::replace_network_and_audit`]: the session stops to poll streams.
    #[cfg(feature = "async")]
    pub(super) fn replace_network_and_audit_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<Data<T>>,
    ) -> Result<()> {
        use bindings::io::streams;
        shadowing(linker, |linker| {
            if self.has_network() {
                crate::wasi::add_sockets_to_linker_async(linker, |data: &mut Data<T>| {
                    SocketsView::new(data.wasi())
                })?;
            }
            if self.audit.is_none() {
                return Ok(());
            }
            streams::add_to_linker::<_, Audits<crate::wasi::IoTable>>(
                linker,
                |data: &mut Data<T>| audited(data, |data| data.ctx().table),
            )?;
            filesystem::types::add_to_linker::<_, Audits<Files>>(linker, files_of::<T>)?;
            if self.has_network() {
                audit_sockets!(linker, OwnSockets, own_sockets, sockets);
            } else {
                audit_sockets!(linker, WasiSockets, sockets_of, sockets);
            }
            self.audit_at_once(linker)
        })
    }

    /// Audits the interfaces whose functions never wait.
    fn audit_at_once<T: Send + 'static>(&self, linker: &mut Linker<Data<T>>) -> Result<()> {
        let l = linker;
        cli::environment::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::exit::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::stdin::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::stdout::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::stderr::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::terminal_stdin::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::terminal_stdout::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        cli::terminal_stderr::add_to_linker::<_, Audits<WasiCli>>(l, cli_of::<T>)?;
        clocks::wall_clock::add_to_linker::<_, Audits<WasiClocks>>(l, clocks_of::<T>)?;
        clocks::monotonic_clock::add_to_linker::<_, Audits<Clocks>>(l, |data: &mut Data<T>| {
            audited(data, |data| ClocksView(data.wasi()))
        })?;
        filesystem::preopens::add_to_linker::<_, Audits<Files>>(l, files_of::<T>)?;
        random::random::add_to_linker::<_, Audits<WasiRandom>>(l, random_of::<T>)?;
        random::insecure::add_to_linker::<_, Audits<WasiRandom>>(l, random_of::<T>)?;
        random::insecure_seed::add_to_linker::<_, Audits<WasiRandom>>(l, random_of::<T>)?;
        sockets::instance_network::add_to_linker::<_, Audits<WasiSockets>>(l, sockets_of::<T>)?;
        if self.has_network() {
            sockets::tcp_create_socket::add_to_linker::<_, Audits<OwnSockets>>(
                l,
                own_sockets::<T>,
            )?;
            sockets::ip_name_lookup::add_to_linker::<_, Audits<OwnSockets>>(l, own_sockets::<T>)
        } else {
            sockets::tcp_create_socket::add_to_linker::<_, Audits<WasiSockets>>(
                l,
                sockets_of::<T>,
            )?;
            sockets::ip_name_lookup::add_to_linker::<_, Audits<WasiSockets>>(l, sockets_of::<T>)
        }
    }
}

/// Defines names that may be defined already.
fn shadowing<T: 'static>(
    linker: &mut Linker<T>,
    define: impl FnOnce(&mut Linker<T>) -> Result<()>,
) -> Result<()> {
    linker.allow_shadowing(true);
    let defined = define(linker);
    linker.allow_shadowing(false);
    defined
}

/// Returns an audited view.
fn audited<'a, T: Send + 'static, V>(
    data: &'a mut Data<T>,
    view: impl FnOnce(&'a mut Data<T>) -> V,
) -> Audited<V> {
    let auditor = data.wasi().auditor().cloned();
    Audited { auditor, view: view(data) }
}

fn streams_of<T: Send + 'static>(data: &mut Data<T>) -> IoView<'_> {
    IoView(data.ctx().table)
}

#[cfg(feature = "vfs")]
fn files_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<FilesView<'_>> {
    audited(data, |data| FilesView(data.wasi()))
}

#[cfg(not(feature = "vfs"))]
fn files_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<WasiFilesystemCtxView<'_>> {
    audited(data, Data::filesystem)
}

fn cli_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<WasiCliCtxView<'_>> {
    audited(data, Data::cli)
}

fn clocks_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<WasiClocksCtxView<'_>> {
    audited(data, Data::clocks)
}

fn random_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<&mut WasiRandomCtx> {
    audited(data, |data| data.ctx().ctx.random())
}

fn own_sockets<T: Send + 'static>(data: &mut Data<T>) -> Audited<SocketsView<'_>> {
    audited(data, |data| SocketsView::new(data.wasi()))
}

fn sockets_of<T: Send + 'static>(data: &mut Data<T>) -> Audited<WasiSocketsCtxView<'_>> {
    audited(data, Data::sockets)
}
