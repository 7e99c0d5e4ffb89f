//! The house rules that no compiler checks. Each is a sentence of README.md's architecture section.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use end_to_end::workspace;
use toml::Table;

/// Our crates from the ground up: a crate depends only on crates of lower floors.
const FLOORS: [&[&str]; 5] = [
    &["payload"],
    &["config"],
    &["relay", "chatops"],
    &["app", "git"],
    &["api", "aws", "console", "embedded", "jobs"],
];

/// The floor of the programs, above all others.
const PROGRAMS: usize = FLOORS.len();

/// Crates that do no IO, read no clock and have no async.
const PURE: [&str; 4] = ["payload", "config", "relay", "chatops"];

/// What a pure crate never depends on, by the beginning of its name.
const IMPURE_CRATES: [&str; 12] = [
    "async",
    "aws",
    "axum",
    "futures",
    "getrandom",
    "git2",
    "hyper",
    "lambda",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
];

/// What a pure crate never says.
const IMPURE_WORDS: [&str; 9] = [
    "async fn",
    "std::fs",
    "std::env",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime::now",
    "Instant::now",
];

/// A main only wires.
const MAIN_LINES_MAX: usize = 40;

/// More than this nobody reads in one go.
const FILE_LINES_MAX: usize = 400;

#[test]
fn arrows_only_point_down() {
    for (folder, floor) in crates() {
        for dependency in ours(&dependencies(&folder)) {
            let below = floor_of(&dependency).unwrap_or(PROGRAMS);
            assert!(below < floor, "{} depends on {dependency}, which is not below it", folder.display());
        }
    }
}

#[test]
fn functions_know_only_aws_and_the_use_cases() {
    for folder in folders("functions") {
        let ours = ours(&dependencies(&folder));
        let mut allowed = BTreeSet::from(["app".to_owned(), "aws".to_owned()]);
        // The one that reads repositories; no other function links libgit2.
        allowed.extend((name_of(&folder) == "run-job").then(|| "jobs".to_owned()));
        let is_served = name_of(&folder) == "serve-api";
        allowed.extend(["api", "console"].into_iter().filter(|_| is_served).map(str::to_owned));
        assert!(ours.is_subset(&allowed), "{} depends on {ours:?}", folder.display());
    }
}

#[test]
fn pure_crates_are_pure() {
    for name in PURE {
        let folder = workspace().join("shared").join(name);
        for dependency in dependencies(&folder) {
            let impure = IMPURE_CRATES.iter().any(|begin| dependency.starts_with(begin));
            assert!(!impure, "{name} is pure and may not depend on {dependency}");
        }
        for file in production_files(&folder.join("src")) {
            let code = production(&file);
            for word in IMPURE_WORDS {
                assert!(!code.contains(word), "{} is pure and may not say {word}", file.display());
            }
        }
    }
}

#[test]
fn mains_of_functions_only_wire() {
    for folder in folders("functions") {
        let files = rust_files(&folder.join("src"));
        assert_eq!(files, [folder.join("src/main.rs")], "a function is its main, and the rest is in shared/");
        let lines = production(&files[0]).lines().count();
        assert!(lines <= MAIN_LINES_MAX, "{} has {lines} lines", files[0].display());
    }
}

#[test]
fn files_can_be_read_in_one_go() {
    for top in ["functions", "infra", "shared", "tests"] {
        for file in production_files(&workspace().join(top)) {
            let lines = production(&file).lines().count();
            assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn every_function_is_deployed() {
    let template = fs::read_to_string(workspace().join("template.yaml")).expect("read template.yaml");
    for folder in folders("functions") {
        let name = name_of(&folder);
        let deployed = template.lines().any(|line| {
            let place = line.trim().strip_prefix("CodeUri:").map(str::trim);
            place.is_some_and(|place| {
                place.trim_start_matches("./").trim_end_matches('/') == format!("functions/{name}")
            })
        });
        assert!(deployed, "template.yaml has no function with CodeUri: functions/{name}");
        assert!(
            workspace().join("functions").join(&name).join("Cargo.toml").exists(),
            "functions/{name} is a crate"
        );
    }
}

#[test]
fn the_top_level_holds_what_it_should_and_nothing_else() {
    const WANTED: [&str; 12] = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "functions",
        "infra",
        "shared",
        "template.yaml",
    ];
    // What git ignores: builds, and the store of a server that was tried here.
    const IGNORED: [&str; 2] = ["bellhop-data", "target"];

    let there = entries(workspace()).into_iter().map(|entry| name_of(&entry));
    let there: BTreeSet<String> = there.filter(|name| !name.starts_with('.')).collect();
    let wanted: BTreeSet<String> = WANTED.into_iter().chain(["tests"]).map(str::to_owned).collect();
    let missing: Vec<_> = wanted.difference(&there).collect();
    let extra: Vec<_> = there.difference(&wanted).filter(|name| !IGNORED.contains(&name.as_str())).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}; not ours: {extra:?}");
}

/// What `SECURITY.md` says is tested is: by a test of that name.
#[test]
fn the_tests_that_security_rests_on_are_there() {
    let promised = fs::read_to_string(workspace().join("SECURITY.md")).expect("read SECURITY.md");
    let is_test =
        |name: &&str| name.len() >= 12 && name.matches('_').count() >= 3 && !name.contains(['/', ' ', '{']);
    let promised: BTreeSet<_> = promised.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(promised.len() >= 40, "{promised:?}");
    let files = ["functions", "infra", "shared", "tests"].map(|top| rust_files(&workspace().join(top)));
    let code: String = files.iter().flatten().map(|file| fs::read_to_string(file).expect("read")).collect();
    for name in promised {
        assert!(code.contains(&format!("fn {name}(")), "SECURITY.md names {name}, and there is no such test");
    }
}

/// Every crate of ours but the tests, with its floor.
fn crates() -> Vec<(PathBuf, usize)> {
    let shared = folders("shared").into_iter().map(|folder| {
        let floor = floor_of(&name_of(&folder));
        (folder.clone(), floor.unwrap_or_else(|| panic!("{} has no floor in the house", folder.display())))
    });
    let programs = folders("functions").into_iter().chain([workspace().join("infra/local")]);
    shared.chain(programs.map(|folder| (folder, PROGRAMS))).collect()
}

fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// Those that are crates of this workspace.
fn ours(dependencies: &BTreeSet<String>) -> BTreeSet<String> {
    let ours = crates_by_name();
    dependencies.intersection(&ours).cloned().collect()
}

fn crates_by_name() -> BTreeSet<String> {
    let folders =
        folders("shared").into_iter().chain(folders("functions")).chain([workspace().join("infra/local")]);
    folders
        .map(|folder| manifest(&folder)["package"]["name"].as_str().expect("a crate has a name").to_owned())
        .collect()
}

/// The names of all that a crate links, its tests and build scripts apart.
fn dependencies(folder: &Path) -> BTreeSet<String> {
    let manifest = manifest(folder);
    assert!(!manifest.contains_key("target"), "dependencies by platform are not looked at here");
    let dependencies = manifest.get("dependencies").and_then(|table| table.as_table());
    dependencies.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

fn manifest(folder: &Path) -> Table {
    let text = fs::read_to_string(folder.join("Cargo.toml")).expect("read Cargo.toml");
    text.parse().expect("Cargo.toml is TOML")
}

/// A file up to its tests; all of it in the test crate. Test modules that are files of their own are only named in it.
fn production(file: &Path) -> String {
    let code = fs::read_to_string(file).expect("read a source file");
    let end = code.find("\n#[cfg(test)]\nmod tests {").unwrap_or(code.len());
    code[..end].to_owned()
}

/// All files but those of test modules, which may be a file, a folder or both.
fn production_files(folder: &Path) -> Vec<PathBuf> {
    let files = rust_files(folder);
    let tests: Vec<_> = files.iter().flat_map(|file| test_modules(file)).collect();
    let is_test = |file: &Path| {
        tests.iter().any(|module| file.starts_with(module) || file.with_extension("") == *module)
    };
    files.into_iter().filter(|file| !is_test(file)).collect()
}

/// Where the test modules that a file names are, without the ending.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let code = fs::read_to_string(file).expect("read a source file");
    let is_root = ["lib.rs", "main.rs", "mod.rs"].contains(&name_of(file).as_str());
    let folder = if is_root {
        file.parent().expect("a file is in a folder").to_owned()
    } else {
        file.with_extension("")
    };
    let names = code.split("#[cfg(test)]\nmod ").skip(1);
    names.filter_map(|rest| rest.lines().next()?.strip_suffix(';')).map(|name| folder.join(name)).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in entries(folder) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            files.push(entry);
        }
    }
    files
}

fn folders(top: &str) -> Vec<PathBuf> {
    entries(&workspace().join(top)).into_iter().filter(|entry| entry.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("read a folder").path()).collect();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a path has a name").to_string_lossy().into_owned()
}
