//! An event as the tests of the forges' modules show it: one line for each fact that is there, nothing for what is
//! absent.
//!
//! Not here: what people are shown (`relay`).

use crate::{
    Actor, Commit, Event, Fact, Item, Member, MergeRequest, Other, Parsed, Push, RefChange, Reference,
    Release, Repository, Run, Sha, Subject, TagPush,
};

/// What a payload turned out to be.
pub(crate) fn show(parsed: &Parsed) -> String {
    match parsed {
        Parsed::Events(events) => events.iter().map(event).collect::<Vec<_>>().join("\n"),
        Parsed::Ignored { reason } => format!("ignored: {reason}\n"),
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    #[expect(clippy::needless_pass_by_value, reason = "callers hold numbers, texts and references alike")]
    fn line(&mut self, name: &str, value: impl ToString) {
        for part in [name, ": ", &value.to_string().escape_debug().to_string(), "\n"] {
            self.0.push_str(part);
        }
    }

    fn maybe(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.line(name, value);
        }
    }

    fn item(&mut self, item: &Item) {
        self.maybe("action", item.action.as_ref());
        self.maybe("number", item.number);
        self.maybe("title", item.title.as_ref());
        self.maybe("url", item.url.as_ref());
        self.maybe("state", item.state.as_ref());
    }

    fn reference(&mut self, reference: Option<&Reference>) {
        match reference {
            Some(Reference::Branch(branch)) => self.line("branch", branch),
            Some(Reference::Tag(tag)) => self.line("tag", tag),
            None => {}
        }
    }

    fn change(&mut self, change: &RefChange) {
        match change {
            RefChange::Created { after } => self.line("created", after.full()),
            RefChange::Deleted { before } => {
                self.line("deleted", before.as_ref().map_or("at an unknown commit", Sha::full));
            }
            RefChange::Updated { before, after } => {
                self.line("updated", format!("{}..{}", before.full(), after.full()));
            }
        }
    }

    fn push(&mut self, push: &Push) {
        self.line("branch", &push.branch);
        self.change(&push.change);
        self.maybe("forced", push.forced);
        self.maybe("compare", push.compare_url.as_ref());
        self.maybe("count", push.commit_count);
        if push.is_truncated {
            self.line("truncated", true);
        }
        for Commit { id, title, author, url, files } in &push.commits {
            let files = files.map_or(String::new(), |files| format!(" ({files} files)"));
            let url = url.as_deref().unwrap_or("no page");
            self.line("commit", format!("{} {author}{files}: {title} <{url}>", id.short()));
        }
    }

    fn subject(&mut self, subject: &Subject) {
        let topic = format!("{:?}", subject.topic);
        self.line("on", topic);
        self.maybe("number", subject.number);
        self.maybe("title", subject.title.as_ref());
        self.maybe("commit", subject.commit.as_ref().map(Sha::full));
    }

    fn run(&mut self, run: &Run) {
        self.maybe("action", run.action.as_ref());
        self.maybe("number", run.number);
        self.maybe("name", run.name.as_ref());
        self.maybe("url", run.url.as_ref());
        self.line("status", &run.status);
        self.reference(run.reference.as_ref());
        self.maybe("commit", run.commit.as_ref().map(Sha::full));
        self.maybe("source", run.source.as_ref());
        self.maybe("duration", run.duration_s.map(|seconds| format!("{seconds} s")));
    }
}

fn account(Actor { login, name, bot }: &Actor) -> String {
    let bot = if *bot { ", a bot" } else { "" };
    format!("{} ({}){bot}", login.as_deref().unwrap_or("-"), name.as_deref().unwrap_or("-"))
}

fn event(event: &Event) -> String {
    let mut lines = Lines::default();
    lines.line("kind", event.fact.kind());
    lines.line("actor", account(&event.actor));
    if let Some(Repository { name, path, url, default_branch, private }) = &event.repository {
        let known = [path, url, default_branch].map(|value| value.as_deref().unwrap_or("-")).join(" ");
        let private = match private {
            Some(true) => "private",
            Some(false) => "public",
            None => "private or public",
        };
        lines.line("repository", format!("{name}: {known}, {private}"));
    }
    if event.confidential {
        lines.line("confidential", true);
    }
    fact(&mut lines, &event.fact);
    lines.0
}

fn fact(lines: &mut Lines, fact: &Fact) {
    match fact {
        Fact::Push(push) => lines.push(push),
        Fact::Tag(TagPush { tag, change, annotation, compare_url }) => {
            lines.line("tag", tag);
            lines.change(change);
            lines.maybe("annotation", annotation.as_ref());
            lines.maybe("compare", compare_url.as_ref());
        }
        Fact::MergeRequest(MergeRequest { item, source_branch, target_branch, is_draft }) => {
            lines.item(item);
            lines.maybe("source", source_branch.as_ref());
            lines.maybe("target", target_branch.as_ref());
            lines.maybe("draft", *is_draft);
        }
        Fact::Comment(comment) => {
            lines.line("action", &comment.action);
            lines.subject(&comment.subject);
            lines.maybe("url", comment.url.as_ref());
            lines.line("text", &comment.text);
            if comment.is_system {
                lines.line("system", true);
            }
        }
        Fact::Pipeline(run) | Fact::Job(run) => lines.run(run),
        Fact::Deployment(deployment) => {
            lines.maybe("action", deployment.action.as_ref());
            lines.maybe("number", deployment.number);
            lines.maybe("environment", deployment.environment.as_ref());
            lines.line("status", &deployment.status);
            lines.maybe("url", deployment.url.as_ref());
            lines.reference(deployment.reference.as_ref());
            lines.maybe("commit", deployment.commit.as_ref().map(Sha::full));
        }
        Fact::Release(Release { item, tag, is_prerelease }) => {
            lines.item(item);
            lines.maybe("tag", tag.as_ref());
            lines.maybe("prerelease", *is_prerelease);
        }
        Fact::Emoji(emoji) => {
            lines.line("action", &emoji.action);
            lines.line("emoji", &emoji.name);
            lines.subject(&emoji.subject);
            lines.maybe("url", emoji.url.as_ref());
        }
        Fact::Member(Member { action, account: member, group, role, url }) => {
            lines.line("action", action);
            lines.line("account", account(member));
            lines.maybe("group", group.as_ref());
            lines.maybe("role", role.as_ref());
            lines.maybe("url", url.as_ref());
        }
        Fact::Issue(item) | Fact::WikiPage(item) | Fact::Milestone(item) | Fact::FeatureFlag(item) => {
            lines.item(item);
        }
        Fact::Other(Other { item, .. }) => lines.item(item),
    }
}
