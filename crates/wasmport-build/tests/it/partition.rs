//! Parts of an import and their merge, in one process.

use crate::project::{CALC, Project};
use wasmport_build::{Error, Importer, Merge, Partition, Status};

const TWO: &[u8] = b"(module (func (export \"two\") (result i32) (i32.const 2)))";

fn project() -> Project {
    Project::with(&[("calc.wat", CALC.as_bytes()), ("two.wat", TWO)])
}

fn part(project: &Project, part: u32) -> Importer {
    project.importer().partition(Partition::new(part, 2).unwrap())
}

#[test]
fn parts_and_merge_need_no_helper() {
    let project = project();
    let missing = project.importer().merge(Merge::new().parts(2)).run(&()).unwrap();
    assert_eq!((missing.missing.len(), missing.count(Status::Failed)), (2, 2));
    for number in [1, 2] {
        let report = part(&project, number).run(&()).unwrap();
        assert_eq!((report.count(Status::Compiled), report.part.unwrap().items), (1, 1));
        assert!(!project.out().exists(), "a part writes no output");
    }
    let merged = project.importer().merge(Merge::new()).run(&()).unwrap();
    assert_eq!((merged.missing.len(), merged.count(Status::Imported)), (0, 2));
    assert_eq!(project.importer().run_check().unwrap().count(Status::Unchanged), 2);
}

#[test]
fn parts_and_merges_that_cannot_be_are_refused() {
    let project = project();
    let merge = || project.importer().merge(Merge::new());
    for importer in [
        part(&project, 1).reproduce(),
        part(&project, 1).merge(Merge::new()),
        part(&project, 1).no_cache(),
        merge().reproduce(),
        merge().no_cache(),
    ] {
        let error = importer.run(&()).unwrap_err();
        assert!(matches!(&error, Error::Arguments { .. }), "{error}");
        assert!(!project.out().exists());
    }
}
