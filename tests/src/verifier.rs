//! Other people's verifiers, as targets of webhooks use them: what they accept is signed as they expect.
//!
//! Not here: the packages. `tests/run` brings the Python ones; npm's, where there is npm.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value};

use crate::http_receiver::Received;
use crate::tools::{machine_program, node_modules, python_tool, skip};

/// A package that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// `standardwebhooks`, by the authors of the specification, in Python.
    StandardWebhooks,
    /// `gidgethub`, which GitHub's bots are made with, in Python.
    Gidgethub,
    /// `@octokit/webhooks`, GitHub's own, in JavaScript.
    Octokit,
}

/// Each script is given the secret and the request as JSON, `{"headers": {...}, "body": "..."}`, and says `authentic` or
/// `refused`. Anything else is a mistake in it.
const STANDARD_WEBHOOKS: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
request = json.loads(sys.argv[2])
try:
    Webhook(sys.argv[1]).verify(request["body"].encode(), request["headers"])
    print("authentic")
except WebhookVerificationError:
    print("refused")
"#;

const GIDGETHUB: &str = r#"
import json, sys
from gidgethub import ValidationFailure, sansio
request = json.loads(sys.argv[2])
try:
    signature = request["headers"]["x-hub-signature-256"]
    sansio.validate_event(request["body"].encode(), signature=signature, secret=sys.argv[1])
    print("authentic")
except ValidationFailure:
    print("refused")
"#;

const OCTOKIT: &str = r#"
import { Webhooks } from "@octokit/webhooks";
const [secret, request] = [process.argv[1], JSON.parse(process.argv[2])];
const webhooks = new Webhooks({ secret });
const authentic = await webhooks.verify(request.body, request.headers["x-hub-signature-256"]);
console.log(authentic ? "authentic" : "refused");
"#;

impl Verifier {
    /// Whether it accepts the request's headers for this body. `None`, said aloud, where it is not installed.
    pub fn accepts(self, secret: &str, received: &Received, body: &str) -> Option<bool> {
        let Some(mut command) = self.command() else {
            skip(&format!("the verifier {self:?}: it is not in target/test-tools"));
            return None;
        };
        let header = |name: &axum::http::HeaderName| {
            Some((name.as_str().to_owned(), Value::from(received.header(name.as_str())?)))
        };
        let headers: Map<_, _> = received.headers.keys().filter_map(header).collect();
        let request = serde_json::json!({ "headers": headers, "body": body });
        let output = command.args([secret, &request.to_string()]).output().expect("run a verifier");
        match String::from_utf8_lossy(&output.stdout).trim() {
            "authentic" => Some(true),
            "refused" => Some(false),
            _ => panic!("{self:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    fn command(self) -> Option<Command> {
        let python = |script: &str, package: &str| {
            let python = python_tool("python")?;
            let has_package = Command::new(&python)
                .args(["-c", &format!("import {package}")])
                .output()
                .ok()?
                .status
                .success();
            let mut command = Command::new(python);
            command.args(["-c", script]);
            has_package.then_some(command)
        };
        match self {
            Self::StandardWebhooks => python(STANDARD_WEBHOOKS, "standardwebhooks"),
            Self::Gidgethub => python(GIDGETHUB, "gidgethub"),
            Self::Octokit => {
                let folder: PathBuf = node_modules("@octokit/webhooks")?;
                let mut command = Command::new(machine_program("node")?);
                // Names of packages are looked for from where it runs.
                command.current_dir(folder).args(["--input-type=module", "-e", OCTOKIT, "--"]);
                Some(command)
            }
        }
    }
}
