//! Settings that have no effect on a component.

use crate::settings::AssetSettings;

/// Warns of settings that are for modules alone.
pub(in super::super) fn warning(settings: &AssetSettings) -> Option<String> {
    let defaults = AssetSettings::defaults();
    macro_rules! chosen {
        ($($key:literal $field:ident)*) => {
            [$(($key, settings.$field.is_some() && settings.$field != defaults.$field)),*]
        };
    }
    let keys = chosen! {
        "api" api
        "convention" convention
        "exclude-exports" exclude_exports
        "exports" exports
        "free" free
        "infallible-imports" infallible_imports
        "kinds" kinds
        "malloc" malloc
        "max-exports" max_exports
        "prefix" prefix
        "trap-imports" trap_imports
    };
    let keys: Vec<String> = keys
        .iter()
        .filter(|(_, is_chosen)| *is_chosen)
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    Some(match keys.split_last()? {
        (one, []) => format!("{one} does nothing for a component: it is for modules"),
        (last, others) => {
            let others = others.join(", ");
            format!("{others} and {last} do nothing for a component: they are for modules")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Visibility;

    #[test]
    fn choices_for_modules_alone_are_named() {
        let mut settings = AssetSettings::defaults();
        (settings.visibility, settings.prefix) = (Some(Visibility::Crate), None);
        assert_eq!(warning(&settings), None);
        settings.max_exports = Some(1);
        let one = warning(&settings).unwrap();
        assert_eq!(one, "`max-exports` does nothing for a component: it is for modules");
        settings.exports = Some(vec!["*".into()]);
        settings.kinds = Some(Vec::new());
        let three = warning(&settings).unwrap();
        assert!(
            three.starts_with("`exports`, `kinds` and `max-exports` do nothing for"),
            "{three}"
        );
    }
}
