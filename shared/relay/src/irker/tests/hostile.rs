//! Every text that comes from outside, in every field of every kind, as bad as it can be.

use config::{LineSettings, LineStyle, Recipient, TEMPLATE_KINDS};
use payload::{
    Action, Actor, Comment, Commit, Deployment, Emoji, Event, Fact, Forge, Item, Member, MergeRequest, Other,
    Push, RefChange, Reference, Release, Repository, Run, Sha, State, Status, Subject, TagPush, Topic,
};
use proptest::prelude::*;

use super::super::requests;
use super::{lines, samples};
use crate::limits::LINE_BYTES_MAX;

const PAGE: &str = "https://git.example.com/some/page?of=it#all";

/// What stands in the fields: one text everywhere, and the addresses.
struct Bad<'a> {
    text: &'a str,
    url: &'a str,
}

impl Bad<'_> {
    fn text(&self) -> String {
        self.text.to_owned()
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands in a field that may be empty")]
    fn some(&self) -> Option<String> {
        Some(self.text())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands in a field that may be empty")]
    fn url(&self) -> Option<String> {
        Some(self.url.to_owned())
    }

    fn sha(&self) -> Sha {
        Sha::new(self.text()).unwrap_or_else(|| Sha::new("1".to_owned()).unwrap())
    }

    fn actor(&self) -> Actor {
        Actor { login: self.some(), name: self.some(), bot: false }
    }

    fn item(&self) -> Item {
        Item {
            action: Some(Action::Other(self.text())),
            number: Some(u64::MAX),
            title: self.some(),
            url: self.url(),
            state: Some(State::Other(self.text())),
        }
    }

    fn subject(&self, topic: Topic) -> Subject {
        Subject { topic, number: Some(u64::MAX), title: self.some(), commit: Some(self.sha()) }
    }

    fn comment(&self, topic: Topic) -> Fact {
        let (action, subject) = (Action::Other(self.text()), self.subject(topic));
        Fact::Comment(Comment { action, subject, url: self.url(), text: self.text(), is_system: false })
    }

    fn push(&self, change: RefChange, commits: usize) -> Fact {
        let commit = Commit {
            id: self.sha(),
            title: self.text(),
            author: self.text(),
            url: self.url(),
            files: Some(usize::MAX),
        };
        Fact::Push(Push {
            branch: self.text(),
            change,
            compare_url: self.url(),
            commits: vec![commit; commits],
            commit_count: Some(commits as u64),
            is_truncated: false,
            forced: None,
        })
    }

    fn tag(&self, change: RefChange) -> Fact {
        Fact::Tag(TagPush { tag: self.text(), change, annotation: self.some(), compare_url: self.some() })
    }

    fn run(&self, reference: Reference) -> Run {
        Run {
            action: Some(Action::Other(self.text())),
            number: Some(u64::MAX),
            name: self.some(),
            url: self.url(),
            status: Status::Other(self.text()),
            reference: Some(reference),
            commit: Some(self.sha()),
            source: self.some(),
            duration_s: Some(u64::MAX),
        }
    }

    fn member(&self, action: Action) -> Fact {
        let (account, group, role) = (self.actor(), self.some(), self.some());
        Fact::Member(Member { action, account, group, role, url: self.url() })
    }

    /// Facts that end with an address.
    fn linked(&self) -> Vec<Fact> {
        let branch = || Reference::Branch(self.text());
        let tag = || Reference::Tag(self.text());
        let (source_branch, target_branch) = (self.some(), self.some());
        let deployment = Deployment {
            action: Some(Action::Other(self.text())),
            number: Some(u64::MAX),
            environment: self.some(),
            status: Status::Other(self.text()),
            url: self.url(),
            reference: Some(tag()),
            commit: Some(self.sha()),
        };
        let emoji = Emoji {
            action: Action::Awarded,
            name: self.text(),
            subject: self.subject(Topic::Other(self.text())),
            url: self.url(),
        };
        vec![
            Fact::MergeRequest(MergeRequest {
                item: Item { action: Some(Action::Opened), ..self.item() },
                source_branch,
                target_branch,
                is_draft: Some(true),
            }),
            Fact::MergeRequest(MergeRequest { item: self.item(), ..MergeRequest::default() }),
            Fact::Issue(self.item()),
            Fact::Issue(Item { action: None, ..self.item() }),
            self.comment(Topic::Other(self.text())),
            self.comment(Topic::Commit),
            self.comment(Topic::Issue),
            Fact::Pipeline(self.run(branch())),
            Fact::Job(self.run(tag())),
            Fact::Deployment(deployment),
            Fact::Release(Release { item: self.item(), tag: self.some(), is_prerelease: Some(true) }),
            Fact::WikiPage(self.item()),
            Fact::Milestone(self.item()),
            Fact::Emoji(emoji),
            Fact::FeatureFlag(self.item()),
            Fact::FeatureFlag(Item { state: Some(State::Other("active".to_owned())), ..self.item() }),
            self.member(Action::Added),
            self.member(Action::Other(self.text())),
            Fact::Other(Other { kind: self.text(), item: self.item() }),
        ]
    }

    fn facts(&self) -> Vec<Fact> {
        let changes = [
            RefChange::Created { after: self.sha() },
            RefChange::Deleted { before: Some(self.sha()) },
            RefChange::Updated { before: self.sha(), after: self.sha() },
        ];
        let refs = changes.into_iter().flat_map(|change| {
            [0, 1, 2, 5]
                .map(|commits| self.push(change.clone(), commits))
                .into_iter()
                .chain([self.tag(change.clone())])
        });
        refs.chain(self.linked()).collect()
    }

    fn event(&self, fact: Fact) -> Event {
        Event {
            forge: Forge::GitLab,
            actor: self.actor(),
            repository: Some(Repository {
                name: self.text(),
                path: self.some(),
                url: self.url(),
                default_branch: self.some(),
                private: None,
            }),
            confidential: true,
            fact,
        }
    }
}

/// Plain text, a template that prints what it can, and both styles in colour.
fn all_settings() -> [LineSettings; 4] {
    let all = "{{ actor|red }}{{ title|short(30) }}{{ text }}{{ name }} {{ branch|brown }} {{ commit }}\n{{ path }} {{ url|url }}";
    let templates = TEMPLATE_KINDS.map(|kind| (kind.to_owned(), all.to_owned())).into();
    let in_style =
        |style, colorize_messages| LineSettings { style, colorize_messages, ..LineSettings::default() };
    [
        in_style(LineStyle::Compact, false),
        in_style(LineStyle::Compact, true),
        in_style(LineStyle::GitLab, true),
        LineSettings { templates, ..in_style(LineStyle::Compact, true) },
    ]
}

fn is_harmful(c: char) -> bool {
    let is_format = matches!(c, '\u{2}' | '\u{3}' | '\u{f}' | '\u{1f}');
    (c.is_control() && !is_format)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{fdd0}'..='\u{fdef}')
}

/// A coloured line without its codes.
fn stripped(line: &str) -> String {
    let mut rest = line;
    let mut text = String::new();
    while let Some(at) = rest.find(['\u{2}', '\u{3}', '\u{f}', '\u{1f}']) {
        text.push_str(&rest[..at]);
        let digits = if rest[at..].starts_with('\u{3}') { 2 } else { 0 };
        rest = &rest[at + 1 + digits..];
    }
    text + rest
}

/// What is handed to irkerd for one event: each request one object on one line, for the recipient alone, within the
/// bytes that IRC leaves, without a character that does anything.
fn check(event: &Event, settings: &LineSettings) {
    let recipient = Recipient::parse("irc://h/chan?key=k", None).unwrap();
    let lines = lines(event, settings);
    for line in &lines {
        let (coloured, plain) = (line.clone().coloured(true), line.clone().coloured(false));
        assert_eq!(
            stripped(&coloured.render(usize::MAX)),
            plain.render(usize::MAX),
            "a text forged a colour"
        );
    }
    for request in requests(&lines, &[recipient]) {
        let told = request.text;
        assert_eq!(told.find('\n'), Some(told.len() - 1), "{told:?}");
        let object: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(object["to"], "irc://h:6667/chan?key=k");
        let text = object["privmsg"].as_str().unwrap();
        assert!(text.len() <= LINE_BYTES_MAX - "#chan".len(), "{} bytes: {text:?}", text.len());
        assert!(!text.contains(is_harmful), "{text:?}");
        assert!(settings.colorize_messages || !text.contains(char::is_control), "{text:?}");
    }
}

/// Text with all that is known to do harm on IRC.
fn bad_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\r",
            "\n",
            "\r\nQUIT :pwned",
            "\0",
            "\u{1}ACTION\u{1}",
            "\u{1b}[1m",
            "\u{3}04,05",
            "\u{2}",
            "\u{f}",
            "\u{1f}",
            ",4",
            "\u{202e}",
            "\u{2028}",
            "\u{85}",
            "\u{9b}",
            "\u{200b}",
            "\u{fdd0}",
            "\u{fdef}",
            "\u{ffff}",
            "\u{e0041}",
            "{{ actor }}",
            "%(bold)s",
            "![",
            "](http://h)",
            "<!--",
            "> ",
            "```\n",
            " ",
            "#c,#d",
            "👨‍👩‍👧‍👦",
            "é",
            "word ",
            "https://h/",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        prop::sample::select(vec!["é", "👩🏽‍💻", "\u{301}", "x", "\u{200d}"]).prop_map(|piece| piece.repeat(300)),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Each case is a hundred events.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_text_in_any_field_of_any_kind_does_harm(text in bad_text(), url in bad_text()) {
        let bad = Bad { text: &text, url: &url };
        for fact in bad.facts() {
            let event = bad.event(fact);
            for settings in all_settings() {
                check(&event, &settings);
            }
        }
    }

    #[test]
    fn an_address_outlives_any_text_before_it(text in bad_text()) {
        let bad = Bad { text: &text, url: PAGE };
        for fact in bad.linked() {
            for line in lines(&bad.event(fact), &LineSettings::default()) {
                let rendered = line.render(LINE_BYTES_MAX);
                prop_assert!(rendered.ends_with(&format!(" - {PAGE}")), "{rendered:?}");
            }
        }
    }
}

#[test]
fn a_kind_that_takes_anothers_name_does_not_take_its_template() {
    let mut event = samples::of_kind("other").unwrap();
    let Fact::Other(other) = &mut event.fact else { panic!() };
    other.kind = "push".to_owned();
    let templates = [("push".to_owned(), "a push".to_owned()), ("other".to_owned(), "another".to_owned())];
    let settings = LineSettings { templates: templates.into(), ..LineSettings::default() };
    let told: Vec<_> = lines(&event, &settings).iter().map(|line| line.render(LINE_BYTES_MAX)).collect();
    assert_eq!(told, ["another"]);
}
