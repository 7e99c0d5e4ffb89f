//! Issues in chat, in the shapes of GitLab's presenters (`lib/gitlab/slash_commands/presenters/issue_*.rb`).
//!
//! Different from GitLab on purpose: what is done to a confidential issue is shown to the caller alone, whatever it is.
//!
//! Not here: asking GitLab for them (`app`).

use config::commands::Platform;
use serde_json::{Value, json};

use super::{ephemeral, payload};
use crate::limits::ISSUES_FOUND_MAX;
use crate::{Text, texts};

const OPEN_COLOUR: &str = "#38ae67";
const CLOSED_COLOUR: &str = "#d22852";

/// An issue, as GitLab's API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue<'a> {
    /// Its number in its project.
    pub number: u64,
    /// One line.
    pub title: &'a str,
    /// Its page.
    pub url: &'a str,
    /// The name of its project, for people.
    pub project: &'a str,
    /// The project's page.
    pub project_url: &'a str,
    /// Who wrote it, for people.
    pub author: &'a str,
    /// The author's picture.
    pub author_icon: Option<&'a str>,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether not everybody may know of it.
    pub is_confidential: bool,
    /// The first of those who see to it, for people.
    pub assignee: Option<&'a str>,
    /// Its milestone's title.
    pub milestone: Option<&'a str>,
    /// Its labels' names.
    pub labels: &'a [&'a str],
}

/// Somebody at GitLab; or in chat, where nobody knows who that is at GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The login, without `@`.
    pub login: &'a str,
    /// The profile's page at GitLab.
    pub url: Option<&'a str>,
}

/// What was done with an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed<'a> {
    /// It was opened.
    Created,
    /// It was closed.
    Closed,
    /// It was commented on, with this text.
    Commented(&'a str),
    /// It came from another project, where it was this.
    MovedFrom {
        /// Its number there.
        number: u64,
        /// Its page there.
        url: &'a str,
    },
}

/// The answer to `issue show`.
pub fn shown(platform: Platform, issue: &Issue<'_>) -> Value {
    let number = issue.number;
    let pretext = Text::of(&format!("Issue *#{number}* from ")).foreign(issue.project);
    let mut attachment = attachment(platform, issue, &format!("Issue #{number}"), &pretext);
    attachment["text"] = format!("*{}*", state(issue)).into();
    answer(platform, issue, &attachment)
}

/// The answer to `issue new`, `close`, `comment` (as in GitLab, for the caller alone) and `move`.
pub fn done(platform: Platform, issue: &Issue<'_>, by: Member<'_>, deed: Deed<'_>) -> Value {
    let number = issue.number;
    let on_behalf = |what: &str| {
        Text::of(&format!("I {what} on "))
            .link(&format!("@{}", by.login), by.url)
            .words(&format!("'s behalf: *#{number}* in "))
            .link(issue.project, Some(issue.project_url))
    };
    let (fallback, pretext) = match deed {
        Deed::Created => (format!("New issue #{number}"), on_behalf("created an issue")),
        Deed::Closed => (format!("Closed issue #{number}"), on_behalf("closed an issue")),
        Deed::Commented(_) => (format!("New comment on #{number}"), on_behalf("commented on an issue")),
        Deed::MovedFrom { number: old, url } => {
            let pretext = Text::of("Moved issue *").link(&format!("#{old}"), Some(url)).words("* to *");
            let pretext = pretext.link(&format!("#{number}"), Some(issue.url)).words("*");
            (format!("Issue #{number}"), pretext)
        }
    };
    let mut attachment = attachment(platform, issue, &fallback, &pretext);
    let Deed::Commented(comment) = deed else { return answer(platform, issue, &attachment) };
    let lines = comment.lines().map(|line| Text::default().foreign(line).render(platform));
    let comment = lines.collect::<Vec<_>>().join("\n");
    attachment["fields"] = json!([{"title": "Comment", "value": comment}]);
    attachment["color"] = OPEN_COLOUR.into();
    payload(platform, json!({"response_type": "ephemeral", "attachments": [attachment]}))
}

/// The answer to `issue search`: five at the most.
pub fn found(platform: Platform, issues: &[Issue<'_>]) -> Value {
    if issues.is_empty() {
        return ephemeral(platform, &texts::not_found());
    }
    let shown = issues.iter().take(ISSUES_FOUND_MAX).map(|issue| {
        let title = Text::default().link(&format!("#{}", issue.number), Some(issue.url)).words(" · ");
        let title = title.foreign(issue.title).words(&format!(" ({})", state(issue)));
        json!({
            "color": colour(issue),
            "fallback": Text::of(&format!("#{} ", issue.number)).foreign(issue.title).render(platform),
            "text": title.render(platform),
            "mrkdwn_in": ["text"],
        })
    });
    let mut answer = ephemeral(platform, &texts::issues_found(issues.len()));
    answer["attachments"] = shown.collect();
    answer
}

fn answer(platform: Platform, issue: &Issue<'_>, attachment: &Value) -> Value {
    let audience = if issue.is_confidential { "ephemeral" } else { "in_channel" };
    payload(platform, json!({"response_type": audience, "attachments": [attachment]}))
}

fn attachment(platform: Platform, issue: &Issue<'_>, fallback: &str, pretext: &Text) -> Value {
    let render = |text: &str| Text::default().foreign(text).render(platform);
    let field = |title: &str, value: Option<&str>| {
        let value = value.map_or("_None_".to_owned(), render);
        json!({"title": title, "value": value, "short": true})
    };
    let labels = issue.labels.join(", ");
    json!({
        "title": Text::default().foreign(issue.title).words(&format!(" · #{}", issue.number)).render(platform),
        "title_link": issue.url,
        "author_name": render(issue.author),
        "author_icon": issue.author_icon,
        "fallback": Text::of(&format!("{fallback}: ")).foreign(issue.title).render(platform),
        "pretext": pretext.render(platform),
        "color": colour(issue),
        "fields": [
            field("Assignee", issue.assignee),
            field("Milestone", issue.milestone),
            field("Labels", Some(labels.as_str()).filter(|labels| !labels.is_empty())),
        ],
        "mrkdwn_in": ["title", "pretext", "text", "fields"],
    })
}

fn state(issue: &Issue<'_>) -> &'static str {
    if issue.is_open { "Open" } else { "Closed" }
}

fn colour(issue: &Issue<'_>) -> &'static str {
    if issue.is_open { OPEN_COLOUR } else { CLOSED_COLOUR }
}

#[cfg(test)]
mod tests {
    use insta::{assert_json_snapshot, assert_snapshot};

    use super::*;

    fn issue(is_open: bool) -> Issue<'static> {
        Issue {
            number: 12,
            title: "It <broke>",
            url: "https://gitlab.example.net/mike/diaspora/-/issues/12",
            project: "Mike / Diaspora",
            project_url: "https://gitlab.example.net/mike/diaspora",
            author: "Mike",
            author_icon: None,
            is_open,
            is_confidential: false,
            assignee: Some("Ann"),
            milestone: None,
            labels: &["bug", "ui"],
        }
    }

    #[test]
    fn issues_are_shown_in_gitlabs_shapes() {
        assert_json_snapshot!(shown(Platform::Slack, &issue(true)), @r##"
        {
          "attachments": [
            {
              "author_icon": null,
              "author_name": "Mike",
              "color": "#38ae67",
              "fallback": "Issue #12: It &lt;broke&gt;",
              "fields": [
                {
                  "short": true,
                  "title": "Assignee",
                  "value": "Ann"
                },
                {
                  "short": true,
                  "title": "Milestone",
                  "value": "_None_"
                },
                {
                  "short": true,
                  "title": "Labels",
                  "value": "bug, ui"
                }
              ],
              "mrkdwn_in": [
                "title",
                "pretext",
                "text",
                "fields"
              ],
              "pretext": "Issue *#12* from Mike / Diaspora",
              "text": "*Open*",
              "title": "It &lt;broke&gt; · #12",
              "title_link": "https://gitlab.example.net/mike/diaspora/-/issues/12"
            }
          ],
          "response_type": "in_channel",
          "unfurl_links": false,
          "unfurl_media": false
        }
        "##);
    }

    #[test]
    fn what_was_done_with_an_issue_is_told_in_gitlabs_words() {
        let mike = Member { login: "mike", url: Some("https://gitlab.example.net/mike") };
        let done = |deed| {
            let shown = super::done(Platform::Slack, &issue(false), mike, deed);
            let attachment = &shown["attachments"][0];
            format!("{}\n{}\n{}", shown["response_type"], attachment["pretext"], attachment["fallback"])
        };
        assert_snapshot!(done(Deed::Created), @r#"
        "in_channel"
        "I created an issue on <https://gitlab.example.net/mike|@mike>'s behalf: *#12* in <https://gitlab.example.net/mike/diaspora|Mike / Diaspora>"
        "New issue #12: It &lt;broke&gt;"
        "#);
        assert_snapshot!(done(Deed::Closed), @r#"
        "in_channel"
        "I closed an issue on <https://gitlab.example.net/mike|@mike>'s behalf: *#12* in <https://gitlab.example.net/mike/diaspora|Mike / Diaspora>"
        "Closed issue #12: It &lt;broke&gt;"
        "#);
        assert_snapshot!(done(Deed::Commented("fine")), @r#"
        "ephemeral"
        "I commented on an issue on <https://gitlab.example.net/mike|@mike>'s behalf: *#12* in <https://gitlab.example.net/mike/diaspora|Mike / Diaspora>"
        "New comment on #12: It &lt;broke&gt;"
        "#);
        assert_snapshot!(done(Deed::MovedFrom { number: 3, url: "https://h/3" }), @r#"
        "in_channel"
        "Moved issue *<https://h/3|#3>* to *<https://gitlab.example.net/mike/diaspora/-/issues/12|#12>*"
        "Issue #12: It &lt;broke&gt;"
        "#);
        let comment = super::done(Platform::Mattermost, &issue(true), mike, Deed::Commented("@all:\n- one"));
        let fields = &comment["attachments"][0]["fields"];
        assert_eq!(*fields, json!([{"title": "Comment", "value": "@\u{200b}all:\n\\- one"}]));
    }

    #[test]
    fn a_confidential_issue_is_for_the_caller_alone() {
        let secret = Issue { is_confidential: true, ..issue(true) };
        let mike = Member { login: "mike", url: Some("https://gitlab.example.net/mike") };
        assert_eq!(shown(Platform::Slack, &secret)["response_type"], "ephemeral");
        for deed in [Deed::Created, Deed::Closed, Deed::MovedFrom { number: 3, url: "https://h/3" }] {
            assert_eq!(super::done(Platform::Slack, &secret, mike, deed)["response_type"], "ephemeral");
        }
    }

    #[test]
    fn issues_that_were_found_are_listed() {
        assert_json_snapshot!(found(Platform::Mattermost, &[issue(true), issue(false)]), @r##"
        {
          "attachments": [
            {
              "color": "#38ae67",
              "fallback": "#12 It \\<broke\\>",
              "mrkdwn_in": [
                "text"
              ],
              "text": "[#12](https://gitlab.example.net/mike/diaspora/-/issues/12) · It \\<broke\\> (Open)"
            },
            {
              "color": "#d22852",
              "fallback": "#12 It \\<broke\\>",
              "mrkdwn_in": [
                "text"
              ],
              "text": "[#12](https://gitlab.example.net/mike/diaspora/-/issues/12) · It \\<broke\\> (Closed)"
            }
          ],
          "props": {
            "disable_mentions": true
          },
          "response_type": "ephemeral",
          "skip_slack_parsing": true,
          "text": "Here are the 2 issues I found:"
        }
        "##);
        assert_eq!(found(Platform::Slack, &[])["text"], texts::not_found().render(Platform::Slack));
    }
}
