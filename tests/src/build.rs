//! The programs of the workspace, as they would be built now.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::tools::workspace;

/// Where a program of ours is. The first call builds them all, with the same features as `tests/run` does: then
/// nothing is compiled twice, and a test never runs what is older than the code.
pub fn built(program: &str) -> &'static Path {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(build);
    programs.get(program).unwrap_or_else(|| panic!("the workspace has no program {program}"))
}

fn build() -> HashMap<String, PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--workspace", "--all-features", "--all-targets", "--quiet"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .output()
        .expect("run cargo");
    assert!(output.status.success(), "it does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    let reports = String::from_utf8(output.stdout).expect("cargo writes text");
    let reports = reports.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = reports.filter_map(|report| Some(PathBuf::from(report["executable"].as_str()?)));
    programs.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path))).collect()
}
