//! `infra/`: irkerd's keeper does what it says, and systemd understands the units.

use std::process::Command;

use end_to_end::{IrcNetwork, Keeper, built, eventually, free_port, machine_program, skip, workspace};
use tempfile::TempDir;

#[tokio::test]
async fn an_irkerd_whose_reader_has_died_is_started_again_and_lines_flow() {
    let Some(mut network) = IrcNetwork::start("irkerd and its keeper").await else { return };
    network.start_kept_irkerd().await;
    let quay = network.join("#quay").await;
    network.say_by_irkerd("quay", "before");
    assert_eq!(quay.hears().await, "before");

    network.break_irkerd();
    let restart = "irkerd-keeper: one of its threads has died; starting it again in 1 s";
    eventually("the keeper to notice", || network.keeper_log().contains(restart).then_some(())).await;
    assert!(network.keeper_log().contains("(spin)"), "{}", network.keeper_log());
    network.irkerd_listens().await;
    network.say_by_irkerd("quay", "after");
    assert_eq!(quay.hears().await, "after");
}

#[tokio::test]
async fn an_irkerd_that_ends_in_success_is_started_again_more_and_more_slowly() {
    let keeper = Keeper::start(&["--rest", "0.01", "/bin/true"]);
    for rest in ["0.01", "0.02", "0.04", "0.08"] {
        let line = format!("it has ended with status 0; starting it again in {rest} s");
        eventually(&line, || keeper.log().contains(&line).then_some(())).await;
    }
    assert_eq!(keeper.ends().await, Some(0));
}

#[tokio::test]
async fn an_irkerd_that_answers_no_probe_is_started_again() {
    let nobody = free_port().to_string();
    let keeper = Keeper::start(&["--port", &nobody, "--probe-every", "0.01", "/bin/sleep", "600"]);
    let line = "it did not answer 3 probes; starting it again in 1 s";
    eventually(line, || keeper.log().contains(line).then_some(())).await;
    assert_eq!(keeper.ends().await, Some(0), "it ends when it is asked to, and sleep with it");
}

#[test]
fn systemd_understands_the_units() {
    let Some(analyze) = machine_program("systemd-analyze") else {
        return skip("the systemd units: systemd-analyze is not installed");
    };
    let folder = TempDir::new().expect("make a folder");
    let keeper = workspace().join("infra/irkerd/irkerd-keeper");
    let installed = [
        ("infra/irkerd/irkerd.service", "/usr/local/bin/irkerd-keeper", keeper.as_path()),
        ("infra/bellhop.service", "/usr/local/bin/bellhop", built("bellhop")),
    ];
    for (unit, place, program) in installed {
        let text = std::fs::read_to_string(workspace().join(unit)).expect("read the unit");
        assert!(text.contains(&format!("ExecStart={place} ")), "{unit} runs {place}");
        let file = folder.path().join(unit.rsplit('/').next().expect("a name"));
        std::fs::write(&file, text.replace(place, &program.to_string_lossy())).expect("write the unit");
        // What is said of units that it depends on is none of ours.
        let mut verify = Command::new(&analyze);
        verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&file);
        let verified = verify.output().expect("run systemd-analyze");
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains(".service:"), "{unit}: {said}");
    }
}
