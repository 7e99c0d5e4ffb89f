//! The git hosts whose webhooks are understood, and how to tell whose a request is.

use std::fmt;

use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// A git host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Forge {
    /// GitLab, from 2014's to today's (<https://docs.gitlab.com/user/project/integrations/webhook_events/>).
    #[serde(rename = "gitlab")]
    GitLab,
    /// GitHub and GitHub Enterprise (<https://docs.github.com/webhooks/webhook-events-and-payloads>).
    #[serde(rename = "github")]
    GitHub,
    /// Gitea (<https://docs.gitea.com/usage/webhooks>).
    Gitea,
    /// Forgejo, as on Codeberg (<https://forgejo.org/docs/latest/user/webhooks>).
    Forgejo,
    /// Gogs (<https://gogs.io/advancing/webhooks>).
    Gogs,
    /// Bitbucket Cloud (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads>).
    BitbucketCloud,
    /// Bitbucket Server and Data Center
    /// (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html>).
    BitbucketServer,
}

impl Forge {
    /// Whose request it is, by its headers. Gitea and Forgejo send each other's headers, Gogs's and GitHub's as well,
    /// so the most special name decides. What no header names is GitLab's: that of 2014 had none.
    pub fn recognise(headers: &HeaderMap) -> Self {
        const BY_HEADER: [(&str, Forge); 5] = [
            ("x-forgejo-event", Forge::Forgejo),
            ("x-gitea-event", Forge::Gitea),
            ("x-gogs-event", Forge::Gogs),
            ("x-gitlab-event", Forge::GitLab),
            ("x-github-event", Forge::GitHub),
        ];
        let named = BY_HEADER.into_iter().find(|(header, _)| headers.contains_key(*header));
        let key = headers.get("x-event-key").map(|key| key.to_str().unwrap_or_default());
        match (named, key) {
            (Some((_, forge)), _) => forge,
            (None, None) => Self::GitLab,
            (None, Some(_))
                if headers.contains_key("x-hook-uuid") || headers.contains_key("x-request-uuid") =>
            {
                Self::BitbucketCloud
            }
            // A proxy, or somebody who tries a payload by hand, may have kept the key alone.
            (None, Some(key)) if is_clouds(key) => Self::BitbucketCloud,
            (None, Some(_)) => Self::BitbucketServer,
        }
    }
}

/// Whether an event's key is Bitbucket Cloud's: of the keys, the two have none in common.
fn is_clouds(key: &str) -> bool {
    const REPOSITORY: [&str; 8] = [
        "repo:push",
        "repo:fork",
        "repo:updated",
        "repo:transfer",
        "repo:created",
        "repo:deleted",
        "repo:imported",
        "project:updated",
    ];
    let is_of_family =
        ["pullrequest:", "issue:", "repo:commit_"].iter().any(|family| key.starts_with(family));
    is_of_family || REPOSITORY.contains(&key)
}

/// For people.
impl fmt::Display for Forge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::GitLab => "GitLab",
            Self::GitHub => "GitHub",
            Self::Gitea => "Gitea",
            Self::Forgejo => "Forgejo",
            Self::Gogs => "Gogs",
            Self::BitbucketCloud => "Bitbucket Cloud",
            Self::BitbucketServer => "Bitbucket Server",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&'static str]) -> Forge {
        Forge::recognise(&names.iter().map(|name| (name.parse().unwrap(), "x".parse().unwrap())).collect())
    }

    #[test]
    fn each_forge_is_known_by_its_headers() {
        assert_eq!(check(&["x-gitlab-event"]), Forge::GitLab);
        assert_eq!(check(&["x-github-event", "x-hub-signature-256"]), Forge::GitHub);
        assert_eq!(check(&["x-event-key", "x-hook-uuid", "x-request-uuid"]), Forge::BitbucketCloud);
        assert_eq!(check(&["x-event-key", "x-request-id"]), Forge::BitbucketServer);
        assert_eq!(check(&["content-type"]), Forge::GitLab);
    }

    #[test]
    fn the_two_bitbuckets_are_told_apart_by_their_keys_alone() {
        let by_key = |key: &str| {
            Forge::recognise(&[("x-event-key".parse().unwrap(), key.parse().unwrap())].into_iter().collect())
        };
        for key in ["repo:push", "pullrequest:fulfilled", "issue:created", "repo:commit_status_updated"] {
            assert_eq!(by_key(key), Forge::BitbucketCloud, "{key}");
        }
        for key in ["repo:refs_changed", "pr:opened", "repo:comment:added", "repo:forked", "diagnostics:ping"]
        {
            assert_eq!(by_key(key), Forge::BitbucketServer, "{key}");
        }
    }

    #[test]
    fn forks_that_speak_their_parents_names_are_told_apart() {
        assert_eq!(check(&["x-gogs-event"]), Forge::Gogs);
        assert_eq!(check(&["x-github-event", "x-gogs-event", "x-gitea-event"]), Forge::Gitea);
        let all = ["x-github-event", "x-gogs-event", "x-gitea-event", "x-forgejo-event"];
        assert_eq!(check(&all), Forge::Forgejo);
    }

    #[test]
    fn forges_are_written_in_lower_case() {
        let written = |forge: Forge| serde_json::to_string(&forge).unwrap();
        assert_eq!(written(Forge::GitLab), "\"gitlab\"");
        assert_eq!(written(Forge::BitbucketServer), "\"bitbucket-server\"");
    }
}
