//! The rules of access as people write them, TOML as in the configuration's file, and in words.
//!
//! Not here: which values are valid (`config::commands`), finding the rule that decides (`chatops::access`).

use std::collections::{BTreeMap, BTreeSet};

use config::commands::{Approval, Effect, Rule};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Groups and rules, as they stand in the text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Access {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) groups: BTreeMap<String, BTreeSet<String>>,
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    written: Vec<toml::Table>,
    #[serde(skip)]
    pub(super) rules: Vec<Rule>,
}

impl Access {
    /// What is not said is as by default, and is not written.
    pub(super) fn of(groups: &BTreeMap<String, BTreeSet<String>>, rules: &[Rule]) -> Self {
        let written = rules.iter().map(written).collect();
        Self { groups: groups.clone(), written, rules: rules.to_vec() }
    }

    /// Reads a text. A word that no rule knows is a mistake: a rule that lost its half would permit too much.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let access: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let rules = access.written.iter().enumerate().map(|(index, table)| {
            let number = index + 1;
            if let Some(unknown) = table.keys().find(|key| !is_known(key)) {
                return Err(format!("rule {number}: there is no setting '{unknown}'"));
            }
            let rule = toml::Value::Table(table.clone()).try_into::<Rule>();
            rule.map_err(|error| format!("rule {number}: {}", error.message()))
        });
        let rules = rules.collect::<Result<_, String>>()?;
        Ok(Self { rules, ..access })
    }

    /// As people write it.
    pub(super) fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// All that a rule may say, by its names.
fn is_known(key: &str) -> bool {
    serde_json::to_value(Rule::default()).is_ok_and(|rule| rule.get(key).is_some())
}

fn written(rule: &Rule) -> toml::Table {
    let (Ok(Value::Object(rule)), Ok(default)) =
        (serde_json::to_value(rule), serde_json::to_value(Rule::default()))
    else {
        return toml::Table::new();
    };
    let said = rule.into_iter().filter(|(key, value)| default.get(key) != Some(value) && !value.is_null());
    said.filter_map(|(key, value)| Some((key, toml::Value::try_from(value).ok()?))).collect()
}

/// What a rule does, as a sentence.
pub(super) fn in_words(rule: &Rule) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let mut who: Vec<String> = rule.groups.iter().map(|group| format!("the group {group}")).collect();
    who.extend(rule.users.iter().cloned());
    who.extend(rule.role.map(|role| format!("whoever is at least {role:?} of the GitLab project")));
    let who = if rule.anyone { "everybody in the chat".to_owned() } else { list(who) };
    let jobs = serde_json::to_value(&rule.jobs).ok();
    let jobs = jobs.and_then(|jobs| serde_json::from_value::<Vec<String>>(jobs).ok()).unwrap_or_default();
    let mut what: Vec<String> = jobs.iter().map(|job| format!("run {job}")).collect();
    what.extend(rule.commands.iter().map(ToString::to_string));
    let verb = match rule.effect {
        Effect::Allow => "may",
        Effect::Deny => "may not, whatever the rules below say,",
    };
    let channels = match rule.channels.len() {
        0 => String::new(),
        _ => format!(" in {}", list(rule.channels.iter().cloned().collect())),
    };
    let arguments = match (&rule.arguments, rule.schema.len()) {
        (Some(_), _) => " with arguments that fit its pattern",
        (None, 0) => "",
        (None, _) => " with arguments of its schema",
    };
    let consent = match rule.approval {
        Approval::None => "",
        Approval::Confirm => ", once they have confirmed it",
        Approval::SecondPerson => ", once somebody else who may do the same has consented",
    };
    crate::refusal::sentence(&format!("{who} {verb} {}{channels}{arguments}{consent}", list(what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [groups]
        ops = ["U1"]
        [[rule]]
        groups = ["ops"]
        jobs = ["deploy-*"]
        channels = ["C1"]
        approval = "second_person"
        [[rule]]
        anyone = true
        commands = ["issue_show"]
    "#;

    #[test]
    fn what_is_written_is_read_again() {
        let access = Access::read(TEXT).unwrap();
        let again = Access::of(&access.groups, &access.rules).text();
        assert_eq!(Access::read(&again).unwrap().rules, access.rules);
        assert!(!again.contains("approval_expires_s"), "{again}");
    }

    #[test]
    fn a_rule_is_said_in_words() {
        let rules = Access::read(TEXT).unwrap().rules;
        assert_eq!(
            rules.iter().map(in_words).collect::<Vec<_>>(),
            [
                "The group ops may run deploy-* in C1, once somebody else who may do the same has consented.",
                "Everybody in the chat may issue show.",
            ]
        );
    }

    #[test]
    fn a_slip_of_the_pen_is_no_rule() {
        let check = |text: &str| Access::read(text).unwrap_err();
        assert_eq!(check("[[rule]]\nuser = [\"U1\"]"), "rule 1: there is no setting 'user'");
        assert!(check("[[rule]]\napproval = \"maybe\"").starts_with("rule 1: unknown variant"));
        assert!(check("[[rules]]").contains("unknown field"));
    }
}
