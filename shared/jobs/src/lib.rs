//! A run, from the name of a job to its end: [`find`] looks the job up in the project's repository, [`run_job`] begins it
//! with the executor that the project has chosen, and follows it; [`local`] is the executor of this machine.
//!
//! This is where libgit2 comes in, so nothing links this crate that does not run jobs.
//!
//! Not here: who may run what and what chat is told (`app`, `chatops`), what `.gitlab-ci.yml` means (`chatops::ci`), and
//! the executors of others (`app::gitlab`, `aws`).

mod files;
pub mod find;
pub mod local;
pub mod run_job;
