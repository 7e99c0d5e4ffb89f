//! What the file's references name: environment variables, files, secrets of AWS Secrets Manager. Each is looked up
//! once, before anything is stored.
//!
//! Not here: how a reference is written (`file::secret`).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use payload::Secret;

use crate::file::{File, Reference, Written};

/// The largest file with a secret in it, in bytes: an ssh key with room to spare.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Puts what they name in the place of all references. Files are looked for from `folder` on.
pub(crate) async fn resolve(file: &mut File, folder: &Path) -> Result<()> {
    let mut known: BTreeMap<Reference, Secret> = BTreeMap::new();
    for project in &mut file.projects {
        let path = project.path.clone();
        for written in project.secrets_mut() {
            let Written::Reference(reference) = written else { continue };
            let secret = match known.get(reference) {
                Some(secret) => secret.clone(),
                None => look_up(reference, folder)
                    .await
                    .with_context(|| format!("project {path}: {reference}"))?,
            };
            known.insert(reference.clone(), secret.clone());
            *written = Written::Literal(secret);
        }
    }
    Ok(())
}

async fn look_up(reference: &Reference, folder: &Path) -> Result<Secret> {
    let secret = match reference {
        Reference::Environment(name) => environment(name)?,
        Reference::File(path) => read(&folder.join(path))?,
        Reference::SecretsManager { id, key } => {
            let secret = secrets_manager(id).await?;
            match key {
                Some(key) => value(&secret, key)?,
                None => secret,
            }
        }
    };
    if secret.expose().is_empty() {
        bail!("it is empty");
    }
    Ok(secret)
}

#[expect(clippy::disallowed_methods, reason = "the file names the variable: that is its configuration")]
fn environment(name: &str) -> Result<Secret> {
    match std::env::var(name) {
        Ok(value) => Ok(Secret::new(value)),
        Err(std::env::VarError::NotPresent) => bail!("the environment variable is not set"),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the environment variable is no text in UTF-8"),
    }
}

/// A file's text without the end of its last line, which editors put there and nobody means.
fn read(path: &Path) -> Result<Secret> {
    let mut text = String::new();
    let file = std::fs::File::open(path).context("cannot read it")?;
    file.take(SECRET_FILE_BYTES_MAX + 1).read_to_string(&mut text).context("cannot read it")?;
    if text.len() as u64 > SECRET_FILE_BYTES_MAX {
        bail!("a secret has at most {SECRET_FILE_BYTES_MAX} bytes");
    }
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(line))
}

/// A value of a secret that is a JSON object.
fn value(secret: &Secret, key: &str) -> Result<Secret> {
    let object: BTreeMap<String, serde_json::Value> = match serde_json::from_str(secret.expose()) {
        Ok(object) => object,
        // The parser's words may quote it.
        Err(_) => bail!("the secret is no JSON object"),
    };
    match object.get(key) {
        Some(serde_json::Value::String(text)) => Ok(Secret::new(text.as_str())),
        Some(_) => bail!("the value is no text"),
        None => bail!("the secret has no such key"),
    }
}

#[cfg(feature = "aws")]
async fn secrets_manager(id: &str) -> Result<Secret> {
    Ok(aws::secret(id).await?)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with AWS, there is something to wait for")]
async fn secrets_manager(_id: &str) -> Result<Secret> {
    bail!("this bellhop knows no AWS: build it with --features aws")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Syntax;

    /// The first secret of a source that says `secrets = ["TEXT"]`, looked up beside a file `token`.
    async fn found(text: &str, token: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), token).unwrap();
        let toml = format!("[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"{text}\"]");
        let mut file = Syntax::Toml.read(&toml).unwrap();
        resolve(&mut file, folder.path()).await.map_err(|error| format!("{error:#}"))?;
        match file.projects[0].secrets_mut().next() {
            Some(Written::Literal(secret)) => Ok(secret.expose().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_file_is_looked_for_beside_the_configuration_and_its_last_line_has_no_end() {
        assert_eq!(found("file:token", "hunter2\n").await.unwrap(), "hunter2");
        assert_eq!(found("file:token", "a\nb\r\n").await.unwrap(), "a\nb");
        insta::assert_snapshot!(found("file:token", "\n").await.unwrap_err(), @"project a/b: file:token: it is empty");
        let large = "x".repeat(70_000);
        insta::assert_snapshot!(found("file:token", &large).await.unwrap_err(), @"project a/b: file:token: a secret has at most 65536 bytes");
        assert!(
            found("file:other", "").await.unwrap_err().starts_with("project a/b: file:other: cannot read it")
        );
    }

    #[tokio::test]
    async fn a_variable_is_there_or_missed() {
        assert!(!found("env:PATH", "").await.unwrap().is_empty());
        insta::assert_snapshot!(found("env:BELLHOP_NOBODY", "").await.unwrap_err(), @"project a/b: env:BELLHOP_NOBODY: the environment variable is not set");
    }

    #[test]
    fn a_secret_of_json_has_values_by_name() {
        let secret = Secret::new(r#"{"token": "hunter2", "port": 1}"#);
        assert_eq!(value(&secret, "token").unwrap().expose(), "hunter2");
        assert!(value(&secret, "port").is_err() && value(&secret, "x").is_err());
        assert_eq!(
            value(&Secret::new("hunter2"), "x").unwrap_err().to_string(),
            "the secret is no JSON object"
        );
    }
}
