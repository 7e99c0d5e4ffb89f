//! `bellhop ci`: one job of a `.gitlab-ci.yml`, as GitLab resolves it for a pipeline that a chat starts.
//!
//! The file's folder stands for the repository, and its branch for the default branch. Standard output gets one JSON
//! object, always with the same fields; where there is no job to run, standard error gets one sentence that says why.
//!
//! Not here: what GitLab does (`chatops::ci`), and running the job.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use chatops::ci::{Context, Job, Repository, limits, resolve};
use serde_json::{Value, json};

/// How many files of a folder are looked at: more than any repository one tries this on, less than a whole disk.
const PATHS_MAX: usize = 200_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The configuration; what it includes is read from its folder.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The job's name.
    #[arg(value_name = "JOB")]
    job: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // The parser panics on a few texts; that is caught and told as what it is, in one sentence.
    std::panic::set_hook(Box::new(|_| {}));
    let job = read(&options.file, &options.job)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&shown(&job))?)?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path, job: &str) -> Result<Job> {
    let path = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        anyhow::bail!("{} is no file", file.display());
    };
    let context = Context {
        branch: branch(folder).unwrap_or_else(|| "main".to_owned()),
        config_path: name.to_owned(),
        variables: ["CHAT_INPUT", "CHAT_CHANNEL"].map(|name| (name.to_owned(), String::new())).to_vec(),
        ..Context::default()
    };
    Ok(resolve(&Folder { root: folder.to_owned() }, &context, job)?)
}

/// The branch that is checked out, where git says so.
fn branch(folder: &Path) -> Option<String> {
    let git = folder.join(".git");
    let head = if git.is_file() {
        let pointer = std::fs::read_to_string(&git).ok()?;
        folder.join(pointer.trim().strip_prefix("gitdir: ")?).join("HEAD")
    } else {
        git.join("HEAD")
    };
    let head = std::fs::read_to_string(head).ok()?;
    head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
}

/// A folder that stands for a repository.
struct Folder {
    root: PathBuf,
}

impl Repository for Folder {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        // A path as git has it: nothing in it leads anywhere else.
        let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let file = self.root.join(path).canonicalize().ok().filter(|_| inside)?;
        // A link may lead out of the folder, as none does in a repository that GitLab reads.
        if !file.starts_with(&self.root) || !file.is_file() {
            return None;
        }
        // One byte more than is taken, so that it is refused for its size and not cut.
        let mut bytes = Vec::new();
        let most = limits::FILE_BYTES_MAX as u64 + 1;
        std::fs::File::open(file).ok()?.take(most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() && entry.file_name() != ".git" {
                    open.push(path);
                } else if !kind.is_dir()
                    && let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str)
                {
                    found.push(name.to_owned());
                }
                if found.len() + open.len() >= PATHS_MAX {
                    return found;
                }
            }
        }
        found.sort();
        found
    }
}

/// The fields that the command promises. Fields are added over time, and never taken away.
fn shown(job: &Job) -> Value {
    let timeout = job.timeout.map(|timeout| match timeout.subsec_nanos() {
        0 => json!(timeout.as_secs()),
        _ => json!(timeout.as_secs_f64()),
    });
    json!({
        "name": job.name,
        "stage": job.stage,
        "image": job.image.as_ref().map(|image| &image.name),
        "before_script": job.before_script,
        "script": job.script,
        "after_script": job.after_script,
        "variables": job.variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "rules_result": job.rules_result,
        "timeout": timeout,
        "when": job.when,
        "allow_failure": job.allow_failure,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], job: &str) -> String {
        let folder = folder(files);
        match read(&folder.path().join(".gitlab-ci.yml"), job) {
            Ok(job) => serde_json::to_string(&shown(&job)).unwrap(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_job_is_one_json_object_with_all_its_fields() {
        let ci = "hello-world:\n  stage: chatops\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"chat\"\n  script:\n    - echo \"Hello World.\"\nstages: [chatops]\n";
        insta::assert_snapshot!(check(&[(".gitlab-ci.yml", ci)], "hello-world"), @r#"{"after_script":[],"allow_failure":false,"before_script":[],"image":null,"name":"hello-world","rules_result":"on_success","script":["echo \"Hello World.\""],"stage":"chatops","timeout":null,"variables":{},"when":"on_success"}"#);
    }

    #[test]
    fn includes_and_wildcards_are_read_from_the_files_folder() {
        let files = [
            (
                ".gitlab-ci.yml",
                "include: [base.yml, 'ci/*.yml']\njob:\n  extends: [.a, .b]\n  rules:\n    - exists: [deep/*/x]\n",
            ),
            ("base.yml", "variables: {BRANCH: x}\n"),
            ("ci/a.yml", ".a: {script: a}\n"),
            ("ci/b.yml", ".b: {image: b}\n"),
            ("deep/er/x", ""),
            (".git/HEAD", "ref: refs/heads/trunk\n"),
        ];
        insta::assert_snapshot!(check(&files, "job"), @r#"{"after_script":[],"allow_failure":false,"before_script":[],"image":"b","name":"job","rules_result":"on_success","script":["a"],"stage":"test","timeout":null,"variables":{"BRANCH":"x"},"when":"on_success"}"#);
    }

    #[test]
    fn the_branch_is_the_one_that_git_has_checked_out() {
        let ci = "job:\n  script: a\n  rules:\n    - if: $CI_COMMIT_BRANCH == 'trunk'\n";
        let shown = check(&[(".gitlab-ci.yml", ci), (".git/HEAD", "ref: refs/heads/trunk\n")], "job");
        assert!(shown.contains("on_success"), "{shown}");
        insta::assert_snapshot!(check(&[(".gitlab-ci.yml", ci)], "job"), @r#"the job "job" is filtered out for chat: none of its rules matches"#);
    }

    #[test]
    fn nothing_outside_of_the_folder_is_read() {
        let folder = folder(&[("in/.gitlab-ci.yml", "include: x.yml\n"), ("out.yml", "job: {script: a}\n")]);
        let file = folder.path().join("in/.gitlab-ci.yml");
        std::os::unix::fs::symlink(folder.path().join("out.yml"), folder.path().join("in/x.yml")).unwrap();
        let error = read(&file, "job").unwrap_err().to_string();
        insta::assert_snapshot!(error, @"invalid configuration: .gitlab-ci.yml: Local file `x.yml` does not exist!");
        fs::write(&file, "include: ../out.yml\n").unwrap();
        insta::assert_snapshot!(read(&file, "job").unwrap_err().to_string(), @"invalid configuration: .gitlab-ci.yml: Local file `../out.yml` does not exist!");
    }

    #[test]
    fn each_refusal_says_which_it_is() {
        let ci = ".base: {script: a}\njob: {script: a, except: [chat]}\n";
        let files = [(".gitlab-ci.yml", ci)];
        insta::assert_snapshot!(check(&files, "none"), @r#"no such job: the configuration defines no job named "none""#);
        insta::assert_snapshot!(check(&files, ".base"), @r#"the job ".base" is hidden: its name starts with a dot, so it is only there to be reused"#);
        insta::assert_snapshot!(check(&files, "job"), @r#"the job "job" is filtered out for chat: `except` matches a chat pipeline on the default branch"#);
        insta::assert_snapshot!(check(&[(".gitlab-ci.yml", "job: {script: [}")], "job"), @"invalid configuration: .gitlab-ci.yml:1:16: did not find expected node content while parsing a flow node");
        insta::assert_snapshot!(check(&[(".gitlab-ci.yml", "job: {stage: x}")], "job"), @"invalid configuration: .gitlab-ci.yml: jobs job config should implement the script:, run:, or trigger: keyword");
        insta::assert_snapshot!(check(&[(".gitlab-ci.yml", "include: {remote: 'https://x/y.yml'}")], "job"), @r#"invalid configuration here: .gitlab-ci.yml: include:remote "https://x/y.yml" cannot be read without GitLab's API"#);
    }
}
