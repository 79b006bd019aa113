//! Reads the imports and exports of a component as text, from bytes and from loaded components alike.

use super::items::{ComponentItem, ComponentItems};
use super::resources::Side;
use super::shape::{Content, Types, Writer};

/// Reads the imports and exports of a component.
pub(crate) fn read<'a, T: Types>(
    types: T,
    imports: impl IntoIterator<Item = (&'a str, T::Item)>,
    exports: impl IntoIterator<Item = (&'a str, T::Item)>,
) -> ComponentItems {
    let mut reader = Reader { writer: Writer::new(types), found: Vec::new() };
    imports.into_iter().for_each(|(name, item)| reader.add(Side::Import, name, item));
    let imports = std::mem::take(&mut reader.found);
    exports.into_iter().for_each(|(name, item)| reader.add(Side::Export, name, item));
    ComponentItems { imports, exports: reader.found, definitions: reader.writer.definitions }
}

struct Reader<T: Types> {
    writer: Writer<T>,
    found: Vec<ComponentItem>,
}

impl<T: Types> Reader<T> {
    fn add(&mut self, side: Side, name: &str, item: T::Item) {
        let content = self.writer.types.content(item);
        let Content::Instance(items) = content else {
            self.writer.enter(side, "");
            self.push("", name, content);
            return;
        };
        self.writer.enter(side, name);
        let before = self.found.len();
        for (inner, item) in items {
            let content = self.writer.types.content(item);
            self.push(name, &inner, content);
        }
        if self.found.len() == before {
            self.found.push(ComponentItem::new(name, "", "interface"));
        }
    }

    /// Adds an item with its text; types and further names of resources have none.
    fn push(&mut self, interface: &str, name: &str, content: Content<T>) {
        let ty = match content {
            Content::Func { is_async, params, result } => {
                self.writer.func(is_async, &params, result.as_ref())
            }
            Content::Resource(resource) => match self.writer.add_resource(resource, name) {
                true => "resource".into(),
                false => return,
            },
            Content::Type => return,
            Content::Instance(_) => "interface".into(),
            Content::Other(what) => what.into(),
        };
        self.found.push(ComponentItem::new(interface, name, ty));
    }
}
