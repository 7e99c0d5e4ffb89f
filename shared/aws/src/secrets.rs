//! Secrets Manager, for an operator's program: what a configuration names by reference.
//!
//! Not here: the functions' own secrets. They are resolved when the stack is deployed.

use std::error::Error;

use aws_sdk_secretsmanager::Client;
use payload::Secret;

use crate::operators::shared;

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not there, may not be read, or AWS was not reached.
    #[error("Secrets Manager does not give it")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It is binary.
    #[error("it is no text")]
    Binary,
}

/// The current value of the secret with this name or ARN.
pub async fn secret(id: &str) -> Result<Secret, SecretError> {
    let answer = Client::new(&shared().await).get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| SecretError::Unavailable(Box::new(error.into_service_error())))?;
    answer.secret_string.map(Secret::new).ok_or(SecretError::Binary)
}
