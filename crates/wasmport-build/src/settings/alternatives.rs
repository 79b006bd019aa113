//! `Alternatives`: the settings of a run before the assets have decided about the engine's concurrency.

use super::Settings;
use std::sync::OnceLock;

/// The settings of a run: as they are, and with the other concurrency of the engine.
pub(crate) struct Alternatives<'a> {
    given: &'a Settings,
    other: OnceLock<Settings>,
}

impl<'a> Alternatives<'a> {
    pub fn new(given: &'a Settings) -> Self {
        Self { given, other: OnceLock::new() }
    }

    fn decided(&self) -> Option<bool> {
        self.given.concurrency.decided(&self.given.engine)
    }

    /// Returns whether the assets decide.
    pub fn are_open(&self) -> bool {
        self.decided().is_none()
    }

    /// Returns the settings whose engine has concurrency if the settings say so, or if they leave it to
    /// the assets and these need it.
    pub fn with(&self, is_needed: bool) -> &Settings {
        let is_on = self.decided().unwrap_or(is_needed);
        if self.given.engine.concurrency_support == is_on {
            return self.given;
        }
        self.other.get_or_init(|| {
            let mut other = self.given.clone();
            other.engine = other.engine.concurrency_support(is_on);
            other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Concurrency;
    use super::*;

    #[test]
    fn settings_that_decide_have_no_alternative() {
        let mut settings = Settings::default();
        let on = |settings: &Settings, is_needed: bool| {
            Alternatives::new(settings).with(is_needed).engine.concurrency_support
        };
        assert!(Alternatives::new(&settings).are_open());
        assert!(!on(&settings, false) && on(&settings, true));
        settings.concurrency = Concurrency::Off;
        assert!(!on(&settings, false) && !on(&settings, true));
        settings.concurrency = Concurrency::On;
        assert!(on(&settings, false) && on(&settings, true));
        settings.concurrency = Concurrency::Auto;
        settings.engine = settings.engine.concurrency_support(true);
        assert!(!Alternatives::new(&settings).are_open() && on(&settings, false));
    }
}
