//! A stand-in for DynamoDB and SQS that counts: every call that reaches it, and what AWS would bill for it. It keeps rows
//! and hands out what was sent to a queue, over plain HTTP or TLS, and is never in the way.
//!
//! Not here: what AWS refuses, how long it takes, and reading a queue over the wire. The emulator knows more of that.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// DynamoDB bills writes by the kilobyte, strongly consistent reads by four, each item and at least one.
const WRITE_UNIT_BYTES: usize = 1024;
const READ_UNIT_BYTES: usize = 4 * 1024;

/// SQS bills a request of up to so many bytes as one.
const REQUEST_BYTES: usize = 64 * 1024;

type Row = Map<String, Value>;

/// What came of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// How often it was called.
    pub times: usize,
    /// DynamoDB: the units that were written or read. SQS: the requests that were billed.
    pub units: usize,
}

/// The stand-in.
#[derive(Debug)]
pub struct AwsStub {
    url: String,
    desk: Desk,
    serving: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Desk(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// By partition and sort key.
    rows: BTreeMap<(String, String), Row>,
    /// Bodies, in the order in which they came.
    sent: Vec<String>,
    calls: BTreeMap<String, Called>,
}

impl AwsStub {
    /// Starts one with nothing in it. With an authority, it proves to be `localhost` over TLS.
    pub async fn start(authority: Option<&Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen as AWS");
        let port = listener.local_addr().expect("have an address").port();
        let url = if authority.is_some() {
            format!("https://localhost:{port}")
        } else {
            format!("http://127.0.0.1:{port}")
        };
        let desk = Desk::default();
        let router = Router::new().fallback(answer).with_state(desk.clone());
        let tls = authority.map(Authority::acceptor);
        Self { url, desk, serving: tokio::spawn(serve(listener, tls, router)) }
    }

    /// The environment in which a program takes this for AWS.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "of no meaning here".to_owned()),
        ]
    }

    /// The calls since this was asked for the last time, by operation.
    pub fn take_calls(&self) -> BTreeMap<String, Called> {
        std::mem::take(&mut self.desk.lock().calls)
    }

    /// What was sent to queues since this was asked for the last time, as an event of an SQS trigger.
    pub fn take_sent(&self) -> Value {
        let sent = std::mem::take(&mut self.desk.lock().sent);
        let record = |(position, body): (usize, String)| {
            json!({
                "messageId": position.to_string(),
                "receiptHandle": position.to_string(),
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:http",
            })
        };
        json!({ "Records": sent.into_iter().enumerate().map(record).collect::<Vec<_>>() })
    }

    /// Has the rows of another one.
    pub fn take_over(&self, other: &Self) {
        let rows = std::mem::take(&mut other.desk.lock().rows);
        self.desk.lock().rows.extend(rows);
    }

    /// How many rows have a sort key that begins so.
    pub fn rows(&self, sort: &str) -> usize {
        self.desk.lock().rows.keys().filter(|(_, key)| key.starts_with(sort)).count()
    }
}

impl Drop for AwsStub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(converse(stream, tls.clone(), router.clone()));
    }
}

/// A client that goes away is nobody's trouble.
async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router) {
    let service = TowerToHyperService::new(router);
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = stream.set_nodelay(true);
    let _ = match tls {
        None => server.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => Ok(()),
        },
    };
}

async fn answer(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Result<Response, Infallible> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let order: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut kept = desk.lock();
    let (status, answer, units) = kept.carry_out(operation, &order);
    let called = kept.calls.entry(operation.to_owned()).or_default();
    called.times += 1;
    called.units += units;
    let kind = headers.get(header::CONTENT_TYPE).cloned();
    let head = kind.map(|kind| [(header::CONTENT_TYPE, kind)]);
    Ok(match head {
        Some(head) => (status, head, answer.to_string()).into_response(),
        None => (status, answer.to_string()).into_response(),
    })
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().expect("lock")
    }
}

impl Kept {
    /// The answer, and what it costs.
    fn carry_out(&mut self, operation: &str, order: &Value) -> (StatusCode, Value, usize) {
        let ok = |(answer, units)| (StatusCode::OK, answer, units);
        match operation {
            "GetItem" => ok(self.get(order)),
            "BatchGetItem" => ok(self.batch_get(order)),
            "Query" => ok(self.query(order)),
            "PutItem" => self.put(order),
            "BatchWriteItem" => ok(self.batch_write(order)),
            "DeleteItem" => {
                let row = self.rows.remove(&key(&order["Key"]));
                ok((json!({}), units(&row.unwrap_or_default(), WRITE_UNIT_BYTES)))
            }
            "SendMessageBatch" if order["Entries"].as_array().is_none_or(Vec::is_empty) => {
                (StatusCode::BAD_REQUEST, json!({"__type": "com.amazonaws.sqs#EmptyBatchRequest"}), 1)
            }
            "SendMessageBatch" => ok(self.send(order)),
            "ChangeMessageVisibility" => ok((json!({}), 1)),
            _ => (StatusCode::BAD_REQUEST, json!({"__type": "UnknownOperationException"}), 0),
        }
    }

    fn get(&self, order: &Value) -> (Value, usize) {
        match self.rows.get(&key(&order["Key"])) {
            Some(row) => (json!({ "Item": row }), units(row, READ_UNIT_BYTES)),
            None => (json!({}), 1),
        }
    }

    fn batch_get(&self, order: &Value) -> (Value, usize) {
        let (mut answer, mut read) = (Map::new(), 0);
        for (table, wanted) in order["RequestItems"].as_object().into_iter().flatten() {
            let mut found = Vec::new();
            for wanted in wanted["Keys"].as_array().into_iter().flatten() {
                let row = self.rows.get(&key(wanted));
                read += row.map_or(1, |row| units(row, READ_UNIT_BYTES));
                found.extend(row.cloned().map(Value::Object));
            }
            answer.insert(table.clone(), Value::Array(found));
        }
        (json!({"Responses": answer, "UnprocessedKeys": {}}), read)
    }

    fn query(&self, order: &Value) -> (Value, usize) {
        let bound = |name: &str| order["ExpressionAttributeValues"][name]["S"].as_str().unwrap_or_default();
        let (partition, low, high) = (bound(":partition"), bound(":low"), bound(":high"));
        let is_in =
            |(found, sort): &(String, String)| found == partition && *low <= **sort && **sort <= *high;
        let found: Vec<_> = self.rows.iter().filter(|(key, _)| is_in(key)).map(|(_, row)| row).collect();
        let bytes: usize = found.iter().map(|row| size(row)).sum();
        (json!({"Items": found, "Count": found.len()}), bytes.div_ceil(READ_UNIT_BYTES).max(1))
    }

    /// Of all conditions there may be, those that `aws::DynamoTable` has. Nothing expires here.
    fn put(&mut self, order: &Value) -> (StatusCode, Value, usize) {
        let row = order["Item"].as_object().cloned().unwrap_or_default();
        let (key, written) = (key(&order["Item"]), units(&row, WRITE_UNIT_BYTES));
        let there = self.rows.get(&key);
        let is_met = match order["ConditionExpression"].as_str() {
            None => true,
            Some(condition) if condition.starts_with("attribute_not_exists(pk)") => there.is_none(),
            Some(_) => {
                let wanted = &order["ExpressionAttributeValues"][":version"];
                there.is_some_and(|there| there["version"] == *wanted)
            }
        };
        if is_met {
            self.rows.insert(key, row);
            return (StatusCode::OK, json!({}), written);
        }
        let refusal = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        (StatusCode::BAD_REQUEST, json!({"__type": refusal, "message": "no", "Item": there}), written)
    }

    fn batch_write(&mut self, order: &Value) -> (Value, usize) {
        let mut written = 0;
        let requests = order["RequestItems"].as_object().into_iter().flatten();
        for request in requests.flat_map(|(_, requests)| requests.as_array().into_iter().flatten()) {
            let row = request["PutRequest"]["Item"].as_object().cloned().unwrap_or_default();
            written += units(&row, WRITE_UNIT_BYTES);
            self.rows.insert(key(&request["PutRequest"]["Item"]), row);
        }
        (json!({"UnprocessedItems": {}}), written)
    }

    fn send(&mut self, order: &Value) -> (Value, usize) {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for entry in order["Entries"].as_array().into_iter().flatten() {
            let body = entry["MessageBody"].as_str().unwrap_or_default();
            bytes += body.len();
            self.sent.push(body.to_owned());
            // Nobody checks the digest.
            taken.push(json!({"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": "0"}));
        }
        (json!({"Successful": taken, "Failed": []}), bytes.div_ceil(REQUEST_BYTES).max(1))
    }
}

fn key(attributes: &Value) -> (String, String) {
    let text = |name: &str| attributes[name]["S"].as_str().unwrap_or_default().to_owned();
    (text("pk"), text("sk"))
}

fn units(row: &Row, bytes: usize) -> usize {
    size(row).div_ceil(bytes).max(1)
}

/// As DynamoDB counts: names and values, texts as UTF-8, numbers with two digits to the byte and one more
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
fn size(row: &Row) -> usize {
    let value = |value: &Value| {
        let text = |kind: &str| value[kind].as_str();
        let bytes = |text: &str| STANDARD.decode(text).map_or(text.len(), |bytes| bytes.len());
        text("S")
            .map(str::len)
            .or(text("N").map(|digits| digits.len().div_ceil(2) + 1))
            .or(text("B").map(bytes))
    };
    row.iter().map(|(name, attribute)| name.len() + value(attribute).unwrap_or_default()).sum()
}
