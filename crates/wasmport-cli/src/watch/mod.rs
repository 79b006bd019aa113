//! `watch`: imports again whenever something changes that an import depends on.

mod events;
mod inputs;
mod polling;

use crate::import::{import, is_helper};
use crate::output::Output;
use crate::{Exit, WatchArgs};
use events::Events;
use inputs::{Change, Inputs};
use polling::Polling;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long changes that come without a pause are waited for.
const LONGEST: Duration = Duration::from_secs(5);

pub(crate) fn watch(args: &WatchArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    // A helper is started with the arguments of the process that it imports for.
    if is_helper() {
        return import(&args.import, default_config, out);
    }
    let look = |former: &Inputs| Inputs::look(&args.import.selection, default_config, former);
    let mut watch = Watch::new(args, out);
    let mut inputs = watch.arm(look(&Inputs::default()), look);
    let exit = import(&args.import, default_config, out);
    let folders = inputs.folders().len();
    if folders == 0 {
        return exit;
    }
    if out.shows_progress() {
        let s = if folders == 1 { "" } else { "s" };
        out.line(&format!("watching {folders} folder{s}; Ctrl-C ends it"));
    }
    loop {
        let change = watch.wait(&inputs);
        let now = look(&inputs);
        if now != inputs || inputs.holds(&change) {
            inputs = watch.arm(now, look);
            import(&args.import, default_config, out);
        }
    }
}

/// Notices changes.
struct Watch<'a> {
    by: By,
    pause: Duration,
    out: &'a Output,
}

/// What changes are noticed by.
enum By {
    Events(Events),
    Polling(Polling),
}

impl<'a> Watch<'a> {
    fn new(args: &WatchArgs, out: &'a Output) -> Self {
        let by = By::Polling(Polling::default());
        let mut watch = Self { by, pause: Duration::from_millis(args.debounce.into()), out };
        if !args.poll {
            match Events::new() {
                Ok(events) => watch.by = By::Events(events),
                Err(e) => watch.poll_instead(&e),
            }
        }
        watch
    }

    /// Watches anew, until nothing comes or goes meanwhile. The import that follows sees what changed
    /// before; of what changes later there are events.
    fn arm(&mut self, mut inputs: Inputs, look: impl Fn(&Inputs) -> Inputs) -> Inputs {
        let start = Instant::now();
        loop {
            if let By::Events(events) = &mut self.by
                && let Err(e) = events.watch(inputs.folders())
            {
                self.poll_instead(&e);
            }
            if let By::Polling(polling) = &mut self.by {
                polling.look(&inputs, self.pause);
            }
            let now = look(&inputs);
            if now == inputs || start.elapsed() > LONGEST {
                return now;
            }
            inputs = now;
        }
    }

    /// Waits until something may have changed.
    fn wait(&mut self, inputs: &Inputs) -> Change {
        let change = match &mut self.by {
            By::Events(events) => events.wait(inputs, self.pause),
            By::Polling(polling) => Ok(polling.wait(inputs)),
        };
        change.unwrap_or_else(|e| {
            self.poll_instead(&e);
            Change::Anything
        })
    }

    fn poll_instead(&mut self, error: &notify::Error) {
        self.by = By::Polling(Polling::default());
        self.out.warning(&format!(
            "the system does not tell of changes ({error}): files are looked at once a second\n  \
             help: on Linux raise `fs.inotify.max_user_watches` or `fs.inotify.max_user_instances`; \
             `--poll` does the same without this warning"
        ));
    }
}
