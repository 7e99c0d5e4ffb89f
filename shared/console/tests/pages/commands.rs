//! Slash commands: set up, ruled, and what they ran.

use app::ids::RunId;
use app::tokens::Scope;
use config::jobs::Credentials;
use http::StatusCode;

use crate::browser::form;
use crate::world::{World, only};

const RULES: &str = "[groups]\nops = [\"U1\"]\n\n[[rule]]\ngroups = [\"ops\"]\njobs = [\"deploy-*\"]\napproval = \"confirm\"\n";

#[tokio::test]
async fn a_command_is_set_up_and_its_rules_are_said_in_words() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/commands/new/slack");
    ada.get(&new).await;
    assert!(ada.text().contains("No rule: everything is denied."));
    ada.submit(&new, &[("access", "[[rule]]\nuser = [\"U1\"]")]).await;
    assert_eq!(ada.behind("id=\"access-problem\""), "Rule 1: there is no setting 'user'.");
    ada.submit(&new, &[("access", RULES)]).await;
    assert_eq!(ada.behind("id=\"secret-problem\""), "A slash command needs a token or a signing secret.");

    ada.submit(&new, &[("secret", "s1gning")]).await;
    assert!(
        ada.text().contains("The group ops may run deploy-*, once they have confirmed it."),
        "{}",
        ada.text()
    );
    assert!(
        ada.behind("id=\"command-url\"").starts_with("http://bellhop.test/commands/")
            && !ada.page.contains("s1gning")
    );
    let path = ada.path.split('?').next().unwrap().to_owned();
    ada.submit(&path, &[("team_ids", "T1")]).await;
    let stored = world.stored(id).await.commands.remove(0);
    assert!(stored.team_ids.contains("T1") && stored.rules.len() == 1, "the secret and the rules stay");
    ada.submit(&format!("{path}/delete"), &[]).await;
    assert!(world.stored(id).await.commands.is_empty());
}

#[tokio::test]
async fn a_link_to_a_log_opens_that_log_alone() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let run: RunId = "0123456789ab".parse().unwrap();
    app::runs::keep_log(&world.app, &run, "<b>built</b>\n").await.unwrap();
    let mut anybody = world.browser();
    for link in
        ["/runs/0123456789ab/log", "/runs/0123456789ab/log?expires=9999999999&signature=00", "/runs/x/log"]
    {
        anybody.get(link).await;
        assert_eq!(anybody.status, StatusCode::NOT_FOUND, "{link}");
    }
    let mut ada = world.admin().await;
    for page in ["runs", "audit"] {
        ada.get(&format!("/projects/{id}/{page}")).await;
        assert_eq!(ada.status, StatusCode::OK, "{page}");
    }
    ada.get(&format!("/projects/{id}/runs/{run}")).await;
    assert_eq!(ada.status, StatusCode::NOT_FOUND, "a log without a run is nobody's");
}

#[tokio::test]
async fn an_admin_says_who_executes_jobs_and_is_told_the_risk() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let path = format!("/projects/{id}/jobs");
    let mut maintainer = world.signed_in(Scope::Maintainer { projects: only(&[id]) }).await;
    maintainer.get(&path).await;
    assert_eq!(maintainer.status, StatusCode::NOT_FOUND, "it is the house's matter");

    let mut ada = world.admin().await;
    ada.get(&path).await;
    assert!(ada.text().contains("whoever may push to the repository’s branch runs programs there"));
    ada.submit(&path, &[("url", "http://h/r.git")]).await;
    assert!(ada.behind("id=\"url-problem\"").contains("a repository's url is https://host/path"));
    ada.submit(&path, &[("url", "https://h/r.git")]).await;
    assert!(ada.behind("id=\"executor-problem\"").contains("need the project's gitlab settings"));
    let opened =
        [("executor", "local"), ("credentials", "password"), ("username", "u"), ("password", "hunter2")];
    ada.submit(&path, &opened).await;
    assert!(ada.text().contains("Jobs run on Bellhop’s own machine"), "{}", ada.text());

    ada.get(&path).await;
    assert!(!ada.page.contains("hunter2"));
    ada.submit(&path, &[("variables", "KEY: v")]).await;
    let jobs = world.stored(id).await.jobs.unwrap();
    assert!(
        matches!(&jobs.repository.credentials, Some(Credentials::Password { password, .. }) if password.expose() == "hunter2")
    );
    ada.get(&path).await;
    ada.submit(&path, &[("url", "https://evil.example/r.git")]).await;
    assert!(ada.behind("id=\"variables-problem\"").contains("Another repository takes them anew"));
    ada.submit(&path, &[("variables", "")]).await;
    assert!(ada.page.contains("id=\"credentials-problem\""), "nor does it get the password");
    ada.get(&path).await;
    ada.post(&path, &[form(&ada.page, &path), vec![("do".to_owned(), "remove".to_owned())]].concat()).await;
    assert!(world.stored(id).await.jobs.is_none());
}
