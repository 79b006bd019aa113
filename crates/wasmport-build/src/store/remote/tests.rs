//! A remote store in memory, whose entries are damaged in all ways.

use super::address::Address;
use super::statement::Producer;
use super::*;
use crate::signature::{NewKey, SigningKey, TrustedKeyError};
use opendal::Operator;
use opendal::services::Memory;
use std::error::Error;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const BUCKET: Bucket = Bucket::Artifact;

fn key() -> Result<SigningKey> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("key");
    NewKey::create_in(&path)?;
    Ok(SigningKey::from_file(&path)?)
}

type Trusted = std::result::Result<TrustedKeys, TrustedKeyError>;

fn remote(operator: &Operator, trusted: Trusted, by: Option<&SigningKey>) -> Result<Remote> {
    remote_within(operator, (trusted, by, Duration::from_secs(60)))
}

/// A remote store, and the time that an import may wait for it.
fn remote_within(
    operator: &Operator,
    (trusted, by, budget): (Trusted, Option<&SigningKey>, Duration),
) -> Result<Remote> {
    let engine = Digest::of(b"engine");
    let producer = by.map(|key| Producer { key: key.clone(), engine, generation: 5 });
    let time = Duration::from_secs(60);
    let options = RemoteOptions {
        address: Address::parse("s3://unused")?,
        is_of_environment: false,
        trusted: trusted?,
        producer,
        timeout: time,
        budget,
        upload: time,
        most: 1 << 20,
    };
    Ok(Remote::over(operator.clone(), options)?)
}

/// A store with the results `one` and `two`, by a producer.
struct Filled {
    operator: Operator,
    producer: SigningKey,
}

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

impl Filled {
    fn new() -> Result<Self> {
        let filled = Self { operator: Operator::new(Memory::default())?, producer: key()? };
        let writer = remote(&filled.operator, filled.trusted(), Some(&filled.producer))?;
        for name in ["one", "two"] {
            writer.put(BUCKET, digest(name), Digest::of(name.as_bytes()), name.as_bytes());
        }
        assert_eq!(writer.close(), Vec::<String>::new());
        Ok(filled)
    }

    fn trusted(&self) -> Trusted {
        TrustedKeys::new([self.producer.public()])
    }

    fn reader(&self) -> Result<Remote> {
        remote(&self.operator, self.trusted(), None)
    }

    /// Reads `one`, and returns the only warning.
    fn refused(&self, reader: &Remote) -> String {
        assert_eq!(reader.get(BUCKET, digest("one")), None);
        let warnings = reader.close();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        warnings[0].lines().next().unwrap_or_default().to_owned()
    }

    fn block<T>(&self, operation: impl Future<Output = opendal::Result<T>>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(runtime.block_on(operation)?)
    }

    fn read(&self, entry: EntryKey) -> Result<Vec<u8>> {
        Ok(self.block(self.operator.read(&path_of(entry)))?.to_vec())
    }

    fn write(&self, entry: EntryKey, bytes: Vec<u8>) -> Result {
        self.block(self.operator.write(&path_of(entry), bytes)).map(drop)
    }
}

fn record(name: &str) -> EntryKey {
    EntryKey::Record(BUCKET, digest(name))
}

#[test]
fn results_are_shared() -> Result {
    let filled = Filled::new()?;
    let reader = filled.reader()?;
    for name in ["one", "two"] {
        let found = reader.get(BUCKET, digest(name));
        assert_eq!(found, Some((name.as_bytes().to_vec(), Digest::of(name.as_bytes()))));
    }
    assert_eq!(reader.get(BUCKET, digest("three")), None);
    assert_eq!(reader.get(Bucket::Compressed, digest("one")), None);
    // Who only reads uploads nothing.
    reader.put(BUCKET, digest("three"), Digest::of(b"three"), b"three");
    assert_eq!(reader.close(), Vec::<String>::new());
    assert!(filled.read(record("three")).is_err());
    Ok(())
}

#[test]
fn fault_34_damaged_blobs_and_records_do_not_count() -> Result {
    let filled = Filled::new()?;
    let blob = EntryKey::Blob(Digest::of(b"one"));
    for bytes in ["onE", "on", ""] {
        filled.write(blob, bytes.into())?;
        assert!(filled.refused(&filled.reader()?).ends_with("its blob is damaged"), "{bytes}");
    }
    filled.write(blob, b"onetwo".to_vec())?;
    assert!(filled.refused(&filled.reader()?).ends_with("larger than it says"));
    filled.write(blob, b"one".to_vec())?;
    let (good, mut refused) = (filled.read(record("one"))?, 0);
    for index in 0..good.len() {
        let mut damaged = good.clone();
        damaged[index] ^= 1;
        filled.write(record("one"), damaged)?;
        // A comment in the signature is not signed, and changes nothing.
        let found = filled.reader()?.get(BUCKET, digest("one"));
        refused += usize::from(found.is_none());
        assert!(found.is_none_or(|(bytes, _)| bytes == b"one"), "byte {index}");
    }
    assert!(refused > good.len() - 64, "{refused}");
    Ok(())
}

#[test]
fn fault_35_and_38_the_record_of_another_result_does_not_count() -> Result {
    let filled = Filled::new()?;
    let two = filled.read(record("two"))?;
    filled.write(record("one"), two.clone())?;
    assert!(filled.refused(&filled.reader()?).ends_with("it is the record of another result"));
    // Under another kind of results.
    filled.write(EntryKey::Record(Bucket::Compressed, digest("two")), two)?;
    assert_eq!(filled.reader()?.get(Bucket::Compressed, digest("two")), None);
    Ok(())
}

#[test]
fn fault_36_records_of_others_do_not_count() -> Result {
    let filled = Filled::new()?;
    let (id, stranger) = (filled.producer.id(), key()?);
    let reader = remote(&filled.operator, TrustedKeys::new([stranger.public()]), None)?;
    let expected = format!("it is signed by the key {id}, which is not trusted");
    assert!(filled.refused(&reader).ends_with(&expected));
    let revoked = filled.trusted()?.revoke([id.to_string()]);
    let expected = format!("it is signed by the key {id}, which is revoked");
    let reader = remote(&filled.operator, revoked, None)?;
    assert!(filled.refused(&reader).ends_with(&expected));
    let newer = filled.trusted()?.minimum_generation(6);
    let reader = remote(&filled.operator, Ok(newer), None)?;
    let expected = "it is of generation 5, and 6 is the lowest that counts";
    assert!(filled.refused(&reader).ends_with(expected));
    let same = filled.trusted()?.minimum_generation(5);
    assert!(remote(&filled.operator, Ok(same), None)?.get(BUCKET, digest("one")).is_some());
    Ok(())
}

#[test]
fn fault_37_a_record_without_its_blob_is_a_miss() -> Result {
    let filled = Filled::new()?;
    let blob = path_of(EntryKey::Blob(Digest::of(b"one")));
    filled.block(filled.operator.delete(&blob))?;
    let reader = filled.reader()?;
    assert_eq!(reader.get(BUCKET, digest("one")), None);
    assert_eq!(reader.close(), Vec::<String>::new());
    Ok(())
}

#[test]
fn fault_47_what_is_too_large_is_not_read() -> Result {
    let filled = Filled::new()?;
    let large = vec![7; (1 << 20) + 1];
    let writer = remote(&filled.operator, filled.trusted(), Some(&filled.producer))?;
    writer.put(BUCKET, digest("large"), Digest::of(&large), &large);
    let _ = writer.close();
    assert!(filled.read(record("large")).is_err());
    filled.write(record("one"), vec![b' '; 1 << 20])?;
    assert!(filled.refused(&filled.reader()?).contains("larger"));
    Ok(())
}

#[test]
fn fault_50_two_machines_with_different_results_are_reported() -> Result {
    let filled = Filled::new()?;
    let writer = remote(&filled.operator, filled.trusted(), Some(&filled.producer))?;
    writer.put(BUCKET, digest("one"), Digest::of(b"other"), b"other");
    let warnings = writer.close();
    let producer = filled.producer.id();
    assert!(
        warnings.len() == 1
            && warnings[0].starts_with("two machines gave different results for the same input")
            && warnings[0].contains(&producer.to_string()),
        "{warnings:?}"
    );
    let found = filled.reader()?.get(BUCKET, digest("one"));
    assert_eq!(found.map(|(bytes, _)| bytes), Some(b"one".to_vec()), "the first one stays");
    Ok(())
}

#[test]
fn fault_37_whoever_uploads_replaces_what_is_missing_or_damaged() -> Result {
    for damage in [None, Some(b"eno".to_vec()), Some(b"longer".to_vec())] {
        let filled = Filled::new()?;
        let blob = EntryKey::Blob(digest("one"));
        match &damage {
            None => filled.block(filled.operator.delete(&path_of(blob)))?,
            Some(bytes) => filled.write(blob, bytes.clone())?,
        }
        let writer = remote(&filled.operator, filled.trusted(), Some(&filled.producer))?;
        assert_eq!(writer.get(BUCKET, digest("one")), None, "{damage:?}");
        writer.put(BUCKET, digest("one"), digest("one"), b"one");
        let _ = writer.close();
        let found = filled.reader()?.get(BUCKET, digest("one"));
        assert_eq!(found, Some((b"one".to_vec(), digest("one"))), "{damage:?}");
    }
    Ok(())
}

#[test]
fn fault_47_entries_that_are_too_large_do_not_end_the_use_of_the_store() -> Result {
    let filled = Filled::new()?;
    let large = vec![0; usize::try_from(LARGEST)? + 1];
    let names = ["a", "b", "c", "d"];
    for name in names {
        filled.write(record(name), large.clone())?;
    }
    let reader = filled.reader()?;
    for name in names {
        assert_eq!(reader.get(BUCKET, digest(name)), None);
    }
    assert!(reader.get(BUCKET, digest("two")).is_some());
    Ok(())
}

#[test]
fn a_machine_that_may_not_wait_any_more_still_uploads() -> Result {
    let filled = Filled::new()?;
    let spent = (filled.trusted(), Some(&filled.producer), Duration::ZERO);
    let writer = remote_within(&filled.operator, spent)?;
    assert_eq!(writer.get(BUCKET, digest("one")), None);
    writer.put(BUCKET, digest("three"), digest("three"), b"three");
    let warnings = writer.close();
    assert!(warnings.iter().any(|warning| warning.contains("has waited")), "{warnings:?}");
    assert!(filled.reader()?.get(BUCKET, digest("three")).is_some());
    Ok(())
}
