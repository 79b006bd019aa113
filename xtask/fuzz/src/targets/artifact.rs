//! Artifacts that others have changed.

use crate::edit::edited;
use crate::project::Project;
use calls::Imported;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use wasmport::{AnyAsset, Artifact, Asset, AssetSource, EngineConfig, Error, Runtime};

/// An asset with an artifact beside the program.
struct Genuine {
    asset: Asset,
    artifact: Vec<u8>,
}

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

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let wat = b"(module (func (export \"tax\") (param i64) (result i64) (i64.shl (local.get 0) (i64.const 1))))";
    let settings = b"[import]\nembed = false\n";
    let project = Project::new([("assets/tax.wat", wat.as_slice()), ("wasmport.toml", settings)]);
    let report = project.import();
    let out = project.path("src/assets");
    let artifact = std::fs::read(out.join(&report.assets[0].artifacts[0].path)).unwrap();
    let asset = Imported::new(&out).unwrap().asset("tax", EngineConfig::default()).unwrap();
    Genuine { asset, artifact }
});

/// Edits of an artifact: it loads if it is genuine, else its digest is refused.
pub fn artifact(bytes: &[u8]) {
    let Genuine { asset, artifact: genuine } = &*GENUINE;
    let artifact = edited(genuine, bytes);
    let is_genuine = artifact == *genuine;
    let source = Edited(Arc::new(Mutex::new(artifact)));
    let runtime = Runtime::builder(asset.engine()).source(source).build().unwrap();
    match runtime.load(asset) {
        Ok(_) => assert!(is_genuine, "an artifact of another digest is loaded"),
        Err(Error::Digest { expected, actual, .. }) => {
            assert!(!is_genuine && expected != actual);
        }
        Err(error) => panic!("{error:?}"),
    }
}
