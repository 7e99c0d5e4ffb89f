//! The archive as a build gets it, and its script run by a real bash.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatops::ci::{Context, Repository, resolve};

use super::*;

const CI_PATH: &str = ".gitlab-ci.yml";

/// Typed by somebody who tries to get out of it: case 21 of the ChatOps cases.
const INPUT: &str = "run echo $(id);`id` && $HOME \"x' \ny\t\u{e9} ${CHAT_CHANNEL} \\ !! *";

#[derive(Debug)]
struct Commit;

impl Files for Commit {
    fn check_out(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        std::fs::write(folder.join("README.md"), "hello")?;
        std::fs::create_dir(folder.join("bin"))?;
        std::fs::write(folder.join("bin/tool"), "#!/bin/sh\necho tool\n")?;
        std::fs::set_permissions(folder.join("bin/tool"), std::fs::Permissions::from_mode(0o755))?;
        symlink("bin/tool", folder.join("link"))?;
        Ok(())
    }
}

/// A configuration, in place of the commit's.
struct Written(String);

impl Repository for Written {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        (path == CI_PATH).then(|| self.0.clone().into_bytes())
    }

    fn paths(&self) -> Vec<String> {
        vec![CI_PATH.to_owned()]
    }
}

/// Runs the job `j` of this body as CodeBuild does. What it prints, without times and colours, and its exit code.
fn check(body: &str) -> (String, i32) {
    let context =
        Context { branch: "main".to_owned(), config_path: CI_PATH.to_owned(), ..Context::default() };
    let job = resolve(&Written(format!("j:\n{body}")), &context, "j").unwrap();
    let variables =
        [("CHAT_INPUT", INPUT), ("CHAT_CHANNEL", "C1"), ("variable", "mine"), ("PATH", "/usr/bin:/bin")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (packed, _) = archive(&Commit, &job, &variables).unwrap();
    let folder = tempfile::tempdir().unwrap();
    zip::ZipArchive::new(packed).unwrap().extract(folder.path()).unwrap();
    let ran = Command::new("bash")
        .arg("./run.sh")
        .current_dir(folder.path())
        .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x")
        .env("CODEBUILD_BUILD_ID", "x")
        .env("IMAGE_HAS", "this")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(app::runner_log::is_whole(printed.as_bytes()));
    (plain(&printed), ran.status.code().unwrap())
}

/// Without times and colours.
fn plain(printed: &str) -> String {
    let colours = ["\u{1b}[0K", "\u{1b}[36;1m", "\u{1b}[32;1m", "\u{1b}[31;1m", "\u{1b}[0;m"];
    let bare = colours.iter().fold(printed.to_owned(), |text, colour| text.replace(colour, ""));
    let line = |line: &str| match line.split_once("section_") {
        Some(("", section)) => {
            let parts: Vec<_> = section.splitn(3, ':').collect();
            format!("section_{} {}", parts[0], parts[2].replace('\r', " ").trim_end())
        }
        _ => line.to_owned(),
    };
    bare.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_job_prints_what_gitlabs_runner_prints() {
    let (printed, code) =
        check("  before_script: [x=1]\n  script: ['echo x is $x', 'cat README.md; echo', ./link]\n");
    assert_eq!(code, 0);
    insta::assert_snapshot!(printed, @r#"
    section_start step_script Executing "step_script" stage of the job script
    $ x=1
    $ echo x is $x
    x is 1
    $ cat README.md; echo
    hello
    $ ./link
    tool
    section_end step_script
    Job succeeded
    "#);
}

/// Case 21 of the ChatOps cases.
#[test]
fn what_was_typed_arrives_byte_for_byte_and_nothing_of_it_is_done() {
    let (printed, _) = check(
        "  script: ['printf %s \"$CHAT_INPUT\" | base64 -w0; echo; echo \"$variable $CHAT_CHANNEL\"']\n",
    );
    assert!(printed.contains(&format!("\n{}\nmine C1\n", STANDARD.encode(INPUT))), "{printed}");
}

#[test]
fn the_first_failure_ends_it_also_within_a_pipe_and_after_script_runs_all_the_same() {
    let body = "  script: ['false | true', echo never]\n  after_script: ['echo after $x $CI_JOB_STATUS', 'exit 9']\n";
    let (printed, code) = check(body);
    assert_eq!(code, 1);
    insta::assert_snapshot!(printed, @r#"
    section_start step_script Executing "step_script" stage of the job script
    $ false | true
    section_end step_script
    section_start after_script Running after_script
    $ echo after $x $CI_JOB_STATUS
    after failed
    $ exit 9
    section_end after_script
    ERROR: Job failed: exit code 1
    "#);
    assert_eq!(check("  script: ['exit 3']\n").1, 3);
}

#[test]
fn there_is_no_input_to_wait_for_and_no_key_to_aws() {
    let script = "  script: ['wc -c', 'env | grep -cE \"^(AWS|CODEBUILD)_\" || true', 'echo $IMAGE_HAS', pwd | xargs basename]\n";
    let (printed, code) = check(script);
    assert_eq!(code, 0, "{printed}");
    let output: Vec<_> = printed.lines().filter(|line| !line.starts_with(['$', 's', 'J'])).collect();
    assert_eq!(output, ["0", "0", "this", "work"]);
}

#[test]
fn a_job_that_fails_is_tried_again_with_fresh_files() {
    let (printed, code) = check("  retry: 2\n  script: ['test ! -e tried', touch tried, 'exit 4']\n");
    assert_eq!((code, printed.matches("[Bellhop] tries again").count()), (4, 2), "{printed}");
    assert_eq!(printed.matches("$ exit 4").count(), 3, "{printed}");
}

#[test]
fn a_variable_of_64_kib_gets_through() {
    let long = ("CHAT_INPUT".to_owned(), "\u{e9}".repeat(32 * 1024));
    let context =
        Context { branch: "main".to_owned(), config_path: CI_PATH.to_owned(), ..Context::default() };
    let written = Written("j: {script: ['printf %s \"$CHAT_INPUT\" | wc -c']}".to_owned());
    let job = resolve(&written, &context, "j").unwrap();
    let (packed, _) = archive(&Commit, &job, &[long]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    zip::ZipArchive::new(packed).unwrap().extract(folder.path()).unwrap();
    let ran = Command::new("bash").arg("./run.sh").current_dir(folder.path()).output().unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().contains("\n65536\n"));
}
