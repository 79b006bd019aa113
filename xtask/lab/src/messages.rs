//! Runs cargo and reads the messages that it prints for other programs.

use cargo_metadata::Message;
use std::io::BufReader;
use std::process::{Command, Stdio};

/// Runs cargo, and calls `read` with each message. Returns whether cargo succeeded.
///
/// # Errors
///
/// Fails if cargo cannot be started, or `read` fails.
pub(crate) fn read(
    cargo: &mut Command,
    mut read: impl FnMut(Message) -> crate::Result,
) -> crate::Result<bool> {
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start `{}`: {e}", cargo.get_program().display()))?;
    // The output is piped, so that it is there.
    if let Some(stdout) = child.stdout.take() {
        Message::parse_stream(BufReader::new(stdout)).try_for_each(|message| read(message?))?;
    }
    Ok(child.wait()?.success())
}
