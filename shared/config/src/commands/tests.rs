use super::*;

/// A command for #ops with the given rules, as it is stored.
fn check(rules: &str) -> Result<(), String> {
    let stored = format!(
        r#"{{"id": "ops", "team_ids": ["T1DC2JH3J"], "groups": {{"ops": ["U1", "U2"]}}, "rules": [{rules}],
            "chat": {{"slack_slash_commands": {{"signing_secrets": ["8f742231b10e8888"], "tokens": []}}}}}}"#
    );
    let command: CommandIntegration = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
    command.check().map_err(|error| error.to_string())
}

#[test]
fn rules_as_people_write_them() {
    for rule in [
        "",
        r#"{"groups": ["ops"], "jobs": ["deploy-*"], "channels": ["C1"], "approval": "second_person"}"#,
        r#"{"effect": "deny", "users": ["U9"], "jobs": ["*"]}"#,
        r#"{"role": "developer", "jobs": ["ls"], "commands": ["issue_show", "deploy"]}"#,
        r#"{"anyone": true, "jobs": ["hello-world"], "arguments": "[a-z]*"}"#,
        r#"{"anyone": true, "jobs": ["x"], "schema": [{"name": "environment", "choices": ["staging"], "required": true},
            {"name": "count", "type": "number", "choices": ["1", "-2.5"]}]}"#,
    ] {
        assert_eq!(check(rule), Ok(()), "{rule}");
    }
}

#[test]
fn a_rule_that_says_too_little_or_too_much_is_refused_with_the_reason() {
    for (rule, error) in [
        (r#"{"jobs": ["x"]}"#, "rule 1: it names nobody: users, groups, a role, or anyone = true"),
        (
            r#"{"anyone": true, "users": ["U1"], "jobs": ["x"]}"#,
            "rule 1: anyone = true leaves nothing for users, groups and role to say",
        ),
        (r#"{"groups": ["dev"], "jobs": ["x"]}"#, "rule 1: there is no group 'dev'"),
        (r#"{"anyone": true}"#, "rule 1: it names neither jobs nor commands"),
        (
            r#"{"anyone": true, "commands": ["deploy"], "approval": "confirm"}"#,
            "rule 1: approval and schema are about jobs, and it names none",
        ),
        (
            r#"{"anyone": true, "jobs": ["x"], "effect": "deny", "approval": "confirm"}"#,
            "rule 1: a rule that denies has no use for approval and schema",
        ),
        (
            r#"{"anyone": true, "jobs": ["x"], "approval_expires_s": 5}"#,
            "rule 1: approval_expires_s is from 10 to 86400",
        ),
        (
            r#"{"anyone": true, "jobs": ["x"], "schema": [{"name": "a"}, {"name": "a"}]}"#,
            "rule 1: 'a' is no name of an argument, or there twice: small letters, digits and _",
        ),
        (
            r#"{"anyone": true, "jobs": ["x"], "schema": [{"name": "a", "type": "boolean", "choices": ["yes"]}]}"#,
            "rule 1: the choices of 'a' are not of its type, or empty, or too many",
        ),
        (
            r#"{"anyone": true, "jobs": ["x"], "schema": [{"name": "a"}, {"name": "b", "required": true}]}"#,
            "rule 1: 'b' is required and stands behind one that is not",
        ),
    ] {
        assert_eq!(check(rule), Err(error.to_owned()), "{rule}");
    }
}

#[test]
fn people_and_channels_are_named_by_what_they_cannot_change() {
    for id in ["@ann", "#ops", "ann.smith", "", "U 1"] {
        let error = check(&format!(r#"{{"users": ["{id}"], "jobs": ["x"]}}"#)).unwrap_err();
        assert!(error.starts_with(&format!("'{id}' is no immutable id")), "{error}");
    }
    assert!(check(r#"{"anyone": true, "channels": ["ops-team"], "jobs": ["x"]}"#).is_err());
}

#[test]
fn a_pattern_that_fits_nothing_or_is_none_is_refused() {
    for (field, error) in [
        (r#""jobs": [".hidden"]"#, "'.hidden' fits no job that chat can run"),
        (r#""jobs": ["two words"]"#, "'two words' fits no job that chat can run"),
        (r#""jobs": [""]"#, "a pattern has 1 to 255 bytes"),
        (r#""jobs": ["x"], "arguments": "(""#, "'(' is no regular expression"),
        (r#""jobs": ["x"], "arguments": "a)|(b""#, "'a)|(b' is no regular expression"),
        (r#""jobs": ["x"], "arguments": "(a{99}){99}""#, "'(a{99}){99}' is no regular expression"),
    ] {
        let read = check(&format!(r#"{{"anyone": true, {field}}}"#)).unwrap_err();
        assert!(read.contains(error), "{read}");
    }
}

#[test]
fn a_pattern_fits_the_whole_text_or_not_at_all() {
    let job = |pattern: &str| JobPattern::try_from(pattern.to_owned()).unwrap();
    assert!(job("deploy-*").fits("deploy-eu") && job("*").fits("a\nb") && job("a*c").fits("abc"));
    assert!(!job("deploy").fits("deploy-eu") && !job("a.c").fits("abc") && !job("*-eu").fits("deploy-eu2"));
    let arguments = |pattern: &str| ArgumentPattern::try_from(pattern.to_owned()).unwrap();
    assert!(arguments("staging|production").fits("production") && arguments("a*").fits(""));
    assert!(!arguments("staging|production").fits("production; rm -rf /"));
    assert!(!arguments("staging|production").fits("x staging"));
    assert!(!arguments("(?m)^ok$").fits("ok\nrm -rf /"), "a line is not the whole");
    assert!(!arguments(".*").fits("two\nlines") && arguments("(?s).*").fits("two\nlines"));
}

#[test]
fn a_command_without_a_usable_secret_is_refused() {
    let chat = |signing_secrets: &[&str]| {
        let secrets = signing_secrets.iter().copied().map(Secret::new).collect();
        Chat::SlackSlashCommands(SlackSlashCommands {
            signing_secrets: secrets,
            tokens: Vec::new(),
            bot_token: None,
        })
        .check()
    };
    assert_eq!(chat(&["new", "old"]), Ok(()));
    assert_eq!(chat(&[]), Err(ChatError::NoSecret));
    assert_eq!(chat(&[""]), Err(ChatError::Secret));
    assert_eq!(chat(&["two words"]), Err(ChatError::Secret));
    assert_eq!(chat(&["x"; 11]), Err(ChatError::TooManySecrets(11)));
}

#[test]
fn a_mattermost_is_known_by_its_origin() {
    let origin = |url: &str| ChatOrigin::try_from(url.to_owned()).map(String::from);
    assert_eq!(origin("https://Chat.Example.net/mm/"), Ok("https://chat.example.net".to_owned()));
    assert_eq!(origin("http://localhost:8065"), Ok("http://localhost:8065".to_owned()));
    for wrong in ["chat.example.net", "ftp://chat.example.net", "https://u:p@chat.example.net", "https://"] {
        assert_eq!(origin(wrong), Err(ChatError::Origin), "{wrong}");
    }
}

#[test]
fn secrets_are_held_as_the_store_wants_them() {
    let command = CommandIntegration {
        id: "ops".to_owned().try_into().unwrap(),
        chat: Chat::MattermostSlashCommands(MattermostSlashCommands {
            tokens: vec![Secret::new("t0ken")],
            origin: "https://chat.example.net".to_owned().try_into().unwrap(),
            bot_token: None,
        }),
        team_ids: BTreeSet::new(),
        groups: BTreeMap::new(),
        rules: Vec::new(),
    };
    let sealed = command.try_map(&mut |secret: Secret| Ok::<_, ()>(secret.expose().len())).unwrap();
    insta::assert_snapshot!(serde_json::to_string(&sealed).unwrap(), @r#"{"id":"ops","chat":{"mattermost_slash_commands":{"tokens":[5],"origin":"https://chat.example.net","bot_token":null}},"team_ids":[],"groups":{},"rules":[]}"#);
}
