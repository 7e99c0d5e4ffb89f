//! Somebody who means harm, at the doors of the real program and in a real browser.
//!
//! Not here: each door's own bounds (unit tests beside it), who is let in (`doors`, and the API's table of scopes).

use std::collections::BTreeSet;
use std::io::Write;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use end_to_end::{BareRepository, Bellhop, Browser, HttpReceiver, IrkerSink, Project, Push};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::words::{farewell, said_of};

/// As many as fill every seat twice, and fewer than a process may have files.
const SILENT: usize = 700;

/// Who sends a part of a large body, or a bomb.
const GREEDY: usize = 40;

/// What a body may have.
const BODY_BYTES: usize = 25 * 1024 * 1024;

/// What Bellhop may grow by, in KiB, while all of them try: ten large bodies, and as much again. Were all that is sent
/// kept, it would be a gigabyte for the bodies and another one for the bombs.
const GROWTH_KIB_MAX: u64 = 500 * 1024;

/// Small, and 25 MiB of blanks when it is inflated.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; BODY_BYTES]).expect("compress");
    encoder.finish().expect("compress")
}

/// Connects, and sends what is not the whole of anything. Whatever becomes of it, nobody waits for it.
async fn keeps(address: String, start: String, body: Vec<u8>) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connect");
    tokio::io::AsyncWriteExt::write_all(&mut stream, start.as_bytes()).await.expect("send a head");
    // Not read to its end, since there is no room: a part of it stays on its way.
    let _ = stream.write_all(&body).await;
    stream
}

#[tokio::test]
async fn who_wants_all_of_bellhop_keeps_it_from_nobody() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").of_any_forge().on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    assert_eq!(bellhop.receives("diaspora", &farewell("first")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("first"));
    let before = bellhop.peak_memory_kib();
    let address = bellhop.url().trim_start_matches("http://").to_owned();

    let mut silent = Vec::new();
    for number in 0..SILENT {
        let mut stream = TcpStream::connect(&address).await.expect("connect");
        if number % 2 == 0 {
            // It may have been sent away already.
            let _ = stream.write_all(b"POST /hooks/diaspora HTTP/1.1\r\nx: ").await;
        }
        silent.push(stream);
    }
    let greedy: Vec<_> = (0..GREEDY)
        .map(|number| {
            let source = if number % 2 == 0 { "diaspora" } else { "nobody" };
            let head =
                format!("POST /hooks/{source} HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY_BYTES}\r\n\r\n");
            tokio::spawn(keeps(address.clone(), head, vec![b' '; BODY_BYTES - 1]))
        })
        .collect();
    let bomb = bomb();
    let bombs = Push::fixture("gogs/push").with("X-Gogs-Event", "push").with("Content-Encoding", "gzip");
    let bombs = bombs.with("X-Gogs-Signature", &"0".repeat(64)).with_body(bomb);
    for _ in 0..GREEDY {
        let refused = bellhop.receives("diaspora", &bombs).await;
        assert!((400..500).contains(&refused.status), "{} {}", refused.status, refused.body);
    }
    assert_eq!(bellhop.receives("diaspora", &farewell("second")).await.status, 202, "small ones come in");
    assert_eq!(irkerd.hears().await, said_of("second"));

    let grown = bellhop.peak_memory_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB_MAX, "it has grown by {grown} KiB");
    greedy.iter().for_each(tokio::task::JoinHandle::abort);
    drop(silent);
}

/// More than a text, wherever a text is expected.
const MARKUP: &str = "\"'><script>window.harmed=1</script><img src=x onerror=window.harmed=1><svg onload=window.harmed=1>{{7*7}}";

/// What every page is asked: what it has that is not the house's own.
const LOOK: &str = "const bad = [];
    if (window.harmed) bad.push('a script ran');
    if (document.scripts.length) bad.push('a script');
    for (const element of document.querySelectorAll('*')) {
        for (const attribute of element.attributes) {
            if (/^on/i.test(attribute.name)) bad.push(attribute.name);
            if (/^(href|src|action|formaction|data|xlink:href)$/i.test(attribute.name) &&
                /^[\\s\\u0000-\\u001f]*(javascript|data|vbscript):/i.test(attribute.value)) bad.push(attribute.value);
        }
    }
    for (const kind of ['iframe', 'object', 'embed', 'base', 'meta[http-equiv]', 'img:not([src^=\"/\"])'])
        if (document.querySelector(kind)) bad.push(kind);
    return bad;";

/// What the policy forbids, though somebody had brought it into the page: what was carried out nevertheless.
const TRY: &str = "const script = document.createElement('script');
    script.textContent = 'window.harmed = 1';
    document.body.append(script);
    const element = document.createElement('p');
    element.setAttribute('onclick', 'window.harmed = 1');
    document.body.append(element);
    element.click();
    return window.harmed ? ['the policy lets scripts run'] : [];";

/// A target that answers with markup, in its headers as well.
async fn answers_with_markup() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen as a target");
    let url = format!("http://{}/hook", listener.local_addr().expect("have an address"));
    let answer = async || {
        let headers: HeaderMap = [("x-answer", MARKUP), ("content-type", "text/html")]
            .into_iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        (StatusCode::BAD_REQUEST, headers, MARKUP)
    };
    tokio::spawn(async move {
        axum::serve(listener, Router::new().fallback(answer)).await.expect("serve as a target");
    });
    url
}

const CI: &str = "job:\n  script: ['printf %s \"$CHAT_INPUT\"']\n";

fn project(target: &str, mattermost: &str, repository: &str) -> String {
    let markup = serde_json::to_string(MARKUP).expect("a text");
    // A job's name has no spaces; a browser takes a slash between attributes for one.
    let job = markup.replace(' ', "/");
    // A template says what is calculated, and here nothing is.
    let template = markup.replace("{{7*7}}", "");
    format!(
        "[project.irker]\nrecipients = \"irc://irc.example.net/x\"\nserver_host = \"irker.invalid\"\n\
         [project.irker.templates]\nissue = {template}\n\
         [project.jobs]\nexecutor = \"local\"\nrepository = \"{repository}\"\n\
         [[project.hook]]\nname = {markup}\ndescription = {markup}\nurl = \"{target}?x=%3Cscript%3E\"\n\
         custom_headers = [{{ key = \"X-A\", value = {markup} }}]\n\
         [[project.command]]\nid = \"chat\"\nplatform = \"mattermost\"\ntokens = [\"gr8tok3n\"]\norigin = \"{mattermost}\"\n\
         [project.command.groups]\ncrew = [\"U1\"]\n\
         [[project.command.rule]]\nanyone = true\njobs = [{job}, \"job\"]\narguments = \"(?s).*\"\n"
    )
}

/// A push whose every text is markup, and whose every address is a script.
fn hostile_push() -> Push {
    let script = "javascript:window.harmed=1//";
    let commit = json!({"id": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7", "message": MARKUP, "title": MARKUP,
        "url": script, "author": {"name": MARKUP, "email": MARKUP}});
    let body = json!({"object_kind": "push", "event_name": "push", "ref": format!("refs/heads/{MARKUP}"),
        "before": "95790bf891e76fee5e1747ab589903a6a1f80f22", "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        "user_name": MARKUP, "user_username": MARKUP, "total_commits_count": 1, "commits": [commit],
        "project": {"name": MARKUP, "path_with_namespace": MARKUP, "web_url": script, "homepage": script}});
    let push = Push::fixture("gitlab/push").with("X-Gitlab-Event", "Push Hook").with("User-Agent", MARKUP);
    push.with_token(Project::SECRET).with_body(body.to_string())
}

/// Somebody whose very name is markup types it, and the job prints it.
async fn types_in_chat(bellhop: &Bellhop, mattermost: &HttpReceiver) {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let (markup, back) = (encoded(MARKUP), encoded(mattermost.url()));
    for (number, text) in
        [format!("run job {MARKUP}"), format!("issue new {MARKUP}"), MARKUP.to_owned()].iter().enumerate()
    {
        let form = format!(
            "token=gr8tok3n&team_id=T1&team_domain={markup}&channel_id=C1&channel_name={markup}&user_id=U1\
             &user_name={markup}&command=%2Fbellhop&text={}&response_url={back}&trigger_id=t{number}",
            encoded(text)
        );
        let request = reqwest::Client::new().post(format!("{}/commands/chat", bellhop.url()));
        let answer = request.header("authorization", "Token gr8tok3n").body(form).send().await;
        assert_eq!(answer.expect("Bellhop answers").status(), 200);
    }
    let post: Value = serde_json::from_slice(&mattermost.receives().await.body).expect("it is JSON");
    assert!(post.to_string().contains("window.harmed"), "the job has printed it: {post}");
}

/// Every page that a link leads to, from the overview on.
async fn look_around(browser: &Browser, bellhop: &Bellhop) -> (usize, usize) {
    let (mut seen, mut open, mut with_markup) = (BTreeSet::new(), vec![format!("{}/", bellhop.url())], 0);
    while let Some(page) = open.pop() {
        if !seen.insert(page.clone()) {
            continue;
        }
        browser.goes_to(&page).await;
        for ask in [LOOK, TRY] {
            let bad = browser.finds(ask).await;
            assert!(bad.is_empty(), "{page}: {bad:?}");
        }
        with_markup += usize::from(browser.reads("body").await.contains("window.harmed=1"));
        let links = browser.links().await;
        let is_page = |link: &String| {
            link.starts_with(bellhop.url()) && !link.contains(['#', '?']) && !link.contains("/log")
        };
        open.extend(links.into_iter().filter(is_page));
    }
    (seen.len(), with_markup)
}

#[tokio::test]
async fn no_text_from_anywhere_runs_in_a_browser() {
    let Some(browser) = Browser::start("markup in a real browser").await else { return };
    let (target, mattermost) = (answers_with_markup().await, HttpReceiver::start().await);
    let repository = BareRepository::with(&[(".gitlab-ci.yml", CI)]);
    let origin = mattermost.url().trim_end_matches("/hook");
    let house = Project::named("mike/x").with_setting(&project(&target, origin, &repository.url()));
    let bellhop = Bellhop::start(&[&house]).await;
    let token = bellhop.token();
    assert_eq!(bellhop.receives("x", &hostile_push()).await.status, 202);
    types_in_chat(&bellhop, &mattermost).await;

    browser.goes_to(bellhop.url()).await;
    browser.types("token", &token).await;
    browser.presses("Sign in").await;
    let (pages, with_markup) = look_around(&browser, &bellhop).await;
    assert!(pages >= 15 && with_markup >= 5, "{pages} pages, {with_markup} of them with what was sent");
    browser.close().await;
}
