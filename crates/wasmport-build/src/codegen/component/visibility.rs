//! Wrappers that are visible in their crate alone.

use syn::{Item, Visibility, parse_quote};

/// Makes `items` visible in the crate alone, and with them the content of modules.
pub(crate) fn keep_in_crate(items: &mut [Item]) {
    let own = items.iter_mut().filter_map(visibility);
    for visibility in own.filter(|own| matches!(own, Visibility::Public(_))) {
        *visibility = parse_quote!(pub(crate));
    }
}

fn visibility(item: &mut Item) -> Option<&mut Visibility> {
    match item {
        Item::Const(item) => Some(&mut item.vis),
        Item::Enum(item) => Some(&mut item.vis),
        Item::Fn(item) => Some(&mut item.vis),
        Item::Mod(item) => Some(&mut item.vis),
        Item::Struct(item) => Some(&mut item.vis),
        Item::Trait(item) => Some(&mut item.vis),
        Item::Type(item) => Some(&mut item.vis),
        Item::Use(item) => Some(&mut item.vis),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Choices;
    use super::super::tests::{STORE, has, text, wrapper};
    use super::*;

    #[test]
    fn a_wrapper_that_its_crate_keeps_has_no_public_items() {
        let mut bindings = wrapper(STORE, &Choices::default()).unwrap();
        keep_in_crate(&mut bindings.items);
        let text = text(bindings);
        for expected in [
            "pub(crate) struct App {",
            "pub(crate) struct AppSession<T: 'static = ()>",
            "pub(crate) mod demo {",
        ] {
            assert!(has(&text, expected), "{expected}: {text}");
        }
        assert!(!has(&text, "}pub struct") && !has(&text, "}pub mod demo"), "{text}");
    }
}
