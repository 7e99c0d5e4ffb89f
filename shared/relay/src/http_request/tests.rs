use config::{EventSwitches, HookId, KeyedSecret, Subscription, Switch, Template};
use payload::{Parsed, Payload, Verdict};
use serde_json::Value;

use super::*;

const GITLAB_PUSH: &str = include_str!("../../../../tests/fixtures/gitlab/push.json");
const GITHUB_PUSH: &str = include_str!("../../../../tests/fixtures/github/push.json");
const TOKENS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
const NOW_S: i64 = 1_700_000_000;

fn hook() -> HttpHook {
    HttpHook::to(HookId(1), "https://ci.example.com/")
}

fn send(
    hook: &HttpHook,
    forge: Forge,
    received: &[(&str, &str)],
    body: &str,
) -> Result<HttpRequest, RenderError> {
    let headers: Vec<_> =
        received.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let map: HeaderMap =
        received.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let Ok(Parsed::Events(events)) = payload::parse(forge, Payload { headers: &map, body: body.as_bytes() })
    else {
        panic!("no event")
    };
    let original = Original { headers, body: body.as_bytes().to_vec() };
    let (event_id, delivery_id) = ("e-1", "e-1.7-hook-1");
    http_request(hook, Sending { original, events: &events, event_id, delivery_id, attempt: 2, now_s: NOW_S })
}

fn gitlab(hook: &HttpHook) -> HttpRequest {
    send(hook, Forge::GitLab, &[("x-gitlab-event", "Push Hook")], GITLAB_PUSH).unwrap()
}

fn github(hook: &HttpHook) -> HttpRequest {
    let headers =
        [("x-github-event", "push"), ("x-github-delivery", "72d3162e"), ("user-agent", "GitHub-Hookshot/1")];
    send(hook, Forge::GitHub, &headers, GITHUB_PUSH).unwrap()
}

fn lines(request: &HttpRequest) -> String {
    let line = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
    let mut lines: Vec<_> = request.headers.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn the_target_gets_the_senders_bytes_and_gitlabs_headers() {
    let received = [
        ("content-encoding", "identity"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-gitlab-event", "Push Hook"),
        ("x-gitlab-event-uuid", "013ea2f2-the-senders"),
        ("x-gitlab-instance", "https://gitlab.example.com"),
        ("idempotency-key", "the-senders"),
        ("user-agent", "GitLab/19.0.0"),
    ];
    let hook = HttpHook { token: Some(Secret::new("target-token")), ..hook() };
    let request = send(&hook, Forge::GitLab, &received, GITLAB_PUSH).unwrap();
    assert_eq!(request.body, GITLAB_PUSH.as_bytes());
    assert_eq!(request.url.expose(), "https://ci.example.com/");
    assert_eq!((request.timeout, request.verify_tls), (Duration::from_secs(10), true));
    insta::assert_snapshot!(lines(&request), @"
    content-encoding: identity
    content-type: application/json; charset=utf-8
    idempotency-key: e-1.7-hook-1
    user-agent: Bellhop/0.1.0
    webhook-attempt: 2
    webhook-id: e-1.7-hook-1
    webhook-timestamp: 1700000000
    x-bellhop-hops: 1
    x-gitlab-event-uuid: 013ea2f2-the-senders
    x-gitlab-event: Push Hook
    x-gitlab-instance: https://gitlab.example.com
    x-gitlab-token: target-token
    x-gitlab-webhook-uuid: 665b1fda-c3a7-58bf-95c2-4afe3a6a38ff
    ");
}

#[test]
fn github_is_passed_on_with_the_headers_of_github() {
    let request = github(&HttpHook { timeout_s: 3, enable_ssl_verification: false, ..hook() });
    assert_eq!(request.body, GITHUB_PUSH.as_bytes());
    assert_eq!((request.timeout, request.verify_tls), (Duration::from_secs(3), false));
    insta::assert_snapshot!(lines(&request), @"
    content-type: application/json
    idempotency-key: e-1.7-hook-1
    user-agent: Bellhop/0.1.0
    webhook-attempt: 2
    webhook-id: e-1.7-hook-1
    webhook-timestamp: 1700000000
    x-bellhop-hops: 1
    x-github-delivery: 72d3162e
    x-github-event: push
    x-gitlab-event-uuid: 8cb730c5-8e3f-50d9-bb9a-9853360413ea
    x-gitlab-webhook-uuid: 665b1fda-c3a7-58bf-95c2-4afe3a6a38ff
    ");
}

#[test]
fn names_are_uuids_that_stay_or_change_as_gitlabs_do() {
    let first = github(&hook());
    let event = |request: &HttpRequest| header(request, EVENT_UUID).to_owned();
    assert_eq!(event(&first), event(&github(&hook())));
    assert_ne!(event(&first), header(&first, "x-gitlab-webhook-uuid"));
    assert_eq!(event(&first).len(), 36);
}

#[test]
fn a_sender_of_2014_has_no_headers_to_pass_on() {
    let old = include_str!("../../../../tests/fixtures/gitlab-2014/push.json");
    let request = send(&hook(), Forge::GitLab, &[], old).unwrap();
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(header(&request, EVENT), "");
    assert_eq!(request.body, old.as_bytes());
}

#[test]
fn gitlabs_format_is_gitlabs_whatever_the_forge() {
    let hook = HttpHook { format: HookFormat::Gitlab, ..hook() };
    let request = github(&hook);
    assert_eq!(header(&request, EVENT), "Push Hook");
    assert_eq!(header(&request, "x-github-event"), "");
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(body(&request)["object_kind"], "push");
    assert_eq!(gitlab(&hook).body, GITLAB_PUSH.as_bytes(), "what is GitLab's already goes on as it is");

    let old = include_str!("../../../../tests/fixtures/gitlab-2014/push.json");
    let request = send(&hook, Forge::GitLab, &[], old).unwrap();
    assert_eq!(header(&request, "content-encoding"), "");
    assert_eq!(body(&request)["object_kind"], "push", "of 2014, it is brought up to date");
    assert_eq!(header(&request, EVENT), "Push Hook");
    let system = [("x-gitlab-event", "System Hook"), ("content-encoding", "identity")];
    assert_eq!(header(&send(&hook, Forge::GitLab, &system, GITLAB_PUSH).unwrap(), EVENT), "System Hook");
}

#[test]
fn bellhops_format_is_the_same_for_all() {
    let hook = HttpHook { format: HookFormat::Bellhop, ..hook() };
    for (request, forge) in [(gitlab(&hook), "gitlab"), (github(&hook), "github")] {
        assert_eq!(header(&request, EVENT), "Push Hook");
        let event = &body(&request)["events"][0];
        assert_eq!((&event["forge"], &event["kind"]), (&forge.into(), &"push".into()));
        assert_eq!(event["ref"], "refs/heads/master");
    }
}

#[test]
fn of_many_refs_in_one_payload_a_target_gets_those_that_it_wants() {
    let headers = [("x-event-key", "repo:push"), ("x-request-uuid", "1"), ("x-hook-uuid", "2")];
    let push = include_str!("../../../../tests/fixtures/bitbucket-cloud/push.json");
    let mut payload: Value = serde_json::from_str(push).unwrap();
    let mut tag = payload["push"]["changes"][0].clone();
    tag["new"]["type"] = "tag".into();
    payload["push"]["changes"].as_array_mut().unwrap().push(tag);
    let check = |format, switches: &[Switch]| {
        let subscription = Subscription { events: EventSwitches::of(switches), ..Subscription::default() };
        let hook = HttpHook { format, subscription, ..hook() };
        body(&send(&hook, Forge::BitbucketCloud, &headers, &payload.to_string()).unwrap())
    };
    let kinds = |list: &Value, name: &str| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|event| event[name].clone()).collect()
    };
    let both = [Switch::Push, Switch::TagPush];
    assert_eq!(kinds(&check(HookFormat::Bellhop, &both)["events"], "kind"), ["push", "tag"]);
    assert_eq!(kinds(&check(HookFormat::Gitlab, &both), "object_kind"), ["push", "tag_push"]);
    assert_eq!(check(HookFormat::Gitlab, &[Switch::TagPush])["object_kind"], "tag_push");
    assert_eq!(kinds(&check(HookFormat::Gitlab, &[Switch::Note]), "object_kind").len(), 2, "it is tested");
}

#[test]
fn a_template_speaks_of_the_hooks_format() {
    let templated = |format, template: &str| {
        let custom_webhook_template = Some(Template::new(template));
        HttpHook { format, custom_webhook_template, ..hook() }
    };
    let chat = templated(
        HookFormat::Gitlab,
        r#"{"text":"{{user_name}} pushed {{commits.0.title}}","n":{{total_commits_count}}}"#,
    );
    assert_eq!(body(&github(&chat)).to_string(), r#"{"n":1,"text":"binkkatal pushed test a push event"}"#);
    assert_eq!(body(&gitlab(&chat))["n"], 4);
    let own = templated(HookFormat::Passthrough, r#"{"text":"{{repository.full_name}}"}"#);
    assert_eq!(github(&own).body, br#"{"text":"binkkatal/sample_app"}"#);
    let form: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", GITHUB_PUSH).finish();
    let as_form = [("content-type", "application/x-www-form-urlencoded"), ("x-github-event", "push")];
    let request = send(&own, Forge::GitHub, &as_form, &form).unwrap();
    assert_eq!(request.body, br#"{"text":"binkkatal/sample_app"}"#);
    assert_eq!(header(&request, "content-type"), "application/json");
}

#[test]
fn what_cannot_be_sent_says_why_without_secrets() {
    let error = |hook: HttpHook| send(&hook, Forge::GitLab, &[], GITLAB_PUSH).unwrap_err().to_string();
    let template = |text: &str| HttpHook { custom_webhook_template: Some(Template::new(text)), ..hook() };
    insta::assert_snapshot!(error(template(r#"{"who": {{user_name}}}"#)), @"what the template makes is not valid JSON (line 1, column 9)");
    insta::assert_snapshot!(error(HttpHook::to(HookId(1), "https://s3cret.example.com/{path}")), @"a hook's url names the variable 'path', which has no value");
    insta::assert_snapshot!(error(HttpHook { signing_tokens: vec![Secret::new("s3cret")], ..hook() }), @"a signing token starts with whsec_");
}

#[test]
fn every_live_key_signs_the_bytes_that_are_sent() {
    let hook = HttpHook {
        signing_tokens: TOKENS.map(Secret::new).to_vec(),
        hub_secret: Some(Secret::new("hub")),
        custom_webhook_template: Some(Template::new(r#"{"text":"{{user_name}}"}"#)),
        ..hook()
    };
    let request = gitlab(&hook);
    assert_eq!(header(&request, "webhook-signature").split(' ').count(), 2);
    assert_eq!(header(&request, "webhook-timestamp"), NOW_S.to_string());
    for token in TOKENS {
        let payload = Payload { headers: &request.headers, body: &request.body };
        let verdict = payload::verify(Forge::GitLab, &[Secret::new(token)], payload, NOW_S);
        assert!(matches!(verdict, Verdict::Authentic(_)), "{verdict:?}");
    }
    assert_eq!(
        header(&request, "x-hub-signature-256"),
        payload::hub_signature(&Secret::new("hub"), br#"{"text":"John Smith"}"#)
    );
    assert_eq!(
        header(&gitlab(&self::hook()), "webhook-signature"),
        "",
        "without a key there is nothing to sign with"
    );
}

#[test]
fn a_hooks_own_headers_are_sent_unless_they_have_the_name_of_one_of_ours() {
    let custom = [
        ("X-Env", "prod"),
        ("webhook-id", "forged"),
        ("User-Agent", "other"),
        ("X-Gitlab-Event", "forged"),
        ("X-Bellhop-Hops", "0"),
    ];
    let custom_headers = custom.map(|(name, value)| KeyedSecret::new(name, value)).to_vec();
    let request = gitlab(&HttpHook { custom_headers, ..hook() });
    assert_eq!(header(&request, "x-env"), "prod");
    assert_eq!(header(&request, "webhook-id"), "e-1.7-hook-1");
    assert_eq!(header(&request, "user-agent"), concat!("Bellhop/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header(&request, EVENT), "Push Hook");
    assert_eq!(header(&request, HOPS), "1");
}

#[test]
fn user_and_password_leave_the_url() {
    let request = gitlab(&HttpHook::to(HookId(1), "https://mike:p%40ss%3Aw@ci.example.com:8443/x?y=1"));
    assert_eq!(request.url.expose(), "https://ci.example.com:8443/x?y=1");
    // `printf 'mike:p@ss:w' | base64`
    assert_eq!(header(&request, "authorization"), "Basic bWlrZTpwQHNzOnc=");
    let custom_headers = vec![KeyedSecret::new("Authorization", "Bearer x")];
    let user_alone = HttpHook::to(HookId(1), "https://token@ci.example.com/");
    let request = gitlab(&HttpHook { custom_headers: custom_headers.clone(), ..user_alone });
    assert_eq!(header(&request, "authorization"), "Basic dG9rZW46");
    assert_eq!(header(&gitlab(&HttpHook { custom_headers, ..hook() }), "authorization"), "Bearer x");
}

#[test]
fn each_bellhop_counts_itself() {
    let sent = |hops: &str| {
        let headers = [("x-gitlab-event", "Push Hook"), (HOPS, hops)];
        header(&send(&hook(), Forge::GitLab, &headers, GITLAB_PUSH).unwrap(), HOPS).to_owned()
    };
    assert_eq!(header(&gitlab(&hook()), HOPS), "1");
    assert_eq!(sent("1"), "2");
    assert_eq!(sent("4294967295"), "4294967295");
    assert_eq!(sent("many"), "1", "not ours");
}

#[test]
fn secrets_are_not_shown() {
    let hook = HttpHook {
        token: Some(Secret::new("s3cret")),
        custom_headers: vec![KeyedSecret::new("X-Key", "s3cret")],
        url_variables: vec![KeyedSecret::new("part", "s3cret")],
        ..HttpHook::to(HookId(1), "https://s3cret:s3cret@ci.example.com/{part}")
    };
    let request = gitlab(&hook);
    let shown = format!("{:?}", HttpRequest { body: Vec::new(), ..request.clone() });
    assert!(!shown.contains("s3cret") && shown.contains("x-key"), "{shown}");
    for name in ["authorization", "x-key", "x-gitlab-token"] {
        assert!(request.headers[name].is_sensitive(), "{name}");
    }
}
