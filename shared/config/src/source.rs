//! Where a project's webhooks come in.

use payload::{Forge, Secret, SigningKey, SigningKeyError};
use serde::{Deserialize, Serialize};

use crate::SourceId;
use crate::limits::{SECRET_BYTES_MAX, SECRETS_MAX};

/// A project's inbound side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source<S = Secret> {
    /// The last part of its URL.
    pub id: SourceId,
    /// Whose payloads to expect; with `None` (`auto`), each request is judged by its headers.
    #[serde(with = "crate::source::forge_or_auto")]
    pub forge: Option<Forge>,
    /// What senders prove themselves with; several while they are rotated. A secret that starts with `whsec_` is a
    /// signing token (Standard Webhooks); any other is GitLab's plain `X-Gitlab-Token`, or what another forge signs with.
    pub secrets: Vec<S>,
    /// Accept requests that carry no proof at all, as a GitLab of 2014 sends them. Its id is the only secret then.
    pub allow_unsigned: bool,
}

/// A forge's name, or `auto`, as people write it.
pub mod forge_or_auto {
    use payload::Forge;
    use serde::de::IntoDeserializer;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const AUTO: &str = "auto";

    /// For `#[serde(with)]`.
    pub fn serialize<S: Serializer>(forge: &Option<Forge>, serializer: S) -> Result<S::Ok, S::Error> {
        match forge {
            Some(forge) => forge.serialize(serializer),
            None => serializer.serialize_str(AUTO),
        }
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Forge>, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == AUTO { Ok(None) } else { Forge::deserialize(name.into_deserializer()).map(Some) }
    }
}

/// Why a source is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Anybody could post.
    #[error("a source needs a secret (or allow_unsigned = true, for a GitLab of 2014 that has none to send)")]
    NoSecret,
    /// Too many to try at every request.
    #[error("a source has at most {SECRETS_MAX} secrets, and this one has {0}")]
    TooManySecrets(usize),
    /// An empty or endless secret, or one that no header can carry.
    #[error("a secret has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Secret,
    /// A secret that starts with `whsec_` and is no signing token.
    #[error(transparent)]
    SigningToken(#[from] SigningKeyError),
}

impl<S> Source<S> {
    /// The same source with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Source<T>, E> {
        Ok(Source {
            id: self.id,
            forge: self.forge,
            secrets: self.secrets.into_iter().map(change).collect::<Result<_, _>>()?,
            allow_unsigned: self.allow_unsigned,
        })
    }
}

impl Source {
    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), SourceError> {
        if self.secrets.is_empty() && !self.allow_unsigned {
            return Err(SourceError::NoSecret);
        }
        if self.secrets.len() > SECRETS_MAX {
            return Err(SourceError::TooManySecrets(self.secrets.len()));
        }
        self.secrets.iter().try_for_each(check_secret)
    }
}

fn check_secret(secret: &Secret) -> Result<(), SourceError> {
    let text = secret.expose();
    let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if text.is_empty() || text.len() > SECRET_BYTES_MAX || !is_printable {
        return Err(SourceError::Secret);
    }
    if text.starts_with("whsec_") {
        SigningKey::new(secret)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[&str], allow_unsigned: bool) -> Result<(), SourceError> {
        let secrets = secrets.iter().copied().map(Secret::new).collect();
        Source { id: "x".parse().unwrap(), forge: None, secrets, allow_unsigned }.check()
    }

    #[test]
    fn a_source_that_anybody_could_use_must_say_so() {
        assert_eq!(check(&[], false), Err(SourceError::NoSecret));
        assert_eq!(check(&[], true), Ok(()));
        assert_eq!(check(&["s3cret"], false), Ok(()));
    }

    #[test]
    fn a_secret_that_could_never_match_is_refused() {
        assert_eq!(check(&[""], false), Err(SourceError::Secret));
        assert_eq!(check(&["line\nbreak"], false), Err(SourceError::Secret));
        assert_eq!(
            check(&["whsec_c2hvcnQ="], false),
            Err(SourceError::SigningToken(SigningKeyError::Length(5)))
        );
        assert_eq!(check(&["x"; 11], false), Err(SourceError::TooManySecrets(11)));
    }

    #[test]
    fn a_forge_is_named_or_found_out() {
        let read = |forge: &str| {
            let source = format!(r#"{{"id":"x","forge":"{forge}","secrets":[],"allow_unsigned":true}}"#);
            serde_json::from_str::<Source>(&source)
                .map(|source| source.forge)
                .map_err(|error| error.to_string())
        };
        assert_eq!(read("auto"), Ok(None));
        assert_eq!(read("bitbucket-cloud"), Ok(Some(Forge::BitbucketCloud)));
        assert!(read("sourceforge").unwrap_err().contains("expected one of `gitlab`, `github`"));
    }
}
