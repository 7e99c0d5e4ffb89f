//! Every target over its committed corpus, and all that is committed belongs to a target.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// A corpus is small: it is read with every test, and travels with every clone.
const CORPUS_BYTES_MAX: u64 = 200 * 1024;

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names(folder: &str) -> BTreeSet<String> {
    let paths = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    paths.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_target_holds_over_its_corpus() {
    for (name, target) in TARGETS {
        let inputs = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name));
        let bytes: u64 = inputs.iter().map(|input| fs::metadata(input).unwrap().len()).sum();
        assert!(!inputs.is_empty() && bytes <= CORPUS_BYTES_MAX, "{name}: {bytes} bytes");
        for input in inputs {
            // Said before it runs, so that whoever sees it fail knows with what.
            println!("{}", input.display());
            target(&fs::read(&input).unwrap());
        }
    }
}

#[test]
fn the_list_of_targets_is_the_same_everywhere() {
    let ours: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("corpus"), ours);
    assert_eq!(names("libfuzzer/fuzz_targets"), ours);
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let bins: BTreeSet<String> = bins.iter().map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(bins, ours);
}

/// What stands for the table while doors are tried is one.
mod memory {
    use app::clock::{Clock, Timestamp};
    use fuzz::MemoryTable;

    #[expect(clippy::unused_async, reason = "the suite waits for a house to be built")]
    async fn a_table() -> Option<(MemoryTable, Clock)> {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        Some((MemoryTable::new(clock.clone()), clock))
    }

    app::table_conformance!(super::memory::a_table);
}
