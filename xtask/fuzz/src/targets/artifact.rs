//! Artifacts that others have changed.

use crate::edit::edited;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use wasmport::{AnyAsset, Artifact, AssetSource, Error, Runtime};

/// The wrapper of an asset with an artifact beside the program.
#[path = "../../../../fixtures/projects/verified/imported/mod.rs"]
mod imported;

const FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/projects/verified/imported/");

/// A source with the bytes of the current input.
#[derive(Clone, Default)]
struct Edited(Arc<Mutex<Vec<u8>>>);

impl AssetSource for Edited {
    fn read(&self, _: &AnyAsset, _: &Artifact, _: &str) -> io::Result<Vec<u8>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn describe(&self, path: &str) -> String {
        path.into()
    }
}

static GENUINE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let target = imported::tax::ASSET.artifacts()[0].target();
    std::fs::read(format!("{FOLDER}artifacts/tax.{target}.cwasm")).unwrap()
});

/// Edits of an artifact: it loads if it is genuine, else its digest is refused.
pub fn artifact(bytes: &[u8]) {
    let artifact = edited(&GENUINE, bytes);
    let is_genuine = artifact == *GENUINE;
    let source = Edited(Arc::new(Mutex::new(artifact)));
    let runtime = Runtime::builder(&imported::ENGINE).source(source).build().unwrap();
    match runtime.load(&imported::tax::ASSET) {
        Ok(_) => assert!(is_genuine, "an artifact of another digest is loaded"),
        Err(Error::Digest { expected, actual, .. }) => {
            assert!(!is_genuine && expected != actual);
        }
        Err(error) => panic!("{error:?}"),
    }
}
