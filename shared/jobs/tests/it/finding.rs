use std::net::{IpAddr, Ipv4Addr};

use app::egress::{Guard, Names};
use git::{Git, Limits};
use jobs::find::{FindError, Finder, Locals};
use relay::egress::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{World, commit};

async fn refusal(world: &World, job: &str) -> String {
    world.find(job).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_job_is_found_with_all_that_it_gets_to_see() {
    let ci = "variables: {PLACE: town}\njob:\n  variables: {GREETING: 'hello $PLACE'}\n  script: [a]\n";
    let world = World::new(ci).knowing(&[("PLACE", "cit$y")]);
    let found = world.find("job").await.unwrap();
    assert_eq!(found.commit.len(), 40);
    assert_eq!(found.reference, "main");
    let shown: Vec<_> = found.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let shown = shown.join("\n").replace(&found.commit, "COMMIT").replace(&found.commit[..8], "COMM");
    insta::assert_snapshot!(shown, @r"
    CHAT_CHANNEL=C1
    CHAT_INPUT=in
    CHAT_USER_ID=U1
    CI=true
    CI_COMMIT_BEFORE_SHA=0000000000000000000000000000000000000000
    CI_COMMIT_BRANCH=main
    CI_COMMIT_REF_NAME=main
    CI_COMMIT_REF_PROTECTED=true
    CI_COMMIT_REF_SLUG=main
    CI_COMMIT_SHA=COMMIT
    CI_COMMIT_SHORT_SHA=COMM
    CI_CONFIG_PATH=.gitlab-ci.yml
    CI_DEFAULT_BRANCH=main
    CI_JOB_NAME=job
    CI_JOB_STAGE=test
    CI_PIPELINE_SOURCE=chat
    CI_PROJECT_NAME=p
    CI_PROJECT_NAMESPACE=g
    CI_PROJECT_PATH=g/p
    CI_PROJECT_ROOT_NAMESPACE=g
    CI_SERVER=yes
    GITLAB_CI=true
    GREETING=hello cit$y
    PLACE=cit$y
    ");
}

/// Cases 11, 12 and 13: GitLab has one sentence for all of them.
#[tokio::test]
async fn what_is_no_job_for_a_chat_is_not_found() {
    let world = World::new("x: {script: a, except: [chat]}\n.hidden: {script: a}\ny: {script: a}\n");
    for job in ["nosuch", "x", ".hidden"] {
        assert!(world.find(job).await.unwrap_err().is_no_job(), "{job}");
    }
    assert!(world.find("y").await.is_ok());
}

/// Case 14. Every commit of these tests says to skip CI.
#[tokio::test]
async fn rules_for_chats_are_kept_and_a_commit_that_skips_ci_has_its_jobs() {
    let rule = |source: &str| format!("script: a, rules: [{{if: $CI_PIPELINE_SOURCE == '{source}'}}]");
    let world =
        World::new(&format!("push: {{{}}}\nchat: {{{}}}\nnone: {{script: a}}\n", rule("push"), rule("chat")));
    assert!(world.find("push").await.unwrap_err().is_no_job());
    assert!(world.find("chat").await.is_ok() && world.find("none").await.is_ok());
    assert_eq!(world.finder.list(&world.project).await.unwrap(), ["chat", "none"]);
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused_by_name() {
    let ci = "a: {script: a, services: [postgres], artifacts: {paths: [x]}}\n\
              b: {script: a, when: delayed, start_in: 5 minutes}\nc: {script: a, when: on_failure}\n";
    let world = World::new(ci);
    assert_eq!(refusal(&world, "a").await, "the job a cannot be run here: it needs artifacts, services");
    assert_eq!(refusal(&world, "b").await, "the job b cannot be run here: it needs when: delayed");
    assert_eq!(refusal(&world, "c").await, "the job c cannot be run here: it needs when: on_failure");
}

#[tokio::test]
async fn includes_are_read_from_the_same_commit_and_others_are_named() {
    let files = [
        (".gitlab-ci.yml", "include: ['ci/*.yml']\njob: {extends: .a, rules: [{exists: ['doc/**/x']}]}\n"),
        ("ci/a.yml", ".a: {script: from a}\n"),
        ("doc/deep/x", ""),
    ];
    assert_eq!(World::with(&files).find("job").await.unwrap().job.script, ["from a"]);
    let world = World::new("include: {remote: 'https://x.example/y.yml'}\njob: {script: a}\n");
    assert_eq!(
        refusal(&world, "job").await,
        "invalid configuration here: .gitlab-ci.yml: include:remote \"https://x.example/y.yml\" cannot be read without GitLab's API"
    );
}

#[tokio::test]
async fn another_file_and_another_branch_count_if_the_project_says_so() {
    let mut world = World::with(&[("ci/chat.yml", "job: {script: old}\n")]);
    let repository = git2::Repository::open(world.folder.path().join("p.git")).unwrap();
    let first = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("release/1", &first, false).unwrap();
    commit(&repository, &[("ci/chat.yml", "job: {script: new}\n")]);
    let jobs = world.project.jobs.as_mut().unwrap();
    jobs.repository.ci_path = "ci/chat.yml".to_owned();
    assert_eq!(world.find("job").await.unwrap().job.script, ["new"]);
    world.project.jobs.as_mut().unwrap().repository.reference = Some("release/1".to_owned());
    let found = world.find("job").await.unwrap();
    assert_eq!((found.job.script, found.commit), (vec!["old".to_owned()], first.id().to_string()));
}

/// Case 22, from a repository: an honest refusal, soon.
#[tokio::test]
async fn configurations_that_want_to_eat_us_are_refused() {
    let bomb: String = (1..10)
        .map(|n| format!(".x{n}: &x{n} [{}]\n", vec![format!("*x{}", n - 1); 9].join(", ")))
        .collect::<Vec<_>>()
        .concat();
    let bomb = format!(".x0: &x0 [lol]\n{bomb}job: {{script: a}}\n");
    let long = format!("job: {{script: a}}\n.x: '{}'\n", "x".repeat(3 << 20));
    let deep = format!(".x: {}{}\njob: {{script: a}}\n", "[".repeat(101), "]".repeat(101));
    for ci in [bomb, long, deep] {
        let refused = World::new(&ci).find("job").await.unwrap_err();
        assert!(matches!(refused, FindError::Ci(_)), "{refused}");
    }
}

#[tokio::test]
async fn files_of_a_function_are_nobodys_repository() {
    let world = World::new("job: {script: a}\n");
    let finder = Finder::new(Git::default(), Guard::default(), Locals::Refused);
    let refused = finder.find(&world.project, "job", &world.ask).await.unwrap_err();
    assert!(matches!(refused, FindError::File) && !refused.is_passing());
}

/// A name that was public when it was judged, and is inside when it is connected to.
#[tokio::test]
async fn an_address_that_changes_after_it_was_judged_reaches_nothing_inside() {
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let public = IpAddr::V4(Ipv4Addr::new(192, 88, 99, 200));
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for url in
        [format!("https://flip.example.com:{port}/p.git"), format!("ssh://git@flip.example.com:{port}/p.git")]
    {
        let mut world = World::new("job: {script: a}\n");
        world.project.jobs.as_mut().unwrap().repository.url = url.clone();
        let flipping = [("flip.example.com".to_owned(), vec![vec![public], vec![here]])];
        let guard = Guard::with(Policy::default(), Names::scripted(flipping));
        let git = Git::within(Limits { time: std::time::Duration::from_secs(2), ..Limits::default() });
        let finder = Finder::new(git, guard, Locals::Allowed);
        // The first time it may be asked, and is not there; the second time it may not.
        for _ in 0..2 {
            tokio::select! {
                _ = inside.accept() => panic!("{url} reached something inside"),
                refused = finder.find(&world.project, "job", &world.ask) => assert!(refused.is_err()),
            }
        }
        let refused = finder.find(&world.project, "job", &world.ask).await.unwrap_err();
        assert!(matches!(refused, FindError::Guard(_)), "{refused}");
    }
}

/// A GitLab that answers every request with this, and tells what it was asked.
async fn gitlab(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, asked)
}

async fn find_with_gitlab(answer: &'static str) -> (Result<Vec<String>, String>, String, String) {
    let mut world = World::new("include: {template: 'X.gitlab-ci.yml'}\n");
    let (url, asked) = gitlab(answer).await;
    let settings = serde_json::json!({"url": url, "project": "g/p", "token": "glpat-x"});
    world.project.gitlab = Some(serde_json::from_value(settings).unwrap());
    let guard = Guard::new(Policy::parse("127.0.0.1", "").unwrap());
    let outbound = app::http_target::Outbound::new(guard).unwrap();
    let found = world.finder.clone().asking(outbound).find(&world.project, "job", &world.ask).await;
    let commit = git2::Repository::open(world.folder.path().join("p.git")).unwrap();
    let commit = commit.head().unwrap().peel_to_commit().unwrap().id().to_string();
    (found.map(|found| found.job.script).map_err(|error| error.to_string()), asked.await.unwrap(), commit)
}

#[tokio::test]
async fn gitlab_is_asked_for_what_it_alone_can_resolve_at_the_very_commit() {
    let answer = r#"{"valid": true, "errors": [], "merged_yaml": "job:\n  script: [from GitLab]\n"}"#;
    let (script, asked, commit) = find_with_gitlab(answer).await;
    assert_eq!(script.unwrap(), ["from GitLab"]);
    assert!(
        asked.starts_with(&format!("GET /api/v4/projects/g%2Fp/ci/lint?content_ref={commit}")),
        "{asked}"
    );
    let (refused, ..) = find_with_gitlab(r#"{"valid": false, "errors": ["no such template"]}"#).await;
    assert_eq!(refused.unwrap_err(), "invalid configuration: no such template");
}
