//! A push to try a project with, as a command to paste.
//!
//! Not here: samples of every kind, for targets (`relay::samples`).

/// Small enough for a command line.
const PUSH: &str = r#"{"object_kind":"push","ref":"refs/heads/main","user_name":"Ada",
  "before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
  "project":{"name":"Demo","web_url":"https://gitlab.example.com/demo"},"total_commits_count":1,
  "commits":[{"id":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","message":"Hello, IRC","author":{"name":"Ada"}}]}"#;

/// The command that posts it to a source at `base`, such as `http://127.0.0.1:8787`. Each time it is run it is a new
/// event: the key differs.
pub fn curl(base: &str, source: &str, secret: &str) -> String {
    format!(
        "curl {base}/hooks/{source} \\\n  \
         -H 'Content-Type: application/json' -H 'X-Gitlab-Event: Push Hook' \\\n  \
         -H 'X-Gitlab-Token: {secret}' -H \"Idempotency-Key: $(date +%s%N)\" \\\n  \
         -d '{PUSH}'"
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use payload::{Forge, Parsed, Payload};

    use super::*;

    #[test]
    fn the_sample_push_is_an_event() {
        let parsed =
            payload::parse(Forge::GitLab, Payload { headers: &HeaderMap::new(), body: PUSH.as_bytes() });
        assert!(matches!(parsed, Ok(Parsed::Events(_))));
        assert!(!PUSH.contains('\''), "it stands between quotes on a command line");
    }
}
