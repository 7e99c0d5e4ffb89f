//! `.gitlab-ci.yml`: whatever it says, an answer comes, and what was typed is never expanded.

use std::panic;

use chatops::ci::{Context, Environment, Repository, limits, resolve, runnable};
use chatops::script::script;

const PATH: &str = ".gitlab-ci.yml";

/// What somebody typed behind the job's name.
const TYPED: &str = "$(id) `id` $CI_JOB_NAME ${HOME} %PATH% $$ '\" ; rm";

/// How many jobs of one file are resolved: each costs as much as the first.
const JOBS_MAX: usize = 3;

/// The file, and one that it may include.
struct Files<'a>([(&'static str, &'a [u8]); 2]);

impl Repository for Files<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(name, _)| *name == path).map(|(_, bytes)| bytes.to_vec())
    }

    fn paths(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// What comes of some work, whose panics nobody sees unless they come out of it: the parser of YAML panics over a few texts,
/// and is caught at it, and a machine that ends at the first panic would find nothing else.
fn unseen(work: impl FnOnce() + panic::UnwindSafe) {
    let seen = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(work);
    panic::set_hook(seen);
    if let Err(reason) = done {
        let said = reason.downcast_ref::<String>().cloned();
        panic!(
            "{}",
            said.or_else(|| reason.downcast_ref::<&str>().map(|said| (*said).to_owned())).unwrap_or_default()
        );
    }
}

/// An input is the file; behind a line `--> other.yml` stands one that it may include.
pub(crate) fn ci(bytes: &[u8]) {
    const CUT: &[u8] = b"\n--> other.yml\n";
    let cut = bytes.windows(CUT.len()).position(|window| window == CUT);
    let (file, other) = cut.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + CUT.len()..]));
    unseen(move || holds(&Files([(PATH, file), ("other.yml", other)])));
}

fn holds(files: &Files<'_>) {
    let context = Context {
        branch: "main".to_owned(),
        config_path: PATH.to_owned(),
        commit: None,
        project_path: Some("g/p".to_owned()),
        variables: vec![("CHAT_INPUT".to_owned(), TYPED.to_owned())],
    };
    let mut names = runnable(files, &context).unwrap_or_default();
    names.truncate(JOBS_MAX);
    for name in names.iter().map(String::as_str).chain(["job"]) {
        let Ok(job) = resolve(files, &context, name) else { continue };
        assert!(job.retry <= 2, "GitLab tries twice again");
        let environment = Environment::of(&job, &context);
        let input = environment.iter().find(|(known, _)| *known == "CHAT_INPUT");
        assert_eq!(input, Some(("CHAT_INPUT", TYPED)), "what is typed is data");
        let script = script(job.before_script.iter().chain(&job.script));
        // What is written is all there is: aliases and references cannot multiply it.
        assert!(script.len() < 16 * limits::FILE_BYTES_MAX, "{} bytes of script", script.len());
    }
}
