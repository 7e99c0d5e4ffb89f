use proptest::prelude::*;
use regex::bytes::Regex;

use super::*;

fn check(text: &str, expected: &Instruction) {
    assert_eq!(parse(text), *expected, "{text:?}");
}

fn run(job: &str, arguments: Option<&str>) -> Instruction {
    Instruction::Run { job: job.to_owned(), arguments: arguments.map(str::to_owned) }
}

#[test]
fn a_job_is_run_with_all_that_stands_behind_its_name() {
    check("run ls", &run("ls", None));
    check("run ls -la", &run("ls", Some("-la")));
    check("  run\tls  \n -la ", &run("ls", Some("-la ")));
    check("run ls   ", &run("ls", None));
    check("run deploy:eu:west 1\n\n2\n", &run("deploy:eu:west", Some("1\n\n2\n")));
    check("run .hidden", &run(".hidden", None));
    check("run", &Instruction::Unknown);
    check("runls", &Instruction::Unknown);
    check("Run ls", &Instruction::Unknown);
    check(&format!("run {}", "x".repeat(256)), &Instruction::Unknown);
}

/// Case 21 of the ChatOps cases: quotes, dollars and curly quotes are the job's business.
#[test]
fn arguments_are_not_touched() {
    let hostile = "$(id);`id` && $HOME \"x' \ny";
    check(&format!("run echo {hostile}"), &run("echo", Some(hostile)));
    check("run echo “x” ‘y’ é\u{a0}", &run("echo", Some("“x” ‘y’ é\u{a0}")));
}

/// Case 10, and the first half of case 9.
#[test]
fn what_is_no_command_is_unknown_and_help_is_help() {
    for text in
        ["", "  ", "frob", "jobs please", "link me", "issue", "issue frob 1", "issues show 1", "\u{a0}jobs"]
    {
        check(text, &Instruction::Unknown);
    }
    for text in ["help", "help me", "helpme", " help"] {
        check(text, &Instruction::Help);
    }
    check("jobs", &Instruction::Jobs);
    check("link ", &Instruction::Link);
}

#[test]
fn runs_are_named_with_or_without_a_hash() {
    let id = || "r_8Fk-2".to_owned();
    check("status", &Instruction::Status { run: None });
    check("status r_8Fk-2", &Instruction::Status { run: Some(id()) });
    check("cancel #r_8Fk-2 ", &Instruction::Cancel { run: id() });
    check("confirm r_8Fk-2", &Instruction::Confirm { run: id() });
    for text in ["cancel", "confirm ", "cancel #", "cancel a b", "status a/b", "confirm ä"] {
        check(text, &Instruction::Unknown);
    }
    check(&format!("cancel {}", "x".repeat(65)), &Instruction::Unknown);
}

#[test]
fn issues_as_gitlabs_users_write_them() {
    let check = |text: &str, expected| check(text, &Instruction::Issue(expected));
    check("issue show 12", IssueInstruction::Show(12));
    check("issue show #12", IssueInstruction::Show(12));
    check("issue close 12abc", IssueInstruction::Close(12));
    check(
        "issue create It broke\n\nyesterday\n at noon \n",
        IssueInstruction::New { title: "It broke".into(), description: "yesterday\n at noon".into() },
    );
    check("issue new x", IssueInstruction::New { title: "x".into(), description: String::new() });
    check("issue search first\nsecond", IssueInstruction::Search("first".into()));
    for text in ["issue move 3 mike/diaspora", "issue move #3 to mike/diaspora now"] {
        check(text, IssueInstruction::Move { issue: 3, to: "mike/diaspora".into() });
    }
    check("issue move 3 to", IssueInstruction::Move { issue: 3, to: "to".into() });
    for text in ["issue comment #3\nfine\nby me\n", "issue comment 3 fine\nby me"] {
        check(text, IssueInstruction::Comment { issue: 3, body: "fine\nby me".into() });
    }
}

#[test]
fn an_issue_command_that_lacks_something_is_unknown() {
    for text in [
        "issue show",
        "issue show x",
        "issue show 99999999999999999999",
        "issue new",
        "issue new \n",
        "issue search ",
        "issue move 3",
        "issue move x y",
        "issue move 3to y",
        "issue comment 3",
        "issue comment x y",
    ] {
        check(text, &Instruction::Unknown);
    }
}

#[test]
fn the_last_to_divides_a_deployment() {
    let deploy = |from: &str, to: &str| Instruction::Deploy { from: from.into(), to: to.into() };
    check("deploy staging to production", &deploy("staging", "production"));
    check("deploy from here to there to production eu", &deploy("from here to there", "production eu"));
    check("deploy a too b", &deploy("a", "b"));
    check("deploy to to to", &deploy("to", "to"));
    for text in ["deploy", "deploy a", "deploy a to", "deploy to b", "deploy a t b", "deploy a\nb to c"] {
        check(text, &Instruction::Unknown);
    }
}

#[test]
fn the_rules_of_access_see_what_is_wanted() {
    let wanted =
        |text: &str| parse(text).verb_and_arguments().map(|(verb, arguments)| format!("{verb}: {arguments}"));
    for (text, seen) in [
        ("issue show #12", "issue show: 12"),
        ("issue create It broke\nyesterday", "issue new: It broke"),
        ("issue search  it", "issue search: it"),
        ("issue close 12", "issue close: 12"),
        ("issue move 12 a/b", "issue move: 12 to a/b"),
        ("issue comment 12 fine", "issue comment: 12"),
        ("deploy  staging  too  production", "deploy: staging to production"),
    ] {
        assert_eq!(wanted(text).as_deref(), Some(seen), "{text}");
    }
    assert_eq!(wanted("run ls"), None);
    assert_eq!(wanted("jobs"), None);
}

/// GitLab's own expressions, translated: `\s` and `\d` are ASCII in Ruby, and there `m` is what `s` is here.
mod gitlab {
    pub(super) const RUN: &str = r"(?s-u)\Arun\s+(?<a>\S+)(\s+(?<b>.+))?\z";
    pub(super) const SHOW: &str = r"(?-u)\Aissue\s+show\s+#?(?<a>\d+)";
    pub(super) const CLOSE: &str = r"(?-u)\Aissue\s+close\s+#?(?<a>\d+)";
    pub(super) const MOVE: &str = r"(?-u)\Aissue\s+move\s+#?(?<a>\d+)\s+(?:to\s+)?(?<b>[^\s]+)";
    pub(super) const COMMENT: &str = r"(?-u)\Aissue\s+comment\s+#?(?<a>\d+)\n*(?<b>(.|\n)*)";
    pub(super) const DEPLOY: &str = r"(?-u)\Adeploy\s+(?<a>\S+.*)\s+to+\s+(?<b>\S+.*)\z";
}

/// What GitLab makes of a text: the two named groups.
fn groups(expression: &str, text: &str) -> Option<(String, String)> {
    // Over bytes, since `-u` may end a match within a character.
    let found = Regex::new(expression).unwrap();
    let found = found.captures(text.as_bytes())?;
    let group = |name| {
        let bytes = found.name(name).map_or(&b""[..], |group| group.as_bytes());
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    Some((group("a"), group("b")))
}

proptest! {
    #[test]
    fn what_gitlab_understands_is_understood_the_same(
        verb in "run|issue show|issue close|issue  move|issue comment|deploy",
        words in "([ \n\t]{1,2}(#?[0-9]{1,3}|to+|[a-z/é]{1,3})){0,5}[ \n]{0,2}",
    ) {
        let text = format!("{verb}{words}");
        let parsed = parse(&text);
        let trimmed = |(a, b): (String, String)| (a.trim().to_owned(), b.trim().to_owned());
        let (theirs, ours) = match verb.as_str() {
            "run" => (groups(gitlab::RUN, text.trim_end()), match parsed {
                Instruction::Run { job, arguments } => Some((job, arguments.unwrap_or_default())),
                _ => None,
            }),
            "deploy" => (groups(gitlab::DEPLOY, text.trim_end()), match parsed {
                Instruction::Deploy { from, to } => Some((from, to)),
                _ => None,
            }),
            "issue show" => (groups(gitlab::SHOW, &text), match parsed {
                Instruction::Issue(IssueInstruction::Show(issue)) => Some((issue.to_string(), String::new())),
                _ => None,
            }),
            "issue close" => (groups(gitlab::CLOSE, &text), match parsed {
                Instruction::Issue(IssueInstruction::Close(issue)) => Some((issue.to_string(), String::new())),
                _ => None,
            }),
            "issue  move" => (groups(gitlab::MOVE, &text), match parsed {
                Instruction::Issue(IssueInstruction::Move { issue, to }) => Some((issue.to_string(), to)),
                _ => None,
            }),
            _ => (groups(gitlab::COMMENT, &text).filter(|(_, body)| !body.trim().is_empty()), match parsed {
                Instruction::Issue(IssueInstruction::Comment { issue, body }) => Some((issue.to_string(), body)),
                _ => None,
            }),
        };
        // Numbers are numbers: GitLab's 007 is issue 7.
        let same = |(a, b): (String, String)| (a.parse::<u64>().map_or(a, |number| number.to_string()), b);
        prop_assert_eq!(theirs.map(trimmed).map(same), ours.map(trimmed).map(same), "{:?}", text);
    }

    #[test]
    fn any_text_is_survived_and_arguments_are_a_part_of_it(text in "[\\s\\S]{0,60}|(run|issue|deploy|status)[ -~\n]{0,40}") {
        if let Instruction::Run { job, arguments } = parse(&text) {
            prop_assert!(!job.is_empty() && !job.contains(is_space));
            prop_assert!(text.ends_with(arguments.as_deref().unwrap_or_default()));
        }
    }
}
