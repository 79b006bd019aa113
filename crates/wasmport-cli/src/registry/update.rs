//! `update`: what pinned references name now.

use super::question::{Answer, ask};
use super::{failed, listing};
use crate::args::{UpdateArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use serde::Serialize;
use std::path::Path;
use wasmport_build::Pin;
use wasmport_build::contents::Contents;
use wasmport_build::diff::ContentsDiff;
use wasmport_build::registry::{Addition, Update, UpdateState, updates};

/// A file of the result as JSON.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    pin: Pin,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<Newer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The present target of a reference.
#[derive(Serialize)]
struct Newer {
    manifest: String,
    layer: String,
    #[serde(flatten)]
    differences: ContentsDiff,
}

/// Runs `update`.
pub(super) fn update(args: &UpdateArgs, default_config: Option<&Path>) -> Exit {
    let out = Output::new(args.registry.format, false, 0);
    let updates = settings(args.config.as_deref(), default_config)
        .and_then(|s| updates(&s, &args.names, &args.registry.options()));
    let updates = match updates {
        Ok(updates) => updates,
        Err(error) => return failed(&error, &out),
    };
    let mut run = Run { args, out: &out, failed: false, newer: false, unanswered: false };
    let documents: Vec<Document> = updates.into_iter().map(|update| run.one(update)).collect();
    match (out.is_json(), documents.is_empty()) {
        (true, _) => out.json(&documents),
        (false, true) => out.line("the lock file pins no files"),
        (false, false) => {}
    }
    run.exit()
}

/// The updates so far.
struct Run<'a> {
    args: &'a UpdateArgs,
    out: &'a Output,
    failed: bool,
    newer: bool,
    unanswered: bool,
}

impl Run<'_> {
    fn one(&mut self, Update { pin, state, .. }: Update) -> Document {
        let (mut newer, mut error) = (None, None);
        let state = match state {
            Ok(UpdateState::Fixed) => self.say(&pin, "fixed", "pinned by digest"),
            Ok(UpdateState::Current) => self.say(&pin, "current", "current"),
            Ok(UpdateState::Newer { before, addition }) => {
                let pinned = addition.pin().clone();
                let differences = ContentsDiff::of(&before, addition.contents());
                let state = self.newer(&before, *addition, &differences);
                let Pin { manifest, layer, .. } = pinned;
                newer = Some(Newer { manifest, layer, differences });
                state
            }
            Err(e) => {
                self.failed = true;
                let _ = failed(&e, self.out);
                error = Some(e.to_string());
                "failed"
            }
        };
        Document { pin, state, newer, error }
    }

    fn say(&self, pin: &Pin, state: &'static str, text: &str) -> &'static str {
        if !self.out.is_json() {
            self.out.line(&format!("{}: {text}", plain(&pin.file)));
        }
        state
    }

    fn newer(
        &mut self,
        before: &Contents,
        addition: Addition,
        differences: &ContentsDiff,
    ) -> &'static str {
        self.newer = true;
        if !self.out.is_json() {
            let lines = listing::of_update(before, &addition, differences);
            lines.iter().for_each(|line| self.out.line(line));
        }
        let pin = addition.pin().clone();
        if self.args.check {
            return self.say(&pin, "newer", "newer");
        }
        match ask("Update it?", self.args.yes, self.out) {
            Answer::Yes => match addition.accept() {
                Ok(()) => self.say(&pin, "updated", "updated, pinned in the lock file"),
                Err(error) => {
                    self.failed = true;
                    let _ = failed(&error, self.out);
                    "failed"
                }
            },
            Answer::No => self.say(&pin, "declined", "not updated"),
            Answer::Nobody => {
                self.unanswered = true;
                "newer"
            }
        }
    }

    fn exit(&self) -> Exit {
        if self.unanswered {
            self.out.error(
                "nobody has accepted it: there is no terminal to ask on\n  help: review the differences, and run \
                 again with `--yes`",
            );
        }
        match (self.failed, self.unanswered, self.args.check && self.newer) {
            (true, _, _) => Exit::Failed,
            (false, true, _) => Exit::Usage,
            (false, false, true) => Exit::Stale,
            (false, false, false) => Exit::Done,
        }
    }
}
