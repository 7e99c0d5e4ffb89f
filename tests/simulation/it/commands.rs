//! What must be true of commands and runs in the end.
//!
//! Not here: deliveries (`checker`).

use app::chat::News;
use app::executor::Ending;
use app::runs::{self, How, State};

use crate::checker::{Findings, Rule};
use crate::ears::is_leak;
use crate::people::People;

/// Looks at a history that is over.
pub(crate) async fn check(people: &People, findings: &mut Findings) {
    let app = people.house.app();
    let commanded = people.commanded.lock().expect("nobody panics in it").clone();
    for commanded in &commanded {
        let (project, number) = (commanded.project, commanded.number);
        for answer in &commanded.answers {
            findings
                .unless(!is_leak(answer), Rule::Secret, || format!("command {number} is answered {answer}"));
        }
        if commanded.is_cancel {
            continue;
        }
        let said = commanded.said;
        findings.unless(said <= 1, Rule::Command, || format!("command {number} is answered {said} times"));
        let command = format!("c{project}").try_into().expect("an id");
        let run =
            runs::latest_of(&app, &command, &format!("U{number}")).await.expect("nobody fails the checker");
        let Some(run) = run else {
            findings.unless(false, Rule::Command, || format!("command {number} has no run"));
            continue;
        };
        let executed = {
            let executed = people.house.executor.runs.lock().expect("nobody panics in it");
            executed.get(&run.id.to_string()).cloned()
        };
        let begun = executed.as_ref().map_or(0, |executed| executed.begun);
        findings.unless(begun <= 1, Rule::Run, || format!("run {} was begun {begun} times", run.id));
        let State::Ended(end) = &run.state else {
            findings.unless(false, Rule::Run, || format!("run {} does not end: {:?}", run.id, run.state));
            continue;
        };
        let is_true = end.how != How::Executed(Ending::Succeeded) || executed.is_some();
        findings.unless(is_true, Rule::Run, || format!("run {} succeeded, and was not begun", run.id));
        let is_told = run.told.contains(&News::Result);
        findings.unless(is_told, Rule::Command, || format!("nobody is told how run {} ended", run.id));
    }
    for asked in people.house.world.book().requests.iter().filter(|asked| asked.host == "chat.example.net") {
        let body = String::from_utf8_lossy(&asked.body);
        findings.unless(!is_leak(&body), Rule::Secret, || format!("chat is told {body}"));
    }
}
