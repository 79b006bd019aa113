//! `guest`: the guest's side of an interface.

use crate::args::{GuestArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use std::path::Path;
use wasmport_build::{Error, Importer};

/// Runs `guest`.
pub(crate) fn guest(args: &GuestArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let written = settings(args.config.as_deref(), default_config).and_then(|settings| {
        Importer::new(settings).guest(&args.name, args.version.as_deref(), args.lang.into())
    });
    match written {
        Ok(text) => {
            text.lines().for_each(|line| out.line(line));
            Exit::Done
        }
        Err(error) => {
            out.error(&error.to_string());
            if matches!(error, Error::Asset(_)) { Exit::Failed } else { Exit::Usage }
        }
    }
}
