//! Whatever comes, an answer comes: soon, and without a crash.

use proptest::prelude::*;

use super::{Files, answer};

fn files(text: String) -> Files {
    let mut files = Files::default();
    files.0.insert(".gitlab-ci.yml".to_owned(), text);
    files
}

/// So many lines, each made of its number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// The same text so many times.
fn times(count: usize, text: &str) -> String {
    vec![text; count].join(", ")
}

const TOO_BIG: &str = "ERROR invalid configuration: .gitlab-ci.yml: The parsed YAML is too big";

#[test]
fn an_alias_bomb_is_an_error() {
    // Nine lists of nine, each of the one before: 387 million texts in 400 bytes.
    let bomb = lines(9, |n| format!("a{}: &a{} [{}]\n", n + 1, n + 1, times(9, &format!("*a{n}"))));
    assert_eq!(answer(&files(format!("a0: &a0 x\n{bomb}")), "job"), TOO_BIG);
    let maps = lines(40, |n| format!("a{}: &a{} {{l: *a{n}, r: *a{n}}}\n", n + 1, n + 1));
    assert_eq!(answer(&files(format!("a0: &a0 x\n{maps}")), "job"), TOO_BIG);
    assert_eq!(answer(&files("a: &a [*a]\njob: {script: x}\n".to_owned()), "job"), TOO_BIG);
}

#[test]
fn merge_keys_cannot_multiply_without_end() {
    let big = lines(2000, |n| format!("  k{n}: 1\n"));
    let many = lines(1000, |n| format!("m{n}: {{<<: *a}}\n"));
    let seen = answer(&files(format!("a: &a\n{big}{many}")), "job");
    assert!(seen.contains("The parsed YAML is too big"), "{seen}");
}

#[test]
fn deep_and_large_texts_are_errors() {
    let nested =
        |depth: usize| format!("job: {{script: x}}\n.a: {}x{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(answer(&files(nested(99)), "job"), "test script=[\"x\"]");
    assert_eq!(answer(&files(nested(100)), "job"), TOO_BIG);
    assert!(answer(&files("[".repeat(200_000)), "job").starts_with("ERROR invalid configuration"));
    assert!(answer(&files("- ".repeat(200_000)), "job").starts_with("ERROR invalid configuration"));
    let large = format!("job: {{script: x}}\n.a: '{}'\n", "x".repeat(3 * 1024 * 1024));
    assert_eq!(answer(&files(large), "job"), TOO_BIG);
    let fine = format!("job: {{script: x}}\n.a: '{}'\n", "x".repeat(1024 * 1024));
    assert_eq!(answer(&files(fine), "job"), "test script=[\"x\"]");
}

#[test]
fn extends_and_references_cannot_multiply_without_end() {
    let parents =
        lines(9, |n| format!(".p{n}: {{extends: [{}], k{n}: 1}}\n", times(60, &format!(".p{}", n + 1))));
    let seen = answer(&files(format!("{parents}.p9: {{x: 1}}\njob: {{script: x}}\n")), "job");
    assert_eq!(seen, "test script=[\"x\"]");
    let chain =
        lines(9, |n| format!(".s{n}: {{l: [{}]}}\n", times(9, &format!("!reference [.s{}, l]", n + 1))));
    let seen =
        answer(&files(format!("{chain}.s9: {{l: [x]}}\njob: {{script: !reference [.s0, l]}}\n")), "job");
    assert!(seen.contains("too big"), "{seen}");
    let long = lines(5000, |n| format!(".s{n}: {{l: !reference [.s{}, l]}}\n", n + 1));
    let seen = answer(&files(format!("{long}job: {{script: x}}\n")), "job");
    assert!(seen.contains("too long a chain"), "{seen}");
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        answer(&files(text), "job");
    }

    #[test]
    fn anything_that_looks_like_yaml_gets_an_answer(
        text in "((job|\\.a|rules|if|script|variables|extends|needs|stage|default|include|spec|only|parallel|matrix|when|trigger|image)?(: | |\n|\n  |\n  - |- |\\[|\\]|\\{|\\}|, |&x |\\*x|!reference |'|\"|<<: \\*x|\\$A == |/x+/|\\$\\[\\[ inputs.x \\]\\]|---\n|chat|1|~)){0,40}"
    ) {
        answer(&files(text), "job");
    }
}
