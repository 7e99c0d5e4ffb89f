//! For the tests of the forges' modules: all the collected payloads (`tests/fixtures/payloads`).
//!
//! Not here: what becomes of them.

use std::fs;
use std::path::Path;

const MANIFEST: &str = include_str!("../../../tests/fixtures/payloads/manifest.tsv");

/// A payload as a forge sent it.
pub(crate) struct Collected {
    /// The event's name, as its header has it; empty if there was no header.
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) body: String,
}

/// Those of one forge: `gitlab` stands for `gitlab-system` as well.
pub(crate) fn collected(forge: &str) -> Vec<Collected> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/payloads");
    let rows = MANIFEST.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let of_forge = rows.filter(|row| row[1].split("-system").next() == Some(forge));
    of_forge
        .map(|row| Collected {
            name: row[2],
            file: row[3],
            body: fs::read_to_string(folder.join(row[3])).expect("read a payload"),
        })
        .collect()
}
