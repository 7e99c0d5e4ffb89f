//! One event of each kind, as GitLab would tell it
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/>): what a target is tested with.
//!
//! Not here: the sending (`app::test_hook`).

use config::Switch;

use crate::Original;

/// The names of the headers that a sample has.
const CONTENT_TYPE: &str = "content-type";
const EVENT: &str = "x-gitlab-event";

/// The sample that belongs to a switch, as if GitLab had sent it.
pub fn sample(switch: Switch) -> Original {
    let (event, body) = of(switch);
    Original {
        headers: vec![
            (CONTENT_TYPE.to_owned(), "application/json".to_owned()),
            (EVENT.to_owned(), event.to_owned()),
        ],
        body: body.as_bytes().to_vec(),
    }
}

/// The name of the event, and what is told of it.
fn of(switch: Switch) -> (&'static str, &'static str) {
    macro_rules! body {
        ($name:literal) => {
            include_str!(concat!("samples/", $name, ".json"))
        };
    }
    match switch {
        Switch::Push => ("Push Hook", body!("push_events")),
        Switch::TagPush => ("Tag Push Hook", body!("tag_push_events")),
        Switch::Issues => ("Issue Hook", body!("issues_events")),
        Switch::ConfidentialIssues => ("Confidential Issue Hook", body!("confidential_issues_events")),
        Switch::MergeRequests => ("Merge Request Hook", body!("merge_requests_events")),
        Switch::Note => ("Note Hook", body!("note_events")),
        Switch::ConfidentialNote => ("Confidential Note Hook", body!("confidential_note_events")),
        Switch::Job => ("Job Hook", body!("job_events")),
        Switch::Pipeline => ("Pipeline Hook", body!("pipeline_events")),
        Switch::WikiPage => ("Wiki Page Hook", body!("wiki_page_events")),
        Switch::Deployment => ("Deployment Hook", body!("deployment_events")),
        Switch::Releases => ("Release Hook", body!("releases_events")),
        Switch::Milestone => ("Milestone Hook", body!("milestone_events")),
        Switch::Emoji => ("Emoji Hook", body!("emoji_events")),
        Switch::FeatureFlag => ("Feature Flag Hook", body!("feature_flag_events")),
        Switch::Member => ("Member Hook", body!("member_events")),
        Switch::Project => ("Project Hook", body!("project_events")),
        Switch::Subgroup => ("Subgroup Hook", body!("subgroup_events")),
        Switch::ResourceAccessToken => ("Resource Access Token Hook", body!("resource_access_token_events")),
        Switch::ResourceDeployToken => ("Resource Deploy Token Hook", body!("resource_deploy_token_events")),
        Switch::Vulnerability => ("Vulnerability Hook", body!("vulnerability_events")),
        Switch::Other => ("System Hook", body!("other_events")),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use payload::{Forge, Parsed, Payload};

    use super::*;
    use crate::switch_of;

    #[test]
    fn each_sample_is_an_event_of_its_switch() {
        for switch in Switch::ALL {
            let Original { headers, body } = sample(*switch);
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
                })
                .collect();
            let parsed = payload::parse(Forge::GitLab, Payload { headers: &headers, body: &body });
            let Ok(Parsed::Events(events)) = parsed else { panic!("{switch}: {parsed:?}") };
            assert_eq!(events.iter().map(switch_of).collect::<Vec<_>>(), [*switch], "{events:?}");
        }
    }
}
