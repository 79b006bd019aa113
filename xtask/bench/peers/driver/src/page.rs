//! The part of `docs/peers.md` that the command writes.

use crate::error::{Error, Result};

pub(crate) const PATH: &str = "docs/peers.md";
const BEGIN: &str = "<!-- `cargo xtask bench peers --write`: begin -->";
const END: &str = "<!-- end -->";

/// Returns the page with these tables between its markers.
pub(crate) fn replace(page: &str, tables: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).ok_or(Error::NoMarker { marker: BEGIN })?;
    let (_, after) = rest.split_once(END).ok_or(Error::NoMarker { marker: END })?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_those_of_the_last_run() {
        let page = format!("Before\n{BEGIN}\nold\n{END}\nAfter\n");
        let first = replace(&page, "new\n").unwrap();
        assert_eq!(first, format!("Before\n{BEGIN}\n\nnew\n\n{END}\nAfter\n"));
        assert_eq!(replace(&first, "new\n").unwrap(), first);
        assert!(matches!(replace("nothing", "new"), Err(Error::NoMarker { .. })));
    }

    #[test]
    fn the_page_has_the_markers() {
        let page = crate::files::read_text(&crate::files::root().join(PATH)).unwrap();
        assert!(replace(&page, "").is_ok());
    }
}
