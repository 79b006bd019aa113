//! Updating: what pinned references name now, and how it differs.

use super::add::{Addition, Origin};
use super::place::check_root;
use super::run;
use super::source::{download, named_by};
use crate::contents::Contents;
use crate::error::{Error, did_you_mean};
use crate::fs;
use crate::names::nearest;
use crate::project::lock::Lock;
use crate::project::pins::{Pin, source_of};
use crate::settings::Settings;
use std::collections::BTreeMap;
use wasmport::Digest;
use wasmport::registry::{Reference, RegistryError, RegistryOptions};

/// A pinned file, and what its reference names now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Update {
    /// The pin.
    pub pin: Pin,
    /// The file that its reference names now, or the reason why that is not known.
    pub state: Result<UpdateState, Error>,
}

/// The file that the reference of a pin names now, compared with the pinned one.
#[derive(Debug)]
pub enum UpdateState {
    /// The reference has a digest, and never moves.
    Fixed,
    /// The same.
    Current,
    /// Something else.
    Newer {
        /// The contents of the file until now.
        before: Box<Contents>,
        /// The new file.
        addition: Box<Addition>,
    },
}

/// Asks the registries what the references of pinned files name now: those of `files`, or all if there are none. A file is
/// its path in the lock file, its source or its name without ending.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if no such file is pinned, and with [`Error::Lock`] if the lock file is damaged. What
/// fails for one file is in its result.
pub fn updates(
    settings: &Settings,
    files: &[String],
    options: &RegistryOptions,
) -> Result<Vec<Update>, Error> {
    let pins = chosen(Lock::pins(settings)?, files, settings)?.into_iter();
    let update = |pin: Pin| Update { state: state(&pin, settings, options), pin };
    Ok(pins.map(update).collect())
}

/// Returns the pins of these files.
fn chosen(
    pins: BTreeMap<String, Pin>,
    files: &[String],
    settings: &Settings,
) -> Result<Vec<Pin>, Error> {
    let is_of = |pin: &Pin, name: &String| {
        let source = source_of(&pin.path(settings), settings).unwrap_or_default();
        let stem = source.strip_suffix(".wasm").unwrap_or(&source);
        [pin.file.as_str(), &source, stem].contains(&name.as_str())
    };
    for name in files {
        if !pins.values().any(|pin| is_of(pin, name)) {
            let near = nearest(name, pins.keys().map(String::as_str));
            let help = near.map_or_else(
                || "the lock file names the pinned files below `[[pin]]`".into(),
                did_you_mean,
            );
            return Err(Error::arguments(format!("no file `{name}` is pinned"), help));
        }
    }
    let is_chosen = |pin: &Pin| files.is_empty() || files.iter().any(|name| is_of(pin, name));
    Ok(pins.into_values().filter(is_chosen).collect())
}

fn state(pin: &Pin, settings: &Settings, options: &RegistryOptions) -> Result<UpdateState, Error> {
    let reference: Reference = pin.reference.parse().map_err(RegistryError::from)?;
    if reference.digest().is_some() {
        return Ok(UpdateState::Fixed);
    }
    if run(named_by(&reference, options))?.to_string() == pin.manifest {
        return Ok(UpdateState::Current);
    }
    let path = pin.path(settings);
    let Some(bytes) = fs::read_optional(&path)? else {
        let message = format!("`{}` is missing", path.display());
        return Err(Error::arguments(message, "run `cargo wasmport fetch`"));
    };
    let found = Digest::of(&bytes);
    if found != pin.blake3 {
        return Err(pin.changed(&path, found).into());
    }
    let source = check_root(&path, settings)?;
    let before = Contents::of(&path, &source, &bytes, settings)?;
    let origin = Origin { file: pin.file.clone(), source, cached: pin.cached };
    let newer = run(download(&reference, options))?;
    let addition = Addition::new(settings, &reference, origin, newer, Some(pin.blake3))?;
    Ok(UpdateState::Newer { before: Box::new(before), addition: Box::new(addition) })
}
