//! `bellhop apply` and `bellhop export`: the file, the store, and back.

use end_to_end::{Emulator, Operator};
use serde_json::Value;

use crate::lambda::{SEALING_KEY, TABLE};

const TWO: &str = r#"
[[project]]
path = "mike/diaspora"
[project.source]
id = "diaspora"
secrets = ["env:SOURCE_SECRET", "file:second-secret"]
[project.irker]
recipients = "irc://irc.example.net/diaspora?key=env:CHANNEL_KEY"
[[project.hook]]
name = "ci"
url = "https://ci.example.com/t0ken"
signing_tokens = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

[[project]]
path = "mike/other"
[project.source]
id = "other"
secrets = ["literal:env:as it is"]
"#;

/// Every secret of the file above, wherever it is.
const SECRETS: [&str; 5] =
    ["0f-the-source", "the-second", "k3y", "t0ken", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];

/// Applies the file, changes it, exports it and applies that, on whatever store the operator has.
fn is_described_by_a_file(mut operator: Operator) {
    operator.knows(&[("SOURCE_SECRET", "0f-the-source".to_owned()), ("CHANNEL_KEY", "k3y".to_owned())]);
    operator.writes("second-secret", "the-second\n");
    let file = operator.writes("projects.toml", TWO);

    let foretold = operator.hears(&["apply", &file, "--dry-run"]);
    assert!(foretold.contains("mike/diaspora: would be created"), "{foretold}");
    assert_eq!(operator.hears(&["export"]), "project = []\n", "a dry run does nothing");
    let said = operator.hears(&["apply", &file]);
    assert!(said.contains("mike/diaspora: created; its webhooks come in at /hooks/diaspora"), "{said}");
    assert!(said.ends_with("2 created, 0 updated, 0 unchanged, 0 removed.\n"), "{said}");
    let again = operator.hears(&["apply", &file]);
    assert_eq!(
        again,
        "mike/diaspora: unchanged\nmike/other: unchanged\nNothing changes: the store is as the file says.\n"
    );

    for format in ["toml", "yaml"] {
        let exported = operator.hears(&["export", "--format", format]);
        for secret in SECRETS {
            assert!(!exported.contains(secret), "{secret} is in\n{exported}");
        }
        let copy = operator.writes(&format!("copy.{format}"), &exported);
        assert!(operator.hears(&["apply", &copy]).ends_with("the store is as the file says.\n"));
    }
    let in_clear = operator.hears(&["export", "--with-secrets"]);
    for secret in SECRETS.into_iter().chain(["literal:env:as it is"]) {
        assert!(in_clear.contains(secret), "{secret} is missing in\n{in_clear}");
    }

    let changed = TWO.replace("name = \"ci\"", "name = \"ci\"\ntimeout_s = 20").replace("t0ken", "n3w");
    let file = operator.writes(
        "projects.toml",
        &changed[..changed.find("\n[[project]]\npath = \"mike/other\"").expect("two projects")],
    );
    let said = operator.hears(&["apply", &file, "--prune", "--dry-run"]);
    assert_eq!(
        said,
        "mike/other: would be removed\n\
         mike/diaspora: would be updated; its webhooks come in at /hooks/diaspora\n  \
           hook 1 (ci): url: *** changed\n  hook 1 (ci): timeout_s: 10 -> 20\n\
         Nothing was done. It would be: 0 created, 1 updated, 0 unchanged, 1 removed.\n"
    );
    let told = operator.hears(&["apply", &file, "--prune", "--json"]);
    let action = |line| serde_json::from_str::<Value>(line).map(|told| told["action"].clone());
    let actions: Result<Vec<_>, _> = told.lines().map(action).collect();
    assert_eq!(actions.expect("one JSON object a line"), ["removed", "updated"]);
    let left = operator.hears(&["export"]);
    assert!(left.contains("timeout_s = 20") && !left.contains("mike/other"), "{left}");
}

#[test]
fn a_store_on_one_machine_is_described_by_a_file() {
    is_described_by_a_file(Operator::on_one_machine());
}

#[tokio::test]
async fn a_table_is_described_by_a_file_and_secrets_come_from_secrets_manager() {
    const TEST: &str = "apply and export on DynamoDB";
    let Some(emulator) = Emulator::start(TEST).await else { return };
    emulator.create_table(TABLE).await;
    emulator.create_secret("bellhop/source", r#"{"token": "0f-the-manager"}"#).await;
    let mut environment = emulator.environment();
    environment.push(("BELLHOP_SEALING_KEY", SEALING_KEY.to_owned()));
    is_described_by_a_file(Operator::on_table(TABLE, &environment));

    let operator = Operator::on_table(TABLE, &environment);
    let referring = |reference: &str| {
        let text = format!(
            "[[project]]\npath = \"a/b\"\n[project.source]\nid = \"ab\"\nsecrets = [\"{reference}\"]\n"
        );
        operator.writes("projects.toml", &text)
    };
    operator.hears(&["apply", &referring("secretsmanager:bellhop/source#token")]);
    let in_clear = operator.hears(&["export", "a/b", "--with-secrets"]);
    assert!(in_clear.contains("0f-the-manager") && !in_clear.contains("mike"), "{in_clear}");
    let refused = operator.is_refused(&["apply", &referring("secretsmanager:bellhop/nobody")]);
    assert!(
        refused.contains("project a/b: secretsmanager:bellhop/nobody: Secrets Manager does not give it"),
        "{refused}"
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_stored() {
    let operator = Operator::on_one_machine();
    let nothing = operator.writes("nothing.toml", "");
    let refused = operator.is_refused(&["apply", &nothing, "--prune"]);
    assert!(
        refused.ends_with("it has no project, and --prune would take all away: if that is meant, say --yes"),
        "{refused}"
    );
    let unknown = operator.writes("projects.txt", "");
    let refused = operator.is_refused(&["apply", &unknown]);
    assert!(refused.ends_with("say which it is with --format"), "{refused}");
    let twice =
        operator.writes("twice.toml", &format!("{TWO}{TWO}").replace("env:", "").replace("file:", ""));
    let refused = operator.is_refused(&["apply", &twice]);
    assert!(refused.ends_with("project mike/diaspora: it stands there twice"), "{refused}");
    let unset = operator.writes("projects.toml", TWO);
    let refused = operator.is_refused(&["apply", &unset]);
    assert!(
        refused.ends_with("project mike/diaspora: env:SOURCE_SECRET: the environment variable is not set"),
        "{refused}"
    );
    let kept =
        operator.writes("kept.toml", "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"keep\"]\n");
    let refused = operator.is_refused(&["apply", &kept]);
    assert!(
        refused.contains("project a/b: source: secrets: nothing is stored that could be kept"),
        "{refused}"
    );
    assert_eq!(operator.hears(&["export"]), "project = []\n");
}
