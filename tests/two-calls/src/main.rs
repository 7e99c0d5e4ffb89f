//! A function that puts one row and sends one batch of three for each event, as large as `receive-hook`'s for a push, and does
//! nothing else: the least that any function with those two calls can be, if it makes them by AWS's own library.
//! `tests/bench` says by it what is Bellhop's own.
//!
//! Not here: TLS. Warm, it is the same for both.

use std::env::var;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_types::SdkConfig;
use lambda_http::{Error, Request, run, service_fn};

/// Of the row: JSON, and a compressed push.
const DOCUMENT_BYTES: usize = 460;
const BLOB_BYTES: usize = 1_850;

/// Of each task.
const TASK_BYTES: usize = 173;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = config()?;
    let (table, queue) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    run(service_fn(async |request: Request| {
        let id = request.headers().get("x-github-delivery").ok_or("it is a push from GitHub")?;
        send(&queue).await?;
        put(&table, id.to_str()?).await?;
        Ok::<_, Error>("accepted")
    }))
    .await
}

/// As lean as the library can be told to be.
#[expect(clippy::disallowed_methods, reason = "once, as a main does")]
fn config() -> Result<SdkConfig, Error> {
    let credentials =
        Credentials::new(var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?, None, None, "Lambda");
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(var("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::no_cache())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(var("AWS_ENDPOINT_URL")?)
        .build())
}

async fn send(queue: &aws_sdk_sqs::Client) -> Result<(), Error> {
    let mut request = queue.send_message_batch().queue_url("https://sqs.eu-west-1.amazonaws.com/1/http");
    for position in 0..3 {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(position.to_string())
            .message_body("x".repeat(TASK_BYTES))
            .message_group_id("1");
        request = request.entries(entry.build()?);
    }
    request.send().await?;
    Ok(())
}

async fn put(table: &aws_sdk_dynamodb::Client, id: &str) -> Result<(), Error> {
    let request = table
        .put_item()
        .table_name("two-calls")
        .item("pk", AttributeValue::S(format!("event#{id}")))
        .item("sk", AttributeValue::S("event".to_owned()))
        .item("document", AttributeValue::S("x".repeat(DOCUMENT_BYTES)))
        .item("blob", AttributeValue::B(Blob::new(vec![7; BLOB_BYTES])))
        .condition_expression("attribute_not_exists(pk) OR expires_at_ms <= :now")
        .expression_attribute_values(":now", AttributeValue::N("0".to_owned()));
    request.send().await?;
    Ok(())
}
