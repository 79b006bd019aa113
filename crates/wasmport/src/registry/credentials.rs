//! `Credentials`: what a registry asks for.

use super::error::RegistryError;
use docker_credential::{CredentialRetrievalError as Docker, DockerCredential};
use std::fmt;
use std::path::PathBuf;

/// The variables with the credentials of one registry, and the one that names its host: no other registry gets them.
const HOST_VARIABLE: &str = "WASMPORT_REGISTRY";
const USER_VARIABLE: &str = "WASMPORT_REGISTRY_USERNAME";
const PASSWORD_VARIABLE: &str = "WASMPORT_REGISTRY_PASSWORD";
const TOKEN_VARIABLE: &str = "WASMPORT_REGISTRY_TOKEN";

/// Credentials for a registry. `Debug` shows no secret.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// None.
    #[default]
    Anonymous,
    /// A name and a password, which may be a token.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token for which the registry's server of tokens returns others.
    Identity(String),
    /// A token that the registry takes itself.
    Bearer(String),
}

impl Credentials {
    /// Reads the credentials of this user for a host: those of the variables `WASMPORT_REGISTRY_USERNAME` and
    /// `WASMPORT_REGISTRY_PASSWORD`, or `WASMPORT_REGISTRY_TOKEN`, if `WASMPORT_REGISTRY` is the host; else those of docker:
    /// `config.json` in `DOCKER_CONFIG` or `~/.docker`, and the programs that it names.
    ///
    /// # Errors
    ///
    /// Fails with [`RegistryError::Credentials`] if docker's file or program fails.
    pub fn of_environment(host: &str) -> Result<Self, RegistryError> {
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        if variable(HOST_VARIABLE).is_some_and(|named| named == host) {
            if let Some(token) = variable(TOKEN_VARIABLE) {
                return Ok(Self::Bearer(token));
            }
            if let (Some(username), Some(password)) =
                (variable(USER_VARIABLE), variable(PASSWORD_VARIABLE))
            {
                return Ok(Self::Password { username, password });
            }
        }
        of_docker(host)
    }
}

/// The output of docker's credential programs if they have nothing for a host.
const NOTHING: &str = "credentials not found";

/// Returns the path of docker's file.
fn docker_file() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home)?;
    Some(folder.join("config.json"))
}

fn of_docker(host: &str) -> Result<Credentials, RegistryError> {
    // The messages of programs may have secrets.
    let failed = |what: String| Err(RegistryError::Credentials { host: host.to_owned(), what });
    if !docker_file().is_some_and(|file| file.is_file()) {
        return Ok(Credentials::Anonymous);
    }
    match docker_credential::get_credential(host) {
        Ok(DockerCredential::IdentityToken(token)) => Ok(Credentials::Identity(token)),
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Credentials::Password { username, password })
        }
        Err(Docker::NoCredentialConfigured | Docker::ConfigNotFound) => Ok(Credentials::Anonymous),
        Err(Docker::HelperFailure { stdout, .. }) if stdout.contains(NOTHING) => {
            Ok(Credentials::Anonymous)
        }
        Err(Docker::HelperFailure { helper, .. }) => {
            failed(format!("the program `{helper}` fails"))
        }
        Err(Docker::ConfigReadError) => failed("docker's `config.json` cannot be read".into()),
        Err(other) => failed(other.to_string()),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password(…)",
            Self::Identity(_) => "Identity(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}
