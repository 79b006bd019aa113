//! `Document`: the tables of a lock file. It is parsed in pieces, because the parser of TOML takes many times the memory of
//! its text.

use super::Locked;
use crate::project::pins::Pin;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// The tables of a lock file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document<A, P> {
    pub format: u32,
    /// Whether the engine has concurrency, which the assets may decide.
    #[serde(default, rename = "concurrency-support", skip_serializing_if = "std::ops::Not::not")]
    pub concurrency: bool,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub asset: Vec<A>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub pin: Vec<P>,
}

/// The tables in a piece.
const TABLES: usize = 64;

/// Parses the text. Returns `None` if a piece is not a part of a lock file: parsing the whole then tells the line of the error,
/// or that the text is one that no import writes.
pub(super) fn parse_in_pieces(text: &str) -> Option<Document<Spanned<Locked>, Spanned<Pin>>> {
    let mut pieces = split(text);
    let (_, first) = pieces.next()?;
    let mut whole: Document<Spanned<Locked>, Spanned<Pin>> = toml::from_str(first).ok()?;
    let head = format!("format = {}\n", whole.format);
    for (start, piece) in pieces {
        let part: Document<Spanned<Locked>, Spanned<Pin>> =
            toml::from_str(&format!("{head}{piece}")).ok()?;
        whole.asset.extend(part.asset.into_iter().map(|asset| moved(asset, start, head.len())));
        whole.pin.extend(part.pin.into_iter().map(|pin| moved(pin, start, head.len())));
    }
    Some(whole)
}

/// Splits the text in front of tables, and returns the pieces with their starts.
fn split(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tables = text.match_indices("\n[[").map(|(at, _)| at + 1);
    let starts: Vec<usize> =
        std::iter::once(0).chain(tables.skip(TABLES).step_by(TABLES)).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| (start, &text[start..end]))
}

/// Returns a value with its place in the whole text instead of the one in a piece.
fn moved<T>(value: Spanned<T>, start: usize, head: usize) -> Spanned<T> {
    let place = |at: usize| (at + start).saturating_sub(head);
    let span = value.span();
    Spanned::new(place(span.start)..place(span.end), value.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(assets: usize) -> String {
        let digest = "0".repeat(64);
        let asset = |n| {
            format!(
                "\n[[asset]]\nsource = \"a{n}.wat\"\ninput = \"{digest}\"\nsettings = \"{digest}\"\nwasmtime = \"48.0.8\"\n\n\
                 [asset.artifacts]\nportable = \"{digest}\"\n"
            )
        };
        format!("# header\nformat = 1\n{}", (0..assets).map(asset).collect::<String>())
    }

    #[test]
    fn the_pieces_are_the_whole() -> Result<(), toml::de::Error> {
        for assets in [0, 1, TABLES - 1, TABLES, TABLES + 1, 3 * TABLES + 7] {
            let text = text(assets);
            let whole: Document<Spanned<Locked>, Spanned<Pin>> = toml::from_str(&text)?;
            let Some(pieces) = parse_in_pieces(&text) else {
                panic!("{assets} assets are not parsed")
            };
            assert_eq!(pieces.asset, whole.asset, "{assets} assets");
        }
        Ok(())
    }

    #[test]
    fn a_table_in_a_text_is_left_to_the_whole() {
        let text = text(TABLES) + "\n[[asset]]\nsource = '''\n[[asset]]\n'''\n";
        assert!(parse_in_pieces(&text).is_none());
    }
}
