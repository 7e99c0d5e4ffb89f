//! The API as GitLab's tools use it, and as its own document describes it, on a started Bellhop.

use std::collections::BTreeSet;

use end_to_end::{Bellhop, Client, Project};

/// What `schemathesis` looks for: faults, and answers that the document does not promise. What it would call a mistake,
/// such as a number that is taken for a text, is GitLab's leniency.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    ignored_auth,unsupported_method";

/// How many requests it makes up for each address beyond those that it always makes: thousands in all, in some seconds.
const EXAMPLES: &str = "2";

async fn start() -> (Bellhop, String) {
    let bellhop = Bellhop::secluded(&[&Project::named("mike/diaspora")]).await;
    let token = bellhop.token();
    (bellhop, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn python_gitlab_configures_bellhop() {
    let (bellhop, token) = start().await;
    let said = Client::PythonGitlab.runs(&[bellhop.url(), &token, "mike/diaspora"]);
    assert!(said.is_none_or(|said| said.trim() == "done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_its_command() {
    let (bellhop, token) = start().await;
    let gitlab = |arguments: &[&str]| {
        let server = ["--server-url", bellhop.url(), "--private-token", &token];
        Client::GitlabCommand.runs(&[&server, arguments].concat())
    };
    let project = ["--project-id", "mike%2Fdiaspora"];
    let create = ["project-hook", "create", "--url", "http://127.0.0.1:9/h", "--push-events", "true"];
    gitlab(&[&create[..], &project].concat());
    let listed = gitlab(&[&["-v", "project-hook", "list"][..], &project].concat());
    assert!(listed.is_none_or(|listed| listed.contains("url: http://127.0.0.1:9/h")));
    gitlab(&[&["project-hook", "delete", "--id", "1"][..], &project].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn gitbeaker_configures_bellhop() {
    let (bellhop, token) = start().await;
    let said = Client::Gitbeaker.runs(&[bellhop.url(), &token, "mike/diaspora"]);
    assert!(said.is_none_or(|said| said.trim() == "done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_as_its_document_says() {
    let (bellhop, token) = start().await;
    let (document, header) =
        (format!("{}/api/openapi.json", bellhop.url()), format!("PRIVATE-TOKEN: {token}"));
    Client::Schemathesis.runs(&[
        &document,
        "--header",
        &header,
        "--checks",
        CHECKS,
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        EXAMPLES,
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-shrink",
        "--warnings",
        "off",
        // The token that it asks with would be among those that it takes back.
        "--exclude-path-regex",
        "tokens/",
    ]);
}

#[tokio::test]
async fn tokens_differ_and_stand_alone_on_standard_output() {
    let (bellhop, token) = start().await;
    let all = BTreeSet::from([token.clone(), bellhop.token()]);
    assert!(all.len() == 2 && token.starts_with("bhp-") && token.lines().count() == 1, "{all:?}");
}
