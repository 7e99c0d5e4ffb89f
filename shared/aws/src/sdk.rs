//! What all clients of a function share: a region, credentials, how long they wait, and one HTTP client.
//!
//! All of it comes from the environment, where Lambda puts it. The SDK's own way (`aws-config`) also looks for profiles,
//! single sign-on and machine roles, which no function has: that costs two megabytes and a millisecond of every start.
//!
//! **Trust.** AWS proves itself by certificates that end in one of Amazon's five roots (`sdk/amazon.pem`, from
//! <https://www.amazontrust.com/repository/>, valid until 2037 and longer). Functions trust these and no others: to read
//! the system's hundred and fifty costs more than the whole start of a function. Should AWS ever change its roots, a function
//! is told so without a new build: `AWS_CA_BUNDLE=/etc/pki/tls/certs/ca-bundle.crt` in its environment, the SDKs' own
//! variable, trusts what the machine trusts. In China AWS has other certificates, so there the system's are read.
//!
//! Not here: operators' programs, which have profiles (`operators`).

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, IdentityCache, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_types::SdkConfig;

use crate::environment::{EnvironmentError, read, required};

/// AWS is a millisecond away: who does not take a connection by now is not there.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// One try of one call, a full batch on a small function's share of the network included.
const TRY_MAX: Duration = Duration::from_secs(4);

/// One call with all its tries, within the 10 s that a forge gives a receiver.
const CALL_MAX: Duration = Duration::from_secs(8);

/// Amazon's roots.
const AMAZON: &[u8] = include_bytes!("sdk/amazon.pem");

/// How the names of AWS's regions in China begin.
const CHINA: &str = "cn-";

/// The settings of all clients of a function.
pub(crate) fn from_environment() -> Result<SdkConfig, EnvironmentError> {
    let region = required(read("AWS_REGION"), "AWS_REGION")?;
    let http_client = http_client(trust(&region, read("AWS_CA_BUNDLE"))?);
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials()?))
        // They are as good as at the start for as long as the process lives: nothing is to be refreshed.
        .identity_cache(IdentityCache::no_cache())
        .timeout_config(timeouts())
        // It watches long bodies, and has a timer run for each short one. The time-outs hold for both.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client);
    // A stand-in for AWS, in tests.
    config.set_endpoint_url(read("AWS_ENDPOINT_URL"));
    Ok(config.build())
}

/// How long a call waits.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(TRY_MAX)
        .operation_timeout(CALL_MAX)
        .build()
}

/// Those of the function's role.
fn credentials() -> Result<Credentials, EnvironmentError> {
    let key = required(read("AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID")?;
    let secret = required(read("AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY")?;
    Ok(Credentials::new(key, secret, read("AWS_SESSION_TOKEN"), None, "Lambda"))
}

fn trust(region: &str, bundle: Option<String>) -> Result<TrustStore, EnvironmentError> {
    let nothing = TrustStore::empty();
    Ok(match bundle {
        Some(path) => match std::fs::read(&path) {
            Ok(pem) => nothing.with_pem_certificate(pem),
            Err(error) => return Err(EnvironmentError::CaBundle { path, error }),
        },
        None if region.starts_with(CHINA) => nothing.with_native_roots(true),
        None => nothing.with_pem_certificate(AMAZON),
    })
}

/// One for all clients. It is made here and once, since the SDK's own way makes one more for each client, just to see that it
/// can be made.
fn http_client(trust: TrustStore) -> SharedHttpClient {
    #[expect(
        clippy::expect_used,
        reason = "a context fails by what is asked of it, and this is all there is"
    )]
    let tls = TlsContext::builder().with_trust_store(trust).build().expect("a context of a trust store");
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_MAX).build())
        .tls_provider(Provider::rustls(CryptoMode::AwsLc))
        .tls_context(tls)
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_can_be_trusted() {
        // Panics if one of them cannot be read.
        http_client(trust("eu-west-1", None).unwrap());
        let text = std::str::from_utf8(AMAZON).unwrap();
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 5);
    }

    #[test]
    fn a_bundle_that_is_not_there_is_named() {
        let error = trust("eu-west-1", Some("/nowhere.pem".to_owned())).unwrap_err();
        assert!(error.to_string().contains("/nowhere.pem"), "{error}");
    }
}
