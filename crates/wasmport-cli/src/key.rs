//! `key`: keys that sign.

use crate::args::{Format, KeyCommand};
use crate::exit::Exit;
use crate::output::Output;
use wasmport_build::signature::{NewKey, SigningKey, SigningKeyError};

/// Runs `key`.
pub(crate) fn key(command: &KeyCommand) -> Exit {
    let out = Output::new(Format::Human, false, 0);
    match run(command, &out) {
        Ok(()) => Exit::Done,
        Err(error) => {
            out.error(&format!("{error}\n  help: {}", error.help()));
            Exit::Failed
        }
    }
}

fn run(command: &KeyCommand, out: &Output) -> Result<(), SigningKeyError> {
    let key = match command {
        KeyCommand::New { file } => {
            NewKey::create_in(file)?;
            SigningKey::from_file(file)?
        }
        KeyCommand::Show { file: Some(file) } => SigningKey::from_file(file)?,
        KeyCommand::Show { file: None } => {
            SigningKey::of_environment()?.ok_or(SigningKeyError::None)?
        }
    };
    out.line(&format!("{}\n{}", key.id(), key.public()));
    Ok(())
}
