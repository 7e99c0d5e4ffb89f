use std::time::Duration;

use app::executor::{Ending, Executor, ExecutorError, LOG_BYTES_MAX, Progress};

use crate::world::{World, log};

/// Case 16.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_command_answers_with_what_it_prints() {
    let world = World::new(
        "hello-world:\n  stage: chatops\n  script:\n    - echo \"Hello World.\"\nstages: [chatops]\n",
    );
    assert_eq!(world.reply("hello-world").await, "Hello World.");
    let ended = world.run("hello-world").await;
    assert_eq!(ended.ending, Ending::Succeeded);
    let log = log(&ended).replace('\u{1b}', "ESC").replace('\r', "CR");
    // It may begin in one second and end in the next.
    let times: Vec<_> = log.split(':').filter(|part| part.parse::<u64>().is_ok()).collect();
    let log = times.iter().fold(log.clone(), |log, time| log.replace(time, "TIME"));
    insta::assert_snapshot!(log, @r#"
    section_start:TIME:step_scriptCRESC[0KESC[0KESC[36;1mExecuting "step_script" stage of the job scriptESC[0;mESC[0;m
    ESC[32;1m$ echo "Hello World."ESC[0;m
    Hello World.
    section_end:TIME:step_scriptCRESC[0KESC[32;1mJob succeededESC[0;m
    "#);
}

/// Case 17.
#[tokio::test(flavor = "multi_thread")]
async fn several_commands_answer_with_themselves_and_what_they_print() {
    let ci = "job:\n  before_script: [export A=1]\n  script: ['echo $A', 'printf \"\\033[31mred\\033[0m\\n\" >&2']\n";
    insta::assert_snapshot!(World::new(ci).reply("job").await, @r#"
    $ export A=1
    $ echo $A
    1
    $ printf "\033[31mred\033[0m\n" >&2
    red
    "#);
}

/// Case 18, as GitLab documents it.
#[tokio::test(flavor = "multi_thread")]
async fn a_marked_section_is_the_reply() {
    let ci = r#"ls:
  script:
    - command_to_ignore() { echo nothing; }
    - command_to_ignore
    - echo -e "section_start:$( date +%s ):chat_reply\r\033[0K\n$( ls )\nsection_end:$( date +%s ):chat_reply\r\033[0K"
"#;
    let files = [(".gitlab-ci.yml", ci), ("app/x", ""), ("bin/y", "")];
    assert_eq!(World::with(&files).reply("ls").await, "app\nbin");
}

/// Case 20.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_its_exit_code_and_ends_the_script() {
    let ci = "a: {script: [exit 7, echo not reached]}\nb: {script: ['false | true', echo not reached]}\n\
              c: {script: ['kill -9 $$']}\nd: {script: 'true'}\ne: {script: ['echo \"']}\n";
    let world = World::new(ci);
    for (job, exit_code) in [("a", Some(7)), ("b", Some(1)), ("c", None), ("e", Some(2))] {
        let ended = world.run(job).await;
        assert_eq!(ended.ending, Ending::Failed { exit_code }, "{job}: {}", log(&ended));
        assert!(!log(&ended).contains("\nnot reached"), "{job}");
    }
    assert!(log(&world.run("a").await).ends_with("ERROR: Job failed: exit code 7\u{1b}[0;m\n"));
    assert_eq!((world.run("d").await.ending, world.reply("d").await), (Ending::Succeeded, String::new()));
}

/// Case 21: the job gets the same bytes, and nothing acts on them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_what_the_job_gets() {
    let typed = "echo $(id);`id` && $HOME \"x' \ny\t<é> ${CHAT_CHANNEL} $$ % \\ *";
    let mut world = World::new("job: {script: ['printf %s \"$CHAT_INPUT\" > got', 'od -An -v -tx1 got']}\n");
    world.ask.input = typed.to_owned();
    let printed = world.reply("job").await;
    let hex = printed.split("od -An -v -tx1 got\n").nth(1).unwrap();
    let got: Vec<u8> = hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    assert_eq!(String::from_utf8(got).unwrap(), typed);
    let mut world = World::new("job: {script: ['printf %s \"$CHAT_INPUT\"']}\n");
    world.ask.input = typed.to_owned();
    assert_eq!(world.reply("job").await, typed);
}

/// Case 23.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_does_not_show_also_when_it_is_written_in_two_parts() {
    let world = World::new("job: {script: ['printf \"%s\" \"${KEY:0:4}\"; sleep 0.1; echo \"${KEY:4}\"']}\n")
        .knowing(&[("KEY", "hunter2-hunter2")]);
    assert!(log(&world.run("job").await).contains("hunter2-hunter2"));
    assert_eq!(world.reply("job").await, "[MASKED]");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_after_script_knows_how_it_went_and_changes_nothing() {
    let ci =
        "job:\n  script: ['X=1', 'exit 3']\n  after_script: ['echo \"after $CI_JOB_STATUS [$X]\"', exit 9]\n";
    let ended = World::new(ci).run("job").await;
    assert_eq!(ended.ending, Ending::Failed { exit_code: Some(3) });
    assert!(log(&ended).contains("\nafter failed []\n"), "{}", log(&ended));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_tried_again_in_a_fresh_folder() {
    let kept = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(kept.path(), Some(65_534), Some(65_534)).ok();
    let tries = kept.path().join("tries").display().to_string();
    let script = format!("echo x >> {tries}; test ! -e left; touch left; test $(wc -l < {tries}) = 3");
    let world =
        World::new(&format!("job: {{retry: 2, script: ['{script}']}}\nonce: {{script: ['{script}']}}\n"));
    assert_eq!(world.run("job").await.ending, Ending::Succeeded);
    std::fs::remove_file(&tries).unwrap();
    assert_eq!(world.run("once").await.ending, Ending::Failed { exit_code: Some(1) });
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_deadline_a_job_ends() {
    let mut world = World::new("job: {script: [echo begun, sleep 1000], after_script: [echo after]}\n");
    world.timeout = Duration::from_secs(1);
    let ended = world.run("job").await;
    assert_eq!(ended.ending, Ending::TimedOut);
    assert!(log(&ended).contains("begun\n") && !log(&ended).contains("\nafter"));
    assert!(log(&ended).ends_with("execution took longer than 1 seconds\u{1b}[0;m\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_cancelled_ends() {
    let world = World::new("job: {script: [sleep 1000]}\n");
    let started = world.local.start(&world.order("job").await).await.unwrap();
    let look = world.local.look(&world.project, &started.handle, Duration::ZERO).await.unwrap();
    assert_eq!(look, Progress::Running { look_after: Duration::ZERO });
    world.local.cancel(&world.project, &started.handle).await.unwrap();
    assert_eq!(world.end(&started.handle).await.ending, Ending::Cancelled);
    // What is over is looked at again, and may be cancelled again.
    world.local.cancel(&world.project, &started.handle).await.unwrap();
    assert_eq!(world.end(&started.handle).await.ending, Ending::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_prints_without_end_has_a_log_with_one() {
    let world = World::new("job: {script: ['head -c 9000000 /dev/zero | tr \"\\\\0\" x']}\n");
    let ended = world.run("job").await;
    assert_eq!(ended.ending, Ending::Succeeded, "{}", &log(&ended)[..2000]);
    assert!(ended.log.len() <= LOG_BYTES_MAX && ended.log.len() > LOG_BYTES_MAX - 1000);
    assert!(log(&ended).contains("Job's log exceeded limit"));
}

/// A run is never begun twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_process_that_is_gone_is_not_begun_again() {
    let world = World::new("job: {script: [sleep 1000]}\n");
    let mut order = world.order("job").await;
    order.is_repeated = true;
    assert!(matches!(world.local.start(&order).await, Err(ExecutorError::InDoubt)));
    order.is_repeated = false;
    let started = world.local.start(&order).await.unwrap();
    order.is_repeated = true;
    assert_eq!(world.local.start(&order).await.unwrap(), started);
    let next = World::new("job: {script: a}\n");
    assert_eq!(next.end(&started.handle).await.ending, Ending::Lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_jobs_than_may_run_at_once_wait() {
    let world = World::new("job: {script: [sleep 1000]}\n");
    let order = world.order("job").await;
    let mut handles = Vec::new();
    for number in 0..4 {
        let run = format!("{number:012x}").parse().unwrap();
        let order = app::executor::Order { run, ..order.clone() };
        handles.push(world.local.start(&order).await.unwrap().handle);
    }
    assert!(matches!(world.local.start(&order).await, Err(ExecutorError::Unavailable(_))));
    world.local.cancel(&world.project, &handles[0]).await.unwrap();
    world.end(&handles[0]).await;
    assert!(world.local.start(&order).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_wants_a_container_is_refused() {
    let world = World::new("job: {image: 'ruby:$V', script: a, variables: {V: 3}}\n");
    let refused = world.local.start(&world.order("job").await).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "the job job wants the image ruby:3, and Bellhop's own machine runs jobs without containers: `image` cannot be honoured"
    );
}
