//! What is deployed: each function built by `cargo lambda`, as `sam build` does it, and what can be said of the file.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The functions, and how many bytes each may have, stripped: all of it is loaded at a cold start, and at those of the
/// receivers somebody waits.
pub(crate) const FUNCTIONS: [(&str, u64); 7] = [
    ("receive-hook", RECEIVER_BYTES_MAX),
    ("receive-command", RECEIVER_BYTES_MAX),
    ("relay-irker", BYTES_MAX),
    ("relay-http", BYTES_MAX),
    ("run-job", BYTES_MAX),
    ("sweep", BYTES_MAX),
    ("serve-api", BYTES_MAX),
];

const RECEIVER_BYTES_MAX: u64 = 8_000_000;
const BYTES_MAX: u64 = 14_000_000;

/// What Lambda's `provided.al2023` has.
pub(crate) const GLIBC_MAX: (u32, u32) = (2, 34);

/// The processors of Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    X86,
    Arm,
}

impl Architecture {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    /// This machine's, if it is one of them.
    pub(crate) fn here() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86),
            "aarch64" => Some(Self::Arm),
            _ => None,
        }
    }
}

/// Builds one program by itself: built together, each would have the features of all. Each architecture has a folder of its
/// own, since the names are the same.
pub(crate) fn build(workspace: &Path, program: &str, architecture: Architecture) -> Result<PathBuf, String> {
    let folder = workspace.join("target/bench").join(architecture.name());
    let mut command = Command::new("cargo");
    command.args(["lambda", "build", "--release", "--package", program, "--lambda-dir"]).arg(&folder);
    if architecture == Architecture::Arm {
        command.arg("--arm64");
    }
    let status = command.current_dir(workspace).status().map_err(|error| format!("run cargo: {error}"))?;
    if status.success() {
        Ok(folder.join(program).join("bootstrap"))
    } else {
        Err(format!("{program} does not build; tests/run brings cargo-lambda and Zig"))
    }
}

/// The newest version of glibc that a program asks for. Its names are texts in the file; one that only looks like it would
/// say too much, never too little.
pub(crate) fn glibc(program: &[u8]) -> (u32, u32) {
    const NAME: &[u8] = b"GLIBC_";
    let version = |text: &[u8]| {
        let text: String = text.iter().take(8).map(|byte| char::from(*byte)).collect();
        let (major, rest) = text.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let places = program.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    places.filter_map(|(place, _)| version(&program[place + NAME.len()..])).max().unwrap_or_default()
}
