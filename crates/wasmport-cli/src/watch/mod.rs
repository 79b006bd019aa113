//! `watch`: imports again when an input of the import changes.

mod events;
mod exec;
mod inputs;
mod polling;

use crate::args::WatchArgs;
use crate::exit::Exit;
use crate::import::{import, is_helper};
use crate::output::Output;
use events::Events;
use exec::Exec;
use inputs::{Change, Inputs, MAX_WAIT};
use polling::Polling;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs `watch`.
pub(crate) fn watch(args: &WatchArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    // A helper has the arguments of the process that started it.
    if is_helper() {
        return import(&args.import, default_config, out);
    }
    let read = |previous: &Inputs| Inputs::read(&args.import.selection, default_config, previous);
    let mut watch = Watch::new(args, out);
    let mut inputs = watch.start(read(&Inputs::default()), read);
    let exec = Exec::new(&args.exec, out);
    let run = |exit: Exit| exec.iter().filter(|_| exit == Exit::Done).for_each(Exec::restart);
    let exit = import(&args.import, default_config, out);
    let folders = inputs.folders().len();
    if folders == 0 {
        return exit;
    }
    if out.shows_progress() {
        let s = if folders == 1 { "" } else { "s" };
        out.line(&format!("watching {folders} folder{s}; press Ctrl-C to stop"));
    }
    run(exit);
    loop {
        let change = watch.wait(&inputs);
        let now = read(&inputs);
        if now != inputs || inputs.contain(&change) {
            inputs = watch.start(now, read);
            run(import(&args.import, default_config, out));
        }
    }
}

/// A watch for changes of inputs.
struct Watch<'a> {
    method: Method,
    pause: Duration,
    out: &'a Output,
}

/// The way to notice changes.
enum Method {
    Events(Events),
    Polling(Polling),
}

impl<'a> Watch<'a> {
    fn new(args: &WatchArgs, out: &'a Output) -> Self {
        let method = Method::Polling(Polling::default());
        let mut watch = Self { method, pause: Duration::from_millis(args.debounce.into()), out };
        if !args.poll {
            match Events::new() {
                Ok(events) => watch.method = Method::Events(events),
                Err(e) => watch.poll_instead(&e),
            }
        }
        watch
    }

    /// Starts to watch the inputs, until their list is stable. The next import sees earlier changes; later
    /// changes are noticed.
    fn start(&mut self, mut inputs: Inputs, read: impl Fn(&Inputs) -> Inputs) -> Inputs {
        let start = Instant::now();
        loop {
            if let Method::Events(events) = &mut self.method
                && let Err(e) = events.watch(inputs.folders())
            {
                self.poll_instead(&e);
            }
            if let Method::Polling(polling) = &mut self.method {
                polling.record(&inputs, self.pause);
            }
            let now = read(&inputs);
            if now == inputs || start.elapsed() > MAX_WAIT {
                return now;
            }
            inputs = now;
        }
    }

    /// Waits for a possible change.
    fn wait(&mut self, inputs: &Inputs) -> Change {
        let change = match &mut self.method {
            Method::Events(events) => events.wait(inputs, self.pause),
            Method::Polling(polling) => Ok(polling.wait(inputs)),
        };
        change.unwrap_or_else(|e| {
            self.poll_instead(&e);
            Change::Anything
        })
    }

    fn poll_instead(&mut self, error: &notify::Error) {
        self.method = Method::Polling(Polling::default());
        self.out.warning(&format!(
            "the system cannot watch files ({error}): polling once a second\n  \
             help: on Linux, raise `fs.inotify.max_user_watches` or `fs.inotify.max_user_instances`; \
             or pass `--poll` to poll without this warning"
        ));
    }
}
