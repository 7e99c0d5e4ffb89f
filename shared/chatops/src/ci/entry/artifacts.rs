//! `artifacts` and its reports.
//!
//! Not here: keeping anything.

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::value::Value;
use super::check::{Check, are_strings, expiry};

pattern!(EXPOSE_AS, r"\A[0-9A-Za-z_][-0-9A-Za-z_ ]*\z");

const KEYS: [&str; 10] = [
    "name",
    "untracked",
    "paths",
    "reports",
    "when",
    "expire_in",
    "expose_as",
    "exclude",
    "public",
    "access",
];

const REPORTS: [&str; 25] = [
    "junit",
    "codequality",
    "sast",
    "secret_detection",
    "dependency_scanning",
    "container_scanning",
    "dast",
    "performance",
    "browser_performance",
    "load_performance",
    "license_scanning",
    "metrics",
    "lsif",
    "dotenv",
    "terraform",
    "accessibility",
    "coverage_fuzzing",
    "api_fuzzing",
    "cluster_image_scanning",
    "requirements",
    "requirements_v2",
    "coverage_report",
    "cyclonedx",
    "annotations",
    "repository_xray",
];

/// The longest name of exposed artifacts: `MAX_EXPOSED_AS_LENGTH`.
const EXPOSE_AS_CHARS_MAX: usize = 100;

pub(crate) fn artifacts(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &KEYS);
    check.exclusive(at, config, &["access", "public"]);
    check.text(at, config, "name");
    check.boolean(at, config, "public");
    check.boolean(at, config, "untracked");
    check.strings(at, config, "paths");
    check.strings(at, config, "exclude");
    check.choice(at, config, ("when", &["on_success", "on_failure", "always"]));
    check.choice(at, config, ("access", &["none", "developer", "all"]));
    if let Some(value) = config.present("expire_in") {
        expiry(check, &format!("{at} expire in"), value);
    }
    if let Some(name) = config.present("expose_as") {
        expose_as(check, at, config, name);
    }
    if let Some(value) = config.present("reports") {
        reports(check, &format!("{at}:reports"), value);
    }
}

fn expose_as(check: &mut Check, at: &str, config: &Value, name: &Value) {
    check.text(at, config, "expose_as");
    let paths = config.present("paths");
    check.unless(paths.is_some_and(|paths| !paths.is_blank()), at, "paths can't be blank");
    let starred =
        paths.and_then(Value::as_list).into_iter().flatten().any(|path| path.to_text().contains('*'));
    check.unless(!starred, at, "paths can't contain '*' when used with 'expose_as'");
    let name = name.to_text();
    let fine = name.chars().count() <= EXPOSE_AS_CHARS_MAX;
    check.unless(fine, at, &format!("expose as is too long (maximum is {EXPOSE_AS_CHARS_MAX} characters)"));
    let fine = EXPOSE_AS.is_match(&name);
    check.unless(fine, at, "expose as can contain only letters, digits, '-', '_' and spaces");
}

fn reports(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &REPORTS);
    for (key, value) in config.as_map().into_iter().flatten() {
        let name = &*key.text;
        // GitLab validates no `codequality`; a coverage report has keys.
        if value.is_nil() || matches!(name, "codequality" | "coverage_report") {
            continue;
        }
        let fine = value.is_string() || are_strings(value);
        check.unless(
            fine,
            at,
            &format!("{} should be an array of strings or a string", name.replace('_', " ")),
        );
    }
    if let Some(report) = config.present("coverage_report") {
        let at = format!("{at}:coverage_report");
        if check.hash(&at, report) {
            check.keys(&at, report, &["coverage_format", "path"]);
            check.required_text(&at, report, "path");
            let format = report.get("coverage_format").and_then(Value::as_text);
            let fine = format.is_some_and(|format| matches!(&**format, "cobertura" | "jacoco"));
            check.unless(fine, &at, "coverage format must be one of supported formats: cobertura, jacoco.");
        }
    }
}
