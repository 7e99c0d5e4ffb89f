//! Which targets of a project get an event.

use config::{EventSwitches, Project, TargetId};
use payload::{Event, Fact};

/// The targets that want any event of a payload, irker first, then the hooks in the order of their numbers.
pub fn targets(events: &[Event], project: &Project) -> Vec<TargetId> {
    let irker =
        project.irker.iter().filter(|irker| events.iter().any(|event| is_for_channel(event, irker.events)));
    let hooks =
        project.hooks.iter().filter(|hook| events.iter().any(|event| is_on(hook.events, &event.fact)));
    let irker = irker.map(|_| TargetId::Irker(project.id));
    irker.chain(hooks.map(|hook| TargetId::Hook(project.id, hook.id))).collect()
}

/// Whether a channel hears of an event. Never of a confidential one: whoever reads the channel is not whoever may read
/// the project.
pub fn is_for_channel(event: &Event, switches: EventSwitches) -> bool {
    !event.confidential && is_on(switches, &event.fact)
}

fn is_on(switches: EventSwitches, fact: &Fact) -> bool {
    match fact {
        Fact::Push(_) => switches.push_events,
        Fact::Tag(_) => switches.tag_push_events,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use config::{HookId, HttpHook, Irker, ProjectId, Recipient, Source};
    use http::HeaderMap;
    use payload::{Forge, Parsed, Payload, Secret, parse};

    use super::*;

    const PUSH: EventSwitches = EventSwitches { push_events: true, tag_push_events: false };
    const TAG: EventSwitches = EventSwitches { push_events: false, tag_push_events: true };

    /// A project with an irker integration that wants pushes, and two hooks: one for pushes, one for tags.
    fn project() -> Project {
        let hook = |id, events| HttpHook {
            id: HookId(id),
            name: String::new(),
            url: Secret::new("http://h/"),
            token: None,
            events,
        };
        Project {
            id: ProjectId(7),
            path: "g/p".to_owned().try_into().unwrap(),
            source: Source {
                id: "p".parse().unwrap(),
                forge: None,
                secrets: vec![Secret::new("s")],
                allow_unsigned: false,
            },
            irker: Some(Irker {
                server_host: "localhost".to_owned(),
                server_port: 6659,
                default_irc_uri: None,
                recipients: vec![Recipient::parse("irc://h/c", None).unwrap()],
                colorize_messages: false,
                events: PUSH,
            }),
            hooks: vec![hook(1, PUSH), hook(2, TAG)],
            last_hook: HookId(2),
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
}
