//! `Lifeline`: the standard input of a helper, which ends when the process that started the helper ends.

use std::io::Read;

/// The lifeline of this process. The process ends when it is cut.
pub(crate) struct Lifeline {
    #[cfg(unix)]
    parent: u32,
}

impl Lifeline {
    /// Starts to watch `input`, on which nothing more is expected.
    pub fn hold(mut input: impl Read + Send + 'static) -> Self {
        let lifeline = Self {
            #[cfg(unix)]
            parent: std::os::unix::process::parent_id(),
        };
        std::thread::spawn(move || {
            let mut byte = [0];
            while input.read(&mut byte).is_ok_and(|len| len > 0) {}
            end();
        });
        lifeline
    }

    /// Ends this process if the process that started it has ended. The thread that watches the input may
    /// not have run since.
    pub fn check(&self) {
        #[cfg(unix)]
        if std::os::unix::process::parent_id() != self.parent {
            end();
        }
    }
}

/// Ends this process, and the programs that it runs.
fn end() -> ! {
    crate::tool::kill_all();
    std::process::exit(1)
}
