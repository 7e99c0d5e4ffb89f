use super::*;

fn hook() -> HttpHook {
    HttpHook::to(HookId(1), "https://ci.example.com/{path}?x=1")
}

fn check(change: impl FnOnce(&mut HttpHook)) -> String {
    let mut hook = HttpHook { url_variables: vec![KeyedSecret::new("path", "build")], ..hook() };
    change(&mut hook);
    hook.check().map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

const SIGNING_TOKEN: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_hook_with_everything_is_fine() {
    assert_eq!(check(|_| {}), "fine");
    let all = |hook: &mut HttpHook| {
        hook.description = "Builds what is pushed".to_owned();
        hook.token = Some(Secret::new("token"));
        hook.signing_tokens = vec![Secret::new(SIGNING_TOKEN); 2];
        hook.hub_secret = Some(Secret::new("hub"));
        hook.custom_headers = vec![KeyedSecret::new("X-Env", "prod")];
        hook.custom_webhook_template = Some(Template::new(r#"{"text":"{{user_name}}"}"#));
        hook.retry_waits_s = Some(vec![1, 60, 43_200]);
        hook.rate_limit = Some(60);
        hook.timeout_s = 30;
    };
    assert_eq!(check(all), "fine");
    assert_eq!(check(|hook| hook.retry_waits_s = Some(vec![])), "fine", "one attempt and no other");
}

#[test]
fn what_is_wrong_is_told_in_one_sentence_without_secrets() {
    insta::assert_snapshot!(check(|hook| hook.url = Secret::new("ftp://s3cret/")), @"a hook's url starts with http:// or https:// and names a host");
    insta::assert_snapshot!(check(|hook| hook.url = Secret::new("http://s3cret/{nothing}")), @"a hook's url names the variable 'nothing', which has no value");
    insta::assert_snapshot!(check(|hook| hook.name = "x".repeat(256)), @"a hook's name has at most 255 characters, its description 2048");
    insta::assert_snapshot!(check(|hook| hook.token = Some(Secret::new("s3cret\r\nX-Evil: 1"))), @"a hook's token has 1 to 255 printable ASCII characters");
    insta::assert_snapshot!(check(|hook| hook.hub_secret = Some(Secret::new(""))), @"a hook's hub_secret has 1 to 255 printable ASCII characters");
    insta::assert_snapshot!(check(|hook| hook.signing_tokens = vec![Secret::new("s3cret")]), @"a signing token starts with whsec_");
    insta::assert_snapshot!(check(|hook| hook.signing_tokens = vec![Secret::new(SIGNING_TOKEN); 11]), @"a hook has at most 10 signing tokens, and this one has 11");
    insta::assert_snapshot!(check(|hook| hook.custom_headers = vec![KeyedSecret::new("Host", "s3cret")]), @"custom_headers: 'Host' is set by whoever sends the request");
    insta::assert_snapshot!(check(|hook| hook.url_variables.push(KeyedSecret::new("a-b", "s3cret"))), @"url_variables: 'a-b' is no name: letters, digits and _, and no digit first");
    insta::assert_snapshot!(check(|hook| hook.custom_webhook_template = Some(Template::new("hello"))), @"custom_webhook_template: what the template makes is not valid JSON (line 1, column 1)");
    insta::assert_snapshot!(check(|hook| hook.timeout_s = 31), @"a hook's timeout is 1 to 30 seconds");
    insta::assert_snapshot!(check(|hook| hook.rate_limit = Some(0)), @"a hook's rate_limit is 1 to 6000 requests a minute");
    insta::assert_snapshot!(check(|hook| hook.retry_waits_s = Some(vec![0])), @"a hook has at most 20 retry_waits_s, of 1 to 43200 seconds each");
}

/// With every secret that a hook can have.
fn trusted(url: &str, path: &str) -> HttpHook {
    HttpHook {
        url_variables: vec![KeyedSecret::new("path", path)],
        token: Some(Secret::new("token")),
        signing_tokens: vec![Secret::new(SIGNING_TOKEN)],
        hub_secret: Some(Secret::new("hub")),
        custom_headers: vec![KeyedSecret::new("Authorization", "Bearer x")],
        ..HttpHook::to(HookId(1), url)
    }
}

#[test]
fn a_hook_that_is_aimed_elsewhere_loses_its_secrets() {
    let moved = trusted("https://ci.example.com/{path}", "build")
        .moved_to(Secret::new("https://evil.example.com/"), None);
    assert_eq!(moved, HttpHook::to(HookId(1), "https://evil.example.com/"));
    let anew = vec![KeyedSecret::new("path", "own")];
    let moved = trusted("https://ci.example.com/{path}", "build")
        .moved_to(Secret::new("https://evil.example.com/{path}"), Some(anew.clone()));
    assert_eq!((moved.url_variables, moved.token), (anew, None), "what is given anew is the giver's own");
}

#[test]
fn a_variable_that_makes_another_server_of_the_url_is_as_good_as_another_url() {
    let url = "https://{path}.example.com/";
    let aimed = |path: &str| {
        trusted(url, "ci").moved_to(Secret::new(url), Some(vec![KeyedSecret::new("path", path)]))
    };
    assert_eq!(aimed("evil.example.org/?").token, None);
    assert_eq!(aimed("ci:8443/?").custom_headers, []);
    assert_eq!(aimed("ci"), trusted(url, "ci"));
}

#[test]
fn a_hook_that_stays_keeps_its_secrets() {
    let url = "https://ci.example.com/{path}";
    assert_eq!(trusted(url, "build").moved_to(Secret::new(url), None), trusted(url, "build"));
    let turned = trusted(url, "old").moved_to(Secret::new(url), Some(vec![KeyedSecret::new("path", "new")]));
    assert_eq!(turned, trusted(url, "new"), "a part of the path can be changed like any password");
}

#[test]
fn a_hook_that_was_stored_before_has_the_rest_as_by_default() {
    let stored = r#"{"id":1,"name":"ci","url":"http://h/","token":null,"subscription":{}}"#;
    let read: HttpHook = serde_json::from_str(stored).unwrap();
    assert_eq!(read, HttpHook { name: "ci".to_owned(), ..HttpHook::to(HookId(1), "http://h/") });
}

#[test]
fn all_secrets_are_held_another_way_and_back() {
    let mut count = 0;
    let hidden: HttpHook<usize> = trusted("http://h/{path}", "x")
        .try_map(&mut |_| {
            count += 1;
            Ok::<_, ()>(count)
        })
        .unwrap();
    assert_eq!(count, 6);
    let stored = serde_json::to_string(&hidden).unwrap();
    assert!(["token\":\"", "Bearer", "whsec_"].iter().all(|secret| !stored.contains(secret)), "{stored}");
}
