//! Which targets of a project get an event.
//!
//! An HTTP hook gets all that its subscription names, as GitLab's webhooks do. A channel is read by people, who want
//! news and not records: of what its subscription names, it gets what changes something for them.

use config::{FilteredKind, Project, Subscription, Switch, TargetId};
use payload::{Action, Event, Fact, Reference, Status};

/// GitHub's merge queue tries changes on branches of its own, which come and go within minutes
/// (<https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue>).
const MERGE_QUEUE: &str = "gh-readonly-queue/";

/// The targets that want any event of a payload, irker first, then the hooks in the order of their numbers.
pub fn targets(events: &[Event], project: &Project) -> Vec<TargetId> {
    let active = project.irker.iter().filter(|irker| irker.active);
    let irker = active.filter(|irker| events.iter().any(|event| is_for_channel(event, &irker.subscription)));
    let hooks = project.hooks.iter().filter(|hook| hook.active);
    let hooks = hooks.filter(|hook| events.iter().any(|event| is_wanted(event, &hook.subscription)));
    let irker = irker.map(|_| TargetId::Irker(project.id));
    irker.chain(hooks.map(|hook| TargetId::Hook(project.id, hook.id))).collect()
}

/// Whether a channel hears of an event. Of a confidential one only if its own switch is on: whoever reads the channel
/// need not be who may read the project.
pub fn is_for_channel(event: &Event, subscription: &Subscription) -> bool {
    let is_fit = match switch_of(event) {
        Switch::ConfidentialIssues | Switch::ConfidentialNote => true,
        _ => !event.confidential,
    };
    is_fit && is_wanted(event, subscription) && is_news(&event.fact)
}

/// Whether an event is of what a target wants to hear of.
pub fn is_wanted(event: &Event, subscription: &Subscription) -> bool {
    let is_admitted = |(kind, name): (FilteredKind, &str)| subscription.refs.admits(kind, name);
    subscription.events.is_on(switch_of(event))
        && !(subscription.mute_bots && event.actor.bot)
        && ref_of(&event.fact).is_none_or(is_admitted)
        && status_of(&event.fact).is_none_or(|status| subscription.admits_status(status))
}

/// The switch that an event belongs to.
pub fn switch_of(event: &Event) -> Switch {
    match &event.fact {
        Fact::Push(_) => Switch::Push,
        Fact::Tag(_) => Switch::TagPush,
        Fact::MergeRequest(_) => Switch::MergeRequests,
        Fact::Issue(_) if event.confidential => Switch::ConfidentialIssues,
        Fact::Issue(_) => Switch::Issues,
        Fact::Comment(_) if event.confidential => Switch::ConfidentialNote,
        Fact::Comment(_) => Switch::Note,
        Fact::Pipeline(_) => Switch::Pipeline,
        Fact::Job(_) => Switch::Job,
        Fact::Deployment(_) => Switch::Deployment,
        Fact::Release(_) => Switch::Releases,
        Fact::WikiPage(_) => Switch::WikiPage,
        Fact::Milestone(_) => Switch::Milestone,
        Fact::Emoji(_) => Switch::Emoji,
        Fact::FeatureFlag(_) => Switch::FeatureFlag,
        Fact::Member(_) => Switch::Member,
        // GitLab's names for what has a switch there, and no kind of its own here.
        Fact::Other(other) => match other.kind.as_str() {
            "project_create" | "project_destroy" => Switch::Project,
            "subgroup_create" | "subgroup_destroy" => Switch::Subgroup,
            "access_token" => Switch::ResourceAccessToken,
            "deploy_token" => Switch::ResourceDeployToken,
            "vulnerability" => Switch::Vulnerability,
            _ => Switch::Other,
        },
    }
}

/// The branch or tag that filters look at.
fn ref_of(fact: &Fact) -> Option<(FilteredKind, &str)> {
    match fact {
        Fact::Push(push) => Some((FilteredKind::Push, &push.branch)),
        Fact::Tag(push) => Some((FilteredKind::TagPush, &push.tag)),
        Fact::MergeRequest(request) => Some((FilteredKind::MergeRequest, request.target_branch.as_deref()?)),
        Fact::Pipeline(run) | Fact::Job(run) => {
            Some((FilteredKind::Pipeline, name_of(run.reference.as_ref()?)))
        }
        Fact::Deployment(deployment) => {
            Some((FilteredKind::Pipeline, name_of(deployment.reference.as_ref()?)))
        }
        _ => None,
    }
}

fn name_of(reference: &Reference) -> &str {
    let (Reference::Branch(name) | Reference::Tag(name)) = reference;
    name
}

fn status_of(fact: &Fact) -> Option<&Status> {
    match fact {
        Fact::Pipeline(run) | Fact::Job(run) => Some(&run.status),
        Fact::Deployment(deployment) => Some(&deployment.status),
        _ => None,
    }
}

/// Whether people in a channel learn something. Labels, assignments, edits and the forge's own records are left to
/// those who look at the page; of new commits in a merge request, the push tells.
fn is_news(fact: &Fact) -> bool {
    match fact {
        Fact::Push(push) => !push.branch.starts_with(MERGE_QUEUE),
        Fact::MergeRequest(request) => request.item.action.as_ref().is_none_or(|action| {
            !matches!(action, Action::Updated | Action::NewCommits | Action::Drafted | Action::Other(_))
        }),
        Fact::Issue(item) | Fact::Milestone(item) => {
            !matches!(item.action, Some(Action::Updated | Action::Other(_)))
        }
        Fact::Release(release) => !matches!(release.item.action, Some(Action::Updated | Action::Other(_))),
        Fact::Comment(comment) => comment.action == Action::Created && !comment.is_system,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use config::{
        EventSwitches, HookId, HttpHook, Irker, ProjectId, Recipient, RefFilter, RefPattern, Source,
    };
    use http::HeaderMap;
    use payload::{
        Actor, Comment, Forge, Item, MergeRequest, Other, Parsed, Payload, Run, Secret, Subject, Topic, parse,
    };

    use super::*;

    fn to(switches: &[Switch]) -> Subscription {
        Subscription { events: EventSwitches::of(switches), ..Subscription::for_channel() }
    }

    /// A project with an irker integration that wants pushes, and two hooks: one for pushes, one for tags.
    fn project() -> Project {
        let hook =
            |id, switch| HttpHook { subscription: to(&[switch]), ..HttpHook::to(HookId(id), "http://h/") };
        Project {
            id: ProjectId(7),
            path: "g/p".to_owned().try_into().unwrap(),
            source: Source {
                id: "p".parse().unwrap(),
                forge: None,
                secrets: vec![Secret::new("s")],
                allow_unsigned: false,
            },
            irker: Some(Irker::to(vec![Recipient::parse("irc://h/c", None).unwrap()])),
            hooks: vec![hook(1, Switch::Push), hook(2, Switch::TagPush)],
            last_hook: HookId(2),
            rate_limit: None,
            commands: Vec::new(),
            jobs: None,
            gitlab: None,
        }
    }

    fn check(events: &[Event]) -> Vec<String> {
        targets(events, &project()).iter().map(ToString::to_string).collect()
    }

    fn events(body: &str) -> Vec<Event> {
        let Ok(Parsed::Events(events)) =
            parse(Forge::GitLab, Payload { headers: &HeaderMap::new(), body: body.as_bytes() })
        else {
            panic!()
        };
        events
    }

    #[test]
    fn each_target_gets_what_it_asked_for() {
        assert_eq!(
            check(&events(include_str!("../../../tests/fixtures/gitlab/push.json"))),
            ["7-irker", "7-hook-1"]
        );
        assert_eq!(
            check(&events(include_str!("../../../tests/fixtures/gitlab/tag_push.json"))),
            ["7-hook-2"]
        );
    }

    #[test]
    fn what_is_confidential_stays_out_of_channels() {
        let mut events = events(include_str!("../../../tests/fixtures/gitlab/push.json"));
        events[0].confidential = true;
        assert_eq!(check(&events), ["7-hook-1"]);
    }

    #[test]
    fn a_payload_of_several_events_goes_where_any_of_them_is_wanted() {
        let mut both = events(include_str!("../../../tests/fixtures/gitlab/push.json"));
        both.extend(events(include_str!("../../../tests/fixtures/gitlab/tag_push.json")));
        assert_eq!(check(&both), ["7-irker", "7-hook-1", "7-hook-2"]);
    }

    #[test]
    fn an_integration_that_is_off_hears_nothing() {
        let mut project = project();
        project.irker.as_mut().unwrap().active = false;
        let push = events(include_str!("../../../tests/fixtures/gitlab/push.json"));
        assert_eq!(targets(&push, &project), [TargetId::Hook(ProjectId(7), HookId(1))]);
    }

    #[test]
    fn a_hook_that_is_off_gets_nothing() {
        let mut project = project();
        project.hooks[0].active = false;
        let push = events(include_str!("../../../tests/fixtures/gitlab/push.json"));
        assert_eq!(targets(&push, &project), [TargetId::Irker(ProjectId(7))]);
    }

    fn event(fact: Fact) -> Event {
        Event { forge: Forge::GitLab, actor: Actor::default(), repository: None, confidential: false, fact }
    }

    fn issue(action: Action) -> Event {
        event(Fact::Issue(Item { action: Some(action), ..Item::default() }))
    }

    fn comment(text: &str) -> Comment {
        let subject = Subject { topic: Topic::Issue, number: Some(1), title: None, commit: None };
        Comment { action: Action::Created, subject, url: None, text: text.to_owned(), is_system: false }
    }

    fn pipeline(status: Status, reference: Option<Reference>) -> Event {
        let (action, number, name, url, commit, source, duration_s) =
            (None, None, None, None, None, None, None);
        event(Fact::Pipeline(Run {
            action,
            number,
            name,
            url,
            status,
            reference,
            commit,
            source,
            duration_s,
        }))
    }

    fn merge_request(action: Option<Action>, target: &str) -> Event {
        let item = Item { action, ..Item::default() };
        let target_branch = Some(target.to_owned());
        event(Fact::MergeRequest(MergeRequest { item, target_branch, ..MergeRequest::default() }))
    }

    #[test]
    fn a_confidential_issue_reaches_a_channel_by_its_own_switch_alone() {
        let confidential = Event { confidential: true, ..issue(Action::Opened) };
        assert!(!is_for_channel(&confidential, &to(&[Switch::Issues])));
        assert!(is_for_channel(&confidential, &to(&[Switch::ConfidentialIssues])));
        assert!(!is_for_channel(&issue(Action::Opened), &to(&[Switch::ConfidentialIssues])));
        let secret = Event { confidential: true, ..pipeline(Status::Failed, None) };
        assert!(!is_for_channel(&secret, &to(Switch::ALL)), "no switch says so");
    }

    #[test]
    fn a_channel_gets_news_and_a_hook_gets_records() {
        let all = to(Switch::ALL);
        let system = Comment { is_system: true, ..comment("changed the milestone") };
        for (record, is_news) in [
            (issue(Action::Updated), false),
            (issue(Action::Other("labeled".to_owned())), false),
            (issue(Action::Closed), true),
            (merge_request(Some(Action::NewCommits), "main"), false),
            (merge_request(Some(Action::Approved), "main"), true),
            (merge_request(None, "main"), true),
            (event(Fact::Comment(comment("nice"))), true),
            (event(Fact::Comment(system)), false),
        ] {
            assert!(is_wanted(&record, &all), "{record:?}");
            assert_eq!(is_for_channel(&record, &all), is_news, "{record:?}");
        }
    }

    #[test]
    fn a_pipeline_is_heard_of_when_it_ends() {
        let channel = to(&[Switch::Pipeline]);
        assert!(is_for_channel(&pipeline(Status::Failed, None), &channel));
        assert!(!is_for_channel(&pipeline(Status::Running, None), &channel));
        let hook = Subscription { statuses: vec![], ..channel };
        assert!(is_wanted(&pipeline(Status::Running, None), &hook));
    }

    #[test]
    fn branches_are_filtered_for_whatever_belongs_to_one() {
        let refs = RefFilter { branches: vec![RefPattern::parse("main").unwrap()], ..RefFilter::default() };
        let only_main = Subscription { refs, ..to(Switch::ALL) };
        let on = |branch: &str| Some(Reference::Branch(branch.to_owned()));
        assert!(is_wanted(&pipeline(Status::Failed, on("main")), &only_main));
        assert!(!is_wanted(&pipeline(Status::Failed, on("wip")), &only_main));
        assert!(!is_wanted(&merge_request(Some(Action::Opened), "wip"), &only_main));
        assert!(is_wanted(&issue(Action::Opened), &only_main), "an issue has no branch");
    }

    #[test]
    fn bots_and_merge_queues_are_muted() {
        let muted = Subscription { mute_bots: true, ..to(Switch::ALL) };
        let bot = Actor { bot: true, ..Actor::default() };
        assert!(!is_wanted(&Event { actor: bot, ..issue(Action::Opened) }, &muted));
        let push = include_str!("../../../tests/fixtures/gitlab/push.json");
        let queued = events(&push.replace("refs/heads/master", "refs/heads/gh-readonly-queue/main/pr-1-abc"));
        assert_eq!(check(&queued), ["7-hook-1"]);
    }

    #[test]
    fn what_gitlab_has_a_switch_for_has_it_here() {
        let other = |kind: &str| event(Fact::Other(Other { kind: kind.to_owned(), item: Item::default() }));
        assert_eq!(switch_of(&other("access_token")), Switch::ResourceAccessToken);
        assert_eq!(switch_of(&other("star")), Switch::Other);
    }
}
