//! What a template knows of an event: one flat object, the same for all kinds. What an event does not tell is `none`,
//! which prints as nothing and counts as false.
//!
//! Not here: what may be done with it (`language`), raw texts: all are clean, and no longer than a line can be.

use std::collections::BTreeMap;

use minijinja::value::Value;
use payload::{
    Comment, Commit, Deployment, Emoji, Event, Fact, Item, Member, MergeRequest, Push, RefChange, Reference,
    Release, Run, Sha, Subject, TagPush, Topic,
};

use crate::irker::clean::{clean, clean_url};
use crate::irker::compact::{change, known_commits};
use crate::irker::excerpt::excerpt;
use crate::irker::line::prefix;
use crate::irker::parts::{Noun, name, shortened, spaced};
use crate::irker::runs::duration;

/// The most bytes of one text: more fits no line.
const TEXT_BYTES_MAX: usize = 400;

/// Every field, with what it holds.
pub(super) const FIELDS: [&str; 44] = [
    // Of every event: its kind and forge, who did it (a name for people, else the account; never empty), the account,
    // whether that is a machine's, the repository's name, path and page.
    "kind",
    "forge",
    "actor",
    "login",
    "bot",
    "project",
    "path",
    "project_url",
    "confidential",
    // What was done, in one word, and where the thing stands after it: `opened`, `failed`.
    "action",
    "state",
    // The thing: what people call its kind here (`merge request`, `pull request`), its number, the number with its sign,
    // its title, its name where it has one beside the title, its page, what was said about it.
    "noun",
    "number",
    "reference",
    "title",
    "name",
    "url",
    "text",
    // Refs: the branch or the tag, whichever it is; each of them; those of a merge request; the default one.
    "ref",
    "branch",
    "tag",
    "source_branch",
    "target_branch",
    "default_branch",
    // Commits: the newest commit's short id; a push's ids before and after, how many commits it has (`5+` where the forge
    // stops counting), how many of them are not in `commits`, and those, the newest first.
    "commit",
    "before",
    "after",
    "created",
    "deleted",
    "forced",
    "count",
    "more",
    "commits",
    // Pipelines, jobs, deployments: how long it took, for people and in seconds; what started it; where to.
    "duration",
    "duration_s",
    "source",
    "environment",
    // Merge requests, releases.
    "draft",
    "prerelease",
    // Comments and reactions: what they are about (in `noun`, too), and the emoji's name.
    "topic",
    "emoji",
    // Memberships: whose, where, as what.
    "member",
    "group",
    "role",
];

/// The fields of each of the `commits`: its id, shortened id, title, author, page and how many files it touches.
pub(super) const COMMIT_FIELDS: [&str; 6] = ["id", "short_id", "title", "author", "url", "files"];

/// What a template knows of an event, with the newest `commits_max` commits.
pub(super) fn of(event: &Event, commits_max: usize) -> Value {
    let mut context = Context::of(event);
    match &event.fact {
        Fact::Push(push) => context.push(push, commits_max),
        Fact::Tag(push) => context.tag(push),
        Fact::MergeRequest(request) => context.merge_request(event, request),
        Fact::Issue(item) => context.item(item, Noun::ISSUE),
        Fact::Comment(comment) => context.comment(event, comment),
        Fact::Pipeline(run) => context.run(run, "pipeline"),
        Fact::Job(run) => context.run(run, "job"),
        Fact::Deployment(deployment) => context.deployment(deployment),
        Fact::Release(release) => context.release(release),
        Fact::WikiPage(item) => context.item(item, Noun::WIKI_PAGE),
        Fact::Milestone(item) => context.item(item, Noun::MILESTONE),
        Fact::Emoji(emoji) => context.emoji(event, emoji),
        Fact::FeatureFlag(item) => context.item(item, Noun::FEATURE_FLAG),
        Fact::Member(member) => context.member(member),
        Fact::Other(other) => {
            context.item(&other.item, Noun { word: "", sign: '#' });
            context.text("noun", Some(&spaced(&other.kind)));
        }
    }
    context.into()
}

/// What a template knows of an event that tells nothing.
pub(super) fn silent(kind: &str) -> Value {
    let mut context = Context::empty();
    context.text("kind", Some(kind));
    context.text("actor", Some("(somebody)"));
    context.into()
}

struct Context(BTreeMap<&'static str, Value>);

impl From<Context> for Value {
    fn from(context: Context) -> Self {
        Self::from_pairs(context.0)
    }
}

impl Context {
    fn empty() -> Self {
        let mut fields: BTreeMap<_, _> = FIELDS.into_iter().map(|field| (field, Value::from(()))).collect();
        fields.insert("commits", Value::from(Vec::<Value>::new()));
        Self(fields)
    }

    fn of(event: &Event) -> Self {
        let mut context = Self::empty();
        context.text("kind", Some(event.fact.kind()));
        context.text("forge", Some(&event.forge.to_string()));
        context.text("actor", Some(name(&event.actor).unwrap_or("(somebody)")));
        context.text("login", event.actor.login.as_deref());
        context.flag("bot", Some(event.actor.bot));
        context.flag("confidential", Some(event.confidential));
        if let Some(repository) = &event.repository {
            context.text("project", Some(&repository.name));
            context.text("path", repository.path.as_deref());
            context.url("project_url", repository.url.as_deref());
            context.text("default_branch", repository.default_branch.as_deref());
        }
        context
    }

    fn set(&mut self, field: &'static str, value: Value) {
        debug_assert!(FIELDS.contains(&field), "{field} is no field");
        self.0.insert(field, value);
    }

    fn text(&mut self, field: &'static str, text: Option<&str>) {
        self.set(field, clean_text(text));
    }

    fn url(&mut self, field: &'static str, url: Option<&str>) {
        self.set(field, url.map(clean_url).into());
    }

    fn number(&mut self, field: &'static str, number: Option<u64>) {
        self.set(field, number.into());
    }

    fn flag(&mut self, field: &'static str, flag: Option<bool>) {
        self.set(field, flag.into());
    }

    fn push(&mut self, push: &Push, commits_max: usize) {
        self.change(&push.change);
        self.reference(Some(&Reference::Branch(push.branch.clone())));
        self.flag("forced", push.forced);
        let newest = push.commits.last();
        self.text("title", newest.map(|commit| shortened(&commit.title)).as_deref());
        let page = push.compare_url.as_ref().or(newest.and_then(|commit| commit.url.as_ref()));
        self.url("url", page.map(String::as_str));
        let known = known_commits(push);
        let plus = if push.is_truncated { "+" } else { "" };
        self.text("count", Some(&format!("{known}{plus}")));
        let shown: Vec<_> = push.commits.iter().rev().take(commits_max).map(commit).collect();
        self.number("more", known.checked_sub(shown.len() as u64).filter(|more| *more > 0));
        self.set("commits", shown.into());
    }

    fn tag(&mut self, push: &TagPush) {
        self.change(&push.change);
        self.reference(Some(&Reference::Tag(push.tag.clone())));
        self.text("title", push.annotation.as_deref().and_then(|text| text.trim().lines().next()));
    }

    fn change(&mut self, ref_change: &RefChange) {
        let (action, before, after) = change(ref_change);
        self.text("action", Some(action));
        self.text("before", before.map(Sha::short));
        self.text("after", after.map(Sha::short));
        self.commit(after);
        self.flag("created", Some(matches!(ref_change, RefChange::Created { .. })));
        self.flag("deleted", Some(matches!(ref_change, RefChange::Deleted { .. })));
    }

    fn reference(&mut self, reference: Option<&Reference>) {
        let (field, text) = match reference {
            Some(Reference::Branch(branch)) => ("branch", branch),
            Some(Reference::Tag(tag)) => ("tag", tag),
            None => return,
        };
        self.text(field, Some(text));
        self.text("ref", Some(text));
    }

    fn commit(&mut self, commit: Option<&Sha>) {
        self.text("commit", commit.map(Sha::short));
    }

    fn item(&mut self, item: &Item, noun: Noun) {
        self.text("noun", Some(noun.word));
        self.text("action", item.action.as_ref().map(|action| spaced(action.as_str())).as_deref());
        self.text("state", item.state.as_ref().map(|state| spaced(state.as_str())).as_deref());
        self.numbered(item.number, noun.sign);
        self.text("title", item.title.as_deref().map(shortened).as_deref());
        self.url("url", item.url.as_deref());
    }

    fn numbered(&mut self, number: Option<u64>, sign: char) {
        self.number("number", number);
        self.text("reference", number.map(|number| format!("{sign}{number}")).as_deref());
    }

    fn merge_request(&mut self, event: &Event, request: &MergeRequest) {
        self.item(&request.item, Noun::merge_request(event.forge));
        self.text("source_branch", request.source_branch.as_deref());
        self.text("target_branch", request.target_branch.as_deref());
        self.flag("draft", request.is_draft);
    }

    fn subject(&mut self, event: &Event, subject: &Subject) {
        let (topic, noun) = match &subject.topic {
            Topic::Commit => ("commit", Noun { word: "commit", sign: '#' }),
            Topic::MergeRequest => ("merge_request", Noun::merge_request(event.forge)),
            Topic::Issue => ("issue", Noun::ISSUE),
            Topic::Snippet => ("snippet", Noun::SNIPPET),
            Topic::Other(own) => (own.as_str(), Noun { word: "", sign: '#' }),
        };
        self.text("topic", Some(topic));
        let noun_word = if noun.word.is_empty() { spaced(topic) } else { noun.word.to_owned() };
        self.text("noun", Some(&noun_word));
        self.numbered(subject.number, noun.sign);
        self.text("title", subject.title.as_deref().map(shortened).as_deref());
        self.commit(subject.commit.as_ref());
    }

    fn comment(&mut self, event: &Event, comment: &Comment) {
        self.subject(event, &comment.subject);
        self.text("action", Some(&spaced(comment.action.as_str())));
        self.text("text", Some(&excerpt(&comment.text)));
        self.url("url", comment.url.as_deref());
    }

    fn emoji(&mut self, event: &Event, emoji: &Emoji) {
        self.subject(event, &emoji.subject);
        self.text("action", Some(&spaced(emoji.action.as_str())));
        self.text("emoji", Some(&emoji.name));
        self.url("url", emoji.url.as_deref());
    }

    fn run(&mut self, run: &Run, noun: &str) {
        self.text("noun", Some(noun));
        self.text("action", run.action.as_ref().map(|action| spaced(action.as_str())).as_deref());
        self.text("state", Some(&spaced(run.status.as_str())));
        self.numbered(run.number, '#');
        self.text("name", run.name.as_deref());
        self.url("url", run.url.as_deref());
        self.reference(run.reference.as_ref());
        self.commit(run.commit.as_ref());
        self.text("source", run.source.as_deref());
        self.number("duration_s", run.duration_s);
        self.text("duration", run.duration_s.map(duration).as_deref());
    }

    fn deployment(&mut self, deployment: &Deployment) {
        self.text("noun", Some("deployment"));
        self.text("action", deployment.action.as_ref().map(|action| spaced(action.as_str())).as_deref());
        self.text("state", Some(&spaced(deployment.status.as_str())));
        self.numbered(deployment.number, '#');
        self.text("environment", deployment.environment.as_deref());
        self.url("url", deployment.url.as_deref());
        self.reference(deployment.reference.as_ref());
        self.commit(deployment.commit.as_ref());
    }

    fn release(&mut self, release: &Release) {
        self.item(&release.item, Noun { word: "release", sign: '#' });
        self.reference(release.tag.clone().map(Reference::Tag).as_ref());
        self.flag("prerelease", release.is_prerelease);
    }

    fn member(&mut self, member: &Member) {
        self.text("noun", Some("member"));
        self.text("action", Some(&spaced(member.action.as_str())));
        self.text("member", Some(name(&member.account).unwrap_or("(somebody)")));
        self.text("group", member.group.as_deref());
        self.text("role", member.role.as_deref());
        self.url("url", member.url.as_deref());
    }
}

fn clean_text(text: Option<&str>) -> Value {
    text.map(|text| prefix(&clean(text), TEXT_BYTES_MAX).to_owned()).into()
}

fn commit(commit: &Commit) -> Value {
    let files = commit.files.map(|files| files as u64);
    let values: [Value; COMMIT_FIELDS.len()] = [
        clean_text(Some(commit.id.full())),
        clean_text(Some(commit.id.short())),
        clean_text(Some(&shortened(&commit.title))),
        clean_text(Some(&commit.author)),
        commit.url.as_deref().map(clean_url).into(),
        files.into(),
    ];
    Value::from_pairs(COMMIT_FIELDS.into_iter().zip(values))
}
