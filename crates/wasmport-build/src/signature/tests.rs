//! Keys that sign, and those that are trusted.

use super::{NewKey, SigningKey, SigningKeyError, TrustedKeys, Untrusted};

fn key(name: &str) -> Result<(SigningKey, String), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let NewKey { secret, public } = NewKey::create(None)?;
    let path = folder.path().join(name);
    crate::fs::write_new(&path, secret.as_bytes())?;
    Ok((SigningKey::from_file(&path)?, public))
}

#[test]
fn fault_36_signatures_of_unknown_and_revoked_keys_do_not_count()
-> Result<(), Box<dyn std::error::Error>> {
    let (ours, public) = key("ours")?;
    let (other, _) = key("other")?;
    let trusted = TrustedKeys::new([&public])?.minimum_generation(3);
    let signature = ours.sign(b"statement")?;
    assert_eq!(trusted.verify(b"statement", &signature, 3), Ok(ours.id()));
    let old = Untrusted::Old { found: 2, minimum: 3 };
    assert_eq!(trusted.verify(b"statement", &signature, 2), Err(old));
    let forged = Err(Untrusted::Forged(ours.id()));
    assert_eq!(trusted.verify(b"statemenT", &signature, 3), forged);
    let by_other = other.sign(b"statement")?;
    assert_eq!(trusted.verify(b"statement", &by_other, 3), Err(Untrusted::Unknown(other.id())));
    assert_eq!(trusted.verify(b"statement", "", 3), Err(Untrusted::Unsigned));
    // By name and by key.
    for text in [ours.id().to_string(), ours.public()] {
        let revoked = trusted.clone().revoke([text])?;
        let refused = Err(Untrusted::Revoked(ours.id()));
        assert_eq!(revoked.verify(b"statement", &signature, 3), refused);
    }
    assert!(TrustedKeys::new(["RWnonsense"]).is_err());
    Ok(())
}

#[test]
fn a_file_that_is_no_key_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("key");
    let error = SigningKey::from_file(&path);
    assert!(matches!(error, Err(SigningKeyError::File { .. })));
    for text in ["", "nonsense", "untrusted comment: x\nnonsense\n"] {
        crate::fs::write_new(&path, text.as_bytes())?;
        let error = SigningKey::from_file(&path);
        assert!(matches!(error, Err(SigningKeyError::Malformed { .. })), "{error:?}");
        crate::fs::remove(&path)?;
    }
    Ok(())
}

#[test]
fn minisign_verifies_what_is_signed() -> Result<(), Box<dyn std::error::Error>> {
    let (key, public) = key("key")?;
    let signature = key.sign(b"statement")?;
    assert_eq!(key.sign(b"statement")?, signature, "it is the same each time");
    let public = minisign::PublicKeyBox::from_string(&public)?.into_public_key()?;
    let signature = minisign::SignatureBox::from_string(&signature)?;
    let verify = |bytes: &'static [u8]| {
        minisign::verify(&public, &signature, std::io::Cursor::new(bytes), true, false, false)
    };
    assert!(verify(b"statement").is_ok() && verify(b"other").is_err());
    Ok(())
}
