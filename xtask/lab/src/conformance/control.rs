//! The control: a script whose assertions must all fail, to prove that a run detects failures.

use super::outcome::Outcome;
use super::script::{Directive, Kind, Script};
use crate::files;

const FILE: &str = "fixtures/conformance/control.wast";

pub(super) fn script() -> crate::Result<Script> {
    Ok(Script::parse(FILE.into(), &files::read(&crate::root().join(FILE))?))
}

/// Checks that only the named modules, which the assertions use, pass.
pub(super) fn check(script: &Script, outcomes: &[Outcome]) -> crate::Result {
    for (directive, outcome) in script.directives.iter().zip(outcomes) {
        let is_good = match directive.kind {
            Kind::Module { name: Some(_), .. } => *outcome == Outcome::Passed,
            _ => matches!(outcome, Outcome::Failed(_)),
        };
        if !is_good {
            let Directive { line, name, .. } = directive;
            let message =
                format!("{FILE}:{line}: {name}: {outcome:?}: the run detects no failures");
            return Err(message.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_is_not_trusted() {
        let script = Script::parse("x".into(), "(module $m)\n(module)\n(invoke \"x\")\n");
        let failed = || Outcome::Failed(String::new());
        assert!(check(&script, &[Outcome::Passed, failed(), failed()]).is_ok());
        assert!(check(&script, &[failed(), failed(), failed()]).is_err());
        assert!(check(&script, &[Outcome::Passed, Outcome::Passed, failed()]).is_err());
        assert!(check(&script, &[Outcome::Passed, failed(), Outcome::Unknown]).is_err());
        assert!(check(&script, &[Outcome::Passed, failed(), Outcome::Skipped]).is_err());
    }
}
