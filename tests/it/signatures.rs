//! What Bellhop signs, before the verifiers that its targets use.

use end_to_end::{Bellhop, HttpReceiver, Project, Push, Verifier};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const HUB_SECRET: &str = "It's a Secret to Everybody";

/// A verifier accepts the very body under each of the secrets, and nothing else.
async fn check(verifier: Verifier, (secrets, wrong): (&[&str], &str)) {
    for format in ["passthrough", "gitlab", "bellhop"] {
        let target = HttpReceiver::start().await;
        let project = Project::named("diaspora/diaspora").to_http(&target);
        let project = project.signed(&[OLD, NEW], HUB_SECRET).in_format(format);
        let bellhop = Bellhop::start(&[&project]).await;
        let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);
        assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);

        let received = target.receives().await;
        let body = String::from_utf8(received.body.clone()).expect("JSON is text");
        for secret in secrets {
            let Some(accepted) = verifier.accepts(secret, &received, &body) else { return };
            assert!(accepted, "{verifier:?} refuses the format {format}");
            assert_eq!(verifier.accepts(secret, &received, &format!("{body} ")), Some(false));
        }
        assert_eq!(verifier.accepts(wrong, &received, &body), Some(false));
    }
}

#[tokio::test]
async fn standardwebhooks_accepts_the_old_key_and_the_new_one() {
    check(Verifier::StandardWebhooks, (&[OLD, NEW], OTHER)).await;
}

#[tokio::test]
async fn gidgethub_accepts_the_hub_signature() {
    check(Verifier::Gidgethub, (&[HUB_SECRET], "another")).await;
}

#[tokio::test]
async fn octokit_accepts_the_hub_signature() {
    check(Verifier::Octokit, (&[HUB_SECRET], "another")).await;
}
