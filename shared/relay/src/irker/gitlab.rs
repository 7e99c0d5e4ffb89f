//! Pushes, in the words of GitLab's irker integration (`app/workers/irker_worker.rb`), and tags in the same spirit,
//! since GitLab has no words for them.
//!
//! Different from GitLab on purpose: nothing is sent that holds no text (GitLab sends a `null` with every push), the
//! number of files is left out where the forge does not tell it, and other forges' pages are linked as they have them.
//!
//! Not here: fewer and newer lines (`compact`).

use payload::{Commit, Event, Forge, Push, RefChange, Sha, TagPush};

use super::line::{Line, Paint};
use super::parts::{files, shortened, who};

pub(super) fn branch(event: &Event, push: &Push, commits_max: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    match &push.change {
        RefChange::Created { .. } => lines.push(branch_created(event, push)),
        RefChange::Deleted { .. } => lines.push(branch_deleted(event, push)),
        RefChange::Updated { .. } => {}
    }
    if tells_of_commits(push) {
        lines.push(summary(event, push));
    }
    lines.extend(
        push.commits.iter().take(commits_max).map(|commit| commit_line(event, push, commit, Line::foreign)),
    );
    lines
}

fn branch_created(event: &Event, push: &Push) -> Line {
    let line = opening(event).words(" has created a new branch ").foreign(Paint::REFERENCE, &push.branch);
    let branches = if event.forge == Forge::GitLab { "-/branches" } else { "branches" };
    match event.repository.as_ref().and_then(|repository| repository.url.as_ref()) {
        Some(url) => line.url(": ", &format!("{url}/{branches}")),
        None => line,
    }
}

fn branch_deleted(event: &Event, push: &Push) -> Line {
    opening(event).words(" has deleted the branch ").foreign(Paint::REFERENCE, &push.branch)
}

/// Whether there is more to say than that a branch came or went. Of a branch that moved there always is, though some
/// forges do not count what moved it.
fn tells_of_commits(push: &Push) -> bool {
    match push.commit_count {
        Some(count) => count > 0,
        None => matches!(push.change, RefChange::Updated { .. }),
    }
}

fn summary(event: &Event, push: &Push) -> Line {
    let line = opening(event).words(" pushed ");
    let line = match push.commit_count {
        Some(count) => {
            let more = if push.is_truncated { "+" } else { "" };
            let noun = if count == 1 && !push.is_truncated { "commit" } else { "commits" };
            line.foreign(Paint::COUNT, &format!("{count}{more}")).words(&format!(" new {noun} to "))
        }
        None => line.words("to "),
    };
    let line = line.foreign(Paint::REFERENCE, &push.branch);
    match &push.compare_url {
        Some(url) => line.url(": ", &with_short_ids(url, push)),
        None => line,
    }
}

/// How a text is put into a line: [`Line::foreign`], or [`Line::name`] where it may be shortened.
pub(super) type Put = fn(Line, Paint, &str) -> Line;

pub(super) fn commit_line(event: &Event, push: &Push, commit: &Commit, put: Put) -> Line {
    let line = match &event.repository {
        Some(repository) => put(Line::default(), Paint::REPOSITORY, &repository.name).words("/"),
        None => Line::default(),
    };
    let line = put(line, Paint::REFERENCE, &push.branch).words(" ").foreign(Paint::SHA, commit.id.short());
    let line = files(put(line.words(" "), Paint::PLAIN, &commit.author), commit);
    line.words(": ").foreign(Paint::PLAIN, &shortened(&commit.title))
}

pub(super) fn tag(event: &Event, push: &TagPush) -> Line {
    let verb = match &push.change {
        RefChange::Created { .. } => "has created a new tag",
        RefChange::Deleted { .. } => "has deleted the tag",
        RefChange::Updated { .. } => "has moved the tag",
    };
    let line = opening(event).words(&format!(" {verb} ")).foreign(Paint::REFERENCE, &push.tag);
    let line = match &push.change {
        RefChange::Created { after } | RefChange::Updated { after, .. } => {
            line.words(" at ").foreign(Paint::SHA, after.short())
        }
        RefChange::Deleted { .. } => line,
    };
    let first_line = push.annotation.as_deref().and_then(|text| text.lines().next());
    match first_line {
        Some(text) => line.words(": ").foreign(Paint::PLAIN, &shortened(text)),
        None => line,
    }
}

/// `[REPOSITORY] WHO`, however long they are: GitLab does not shorten them.
fn opening(event: &Event) -> Line {
    let line = match &event.repository {
        Some(repository) => {
            Line::default().words("[").foreign(Paint::REPOSITORY, &repository.name).words("] ")
        }
        None => Line::default(),
    };
    let line = if event.confidential { line.words("(confidential) ") } else { line };
    line.foreign(Paint::PLAIN, who(&event.actor))
}

/// A link to a change, its commits' ids as short as people are shown them.
pub(super) fn with_short_ids(url: &str, push: &Push) -> String {
    let ends = match &push.change {
        RefChange::Created { after } => [push.commits.first().map(|commit| &commit.id), Some(after)],
        RefChange::Deleted { before } => [before.as_ref(), None],
        RefChange::Updated { before, after } => [Some(before), Some(after)],
    };
    ends.into_iter().flatten().fold(url.to_owned(), |url, id: &Sha| url.replace(id.full(), id.short()))
}

#[cfg(test)]
mod tests {
    use config::{LineSettings, LineStyle};
    use http::HeaderMap;
    use insta::assert_snapshot;
    use payload::{Forge, Parsed, Payload, parse};

    use crate::irker::lines;
    use crate::limits::LINE_BYTES_MAX;

    const TODAY: &str = include_str!("../../../../tests/fixtures/gitlab/push.json");
    const SEED: &str = include_str!("../../../../tests/fixtures/gitlab-2014/push.json");
    const TAG: &str = include_str!("../../../../tests/fixtures/gitlab/tag_push.json");
    const GITHUB: &str = include_str!("../../../../tests/fixtures/github/push.json");
    const GOGS: &str = include_str!("../../../../tests/fixtures/gogs/push.json");
    const BITBUCKET: &str = include_str!("../../../../tests/fixtures/bitbucket-cloud/push.json");
    const ZEROS: &str = "0000000000000000000000000000000000000000";

    /// What a channel reads of a push. Control characters are shown as `\u{..}`.
    fn read(body: &str, colorize: bool) -> String {
        read_of(Forge::GitLab, &[], body, colorize)
    }

    fn read_of(forge: Forge, headers: &[(&'static str, &str)], body: &str, colorize: bool) -> String {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let Ok(Parsed::Events(events)) = parse(forge, Payload { headers: &headers, body: body.as_bytes() })
        else {
            panic!("no event: {body}")
        };
        let settings =
            LineSettings { style: LineStyle::GitLab, colorize_messages: colorize, ..LineSettings::default() };
        let lines = events.iter().flat_map(|event| lines(event, &settings));
        let rendered = lines.map(|line| line.render(LINE_BYTES_MAX));
        rendered.map(|line| line.escape_debug().to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_push_of_2014() {
        assert_snapshot!(read(SEED, false), @"
        [Diaspora] John Smith pushed 4 new commits to master: http://example.com/diaspora/compare/95790bf8...da156088
        Diaspora/master b6568db1 Jordi Mallach: Update Catalan translation to e38cb41.
        Diaspora/master da156088 GitLab dev user: fixed readme
        ");
    }

    #[test]
    fn a_push_of_today_in_colour() {
        assert_snapshot!(read(TODAY, true), @r"
        [\u{3}04Diaspora\u{f}] John Smith pushed \u{2}4\u{f} new commits to \u{3}05master\u{f}: \u{3}02\u{1f}http://example.com/mike/diaspora/-/compare/95790bf8...da156088\u{f}
        \u{3}04Diaspora\u{f}/\u{3}05master\u{f} \u{3}14b6568db1\u{f} Jordi Mallach (\u{3}122 files\u{f}): Merge branch \'some-feature\' into \'master\'
        \u{3}04Diaspora\u{f}/\u{3}05master\u{f} \u{3}14da156088\u{f} GitLab dev user (\u{3}122 files\u{f}): fixed readme
        ");
    }

    #[test]
    fn a_single_commit_and_a_single_file_are_not_many() {
        let one = SEED.replace("\"total_commits_count\":4", "\"total_commits_count\":1");
        assert!(read(&one, false).starts_with("[Diaspora] John Smith pushed 1 new commit to master: "));
        let body = one.replace(
            "\"message\":\"fixed readme\"",
            "\"message\":\"fixed readme\",\"modified\":[\"README\"]",
        );
        assert!(read(&body, false).ends_with("GitLab dev user (1 file): fixed readme"));
    }

    #[test]
    fn a_new_branch_with_commits_is_announced_and_compared_with_where_it_began() {
        let body = TODAY.replace("95790bf891e76fee5e1747ab589903a6a1f80f22", ZEROS);
        assert_snapshot!(read(&body, false), @r"
        [Diaspora] John Smith has created a new branch master: http://example.com/mike/diaspora/-/branches
        [Diaspora] John Smith pushed 4 new commits to master: http://example.com/mike/diaspora/-/compare/b6568db1^...da156088
        Diaspora/master b6568db1 Jordi Mallach (2 files): Merge branch \'some-feature\' into \'master\'
        Diaspora/master da156088 GitLab dev user (2 files): fixed readme
        ");
    }

    #[test]
    fn a_deleted_branch_is_one_line() {
        let body = r#"{"object_kind":"push","before":"95790bf891e7","after":"0000000000000000000000000000000000000000",
            "ref":"refs/heads/feature/x","user_name":"John Smith","project":{"name":"Diaspora"},"commits":[]}"#;
        assert_snapshot!(read(body, true), @r"[\u{3}04Diaspora\u{f}] John Smith has deleted the branch \u{3}05feature/x\u{f}");
    }

    #[test]
    fn a_large_push_shows_three_commits_and_the_true_count() {
        let commit = r#"{"id":"b6568db1bc1d","message":"x","author":{"name":"A"}}"#;
        let body = format!(
            r#"{{"before":"1","after":"2","ref":"refs/heads/x","user_name":"A","repository":{{"name":"r"}},
               "commits":[{}],"total_commits_count":500}}"#,
            [commit; 20].join(",")
        );
        assert_snapshot!(read(&body, false), @"
        [r] A pushed 500 new commits to x
        r/x b6568db1 A: x
        r/x b6568db1 A: x
        r/x b6568db1 A: x
        ");
    }

    #[test]
    fn tags_come_move_and_go() {
        assert_snapshot!(read(TAG, false), @"[Example] John Smith has created a new tag v1.0.0 at 82b3d5ae");
        assert_snapshot!(read(&TAG.replace(ZEROS, "95790bf891e7"), true), @r"[\u{3}04Example\u{f}] John Smith has moved the tag \u{3}05v1.0.0\u{f} at \u{3}1482b3d5ae\u{f}");
        assert_snapshot!(read(&TAG.replace("82b3d5ae55f7080f1e6022629cdb57bfae7cccc7", "0").replace(ZEROS, "95790bf891e7"), false), @"[Example] John Smith has deleted the tag v1.0.0");
    }

    #[test]
    fn an_annotated_tag_shows_its_first_line() {
        let body = TAG.replace("\"checkout_sha\"", "\"message\":\"Release\\nof the year\",\"checkout_sha\"");
        assert!(read(&body, false).ends_with(": Release"), "{}", read(&body, false));
    }

    #[test]
    fn a_payload_cannot_speak_irc() {
        let body = SEED
            .replace("fixed readme", "a\\rQUIT :pwned\\u0000")
            .replace("GitLab dev user", "\\u0001ACTION\\u0001 \\u202emallory")
            .replace("refs/heads/master", "refs/heads/ma\\r\\nster");
        let read = read(&body, false);
        assert!(!read.contains('\\'), "{read}");
        assert_eq!(read.lines().count(), 3);
    }

    #[test]
    fn pushes_of_other_forges_read_the_same() {
        assert_snapshot!(read_of(Forge::GitHub, &[("x-github-event", "push")], GITHUB, false), @"
        [sample_app] binkkatal pushed 1 new commit to master: https://github.com/binkkatal/sample_app/compare/737d38c599c1...fd489864e764
        sample_app/master fd489864 binkkatal (2 files): test a push event
        ");
        assert_snapshot!(read_of(Forge::Gogs, &[("x-gogs-event", "push")], GOGS, false), @"
        [webhooks] Unknwon pushed 1 new commit to develop: http://localhost:3000/unknwon/webhooks/compare/28e1879d...bffeb742
        webhooks/develop bffeb742 Unknwon: Add new feature
        ");
        assert_snapshot!(read_of(Forge::BitbucketCloud, &[("x-event-key", "repo:push")], BITBUCKET, false), @"
        [repo_name] Emma pushed 1 new commit to name-of-branch: https://bitbucket.org/user_name/repo_name/branches/compare/c4b2b7914156a878aa7c9da452a09fb50c2091f2..b99ea6dad8f416e57c5ca78c1ccef590600d841b
        repo_name/name-of-branch 03f4a727 Emma: commit message
        ");
    }

    #[test]
    fn a_forge_that_counts_badly_is_quoted_as_it_counts() {
        let cut = BITBUCKET.replace("\"truncated\":false", "\"truncated\":true");
        let read = read_of(Forge::BitbucketCloud, &[("x-event-key", "repo:push")], &cut, false);
        assert!(read.starts_with("[repo_name] Emma pushed 1+ new commits to name-of-branch: "), "{read}");
        let body = r#"{"repository":{"slug":"r"},"actor":{"displayName":"Ann"},
            "changes":[{"ref":{"id":"refs/heads/main"},"fromHash":"1","toHash":"3"}]}"#;
        let key = [("x-event-key", "repo:refs_changed")];
        assert_eq!(read_of(Forge::BitbucketServer, &key, body, false), "[r] Ann pushed to main");
    }
}
