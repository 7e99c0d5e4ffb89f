use super::*;

/// `Some(true)`: holds; `Some(false)`: does not; `None`: GitLab refuses it.
#[track_caller]
fn check(expression: &str, wanted: Option<bool>) {
    let variables = [
        ("CI_PIPELINE_SOURCE", "chat"),
        ("EMPTY", ""),
        ("BLANK", "  "),
        ("MAIN", "main"),
        ("PATTERN", "/^ma.n$/"),
        ("PLAIN", "on main today"),
        ("SLASHES", r"/a\/b/"),
    ];
    let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let valid = is_valid(expression);
    let seen = valid.then(|| is_truthful(expression, &variables));
    assert_eq!(seen, wanted, "{expression}");
}

#[test]
fn comparing() {
    check(r#"$CI_PIPELINE_SOURCE == "chat""#, Some(true));
    check("$CI_PIPELINE_SOURCE=='chat'", Some(true));
    check(r#"$CI_PIPELINE_SOURCE != "chat""#, Some(false));
    check(r#""chat" == $CI_PIPELINE_SOURCE"#, Some(true));
    check("$MAIN == $MAIN", Some(true));
    check("$NONE == null", Some(true));
    check("$NONE != null", Some(false));
    check("$EMPTY == null", Some(false));
    check(r#"$EMPTY == """#, Some(true));
    check("$NONE == ''", Some(false));
}

#[test]
fn standing_alone() {
    check("$MAIN", Some(true));
    check("$NONE", Some(false));
    check("$EMPTY", Some(false));
    check("$BLANK", Some(false));
    check("null", Some(false));
    check("'text'", Some(true));
    check("/text/", Some(true));
}

#[test]
fn joining() {
    check("$MAIN && $NONE", Some(false));
    check("$NONE || $MAIN", Some(true));
    check("$NONE && $MAIN || $MAIN", Some(true));
    check("$MAIN || $MAIN && $NONE", Some(true));
    check("($MAIN || $MAIN) && $NONE", Some(false));
    check("$EMPTY && $MAIN", Some(true));
    check("$EMPTY || $MAIN", Some(false));
    check(r#"$MAIN == "main" && $CI_PIPELINE_SOURCE =~ /^ch/"#, Some(true));
}

#[test]
fn matching() {
    check("$MAIN =~ /^ma/", Some(true));
    check("$MAIN !~ /^ma/", Some(false));
    check("$MAIN =~ /MAIN/i", Some(true));
    check("$MAIN =~ $PATTERN", Some(true));
    check("$MAIN =~ '/^x.y$/'", Some(false));
    check("$MAIN =~ $NONE", Some(false));
    check("$MAIN !~ $NONE", Some(true));
    check("$MAIN =~ $PLAIN", Some(true));
    check("$NONE =~ /.*/", Some(true));
    check("'a/b' =~ $SLASHES", Some(true));
    check(r"'a/b' =~ /a\/b/", Some(true));
}

#[test]
fn what_gitlab_refuses() {
    for expression in [
        "",
        "  ",
        "${MAIN} == 'main'",
        "$MAIN = 'main'",
        "$MAIN === 'main'",
        "$MAIN == main",
        "$MAIN ==",
        "== 'main'",
        "$MAIN 'main'",
        "($MAIN",
        "$MAIN)",
        "()",
        "!$MAIN",
        "$MAIN =~ /a/",
        "$MAIN =~ /(ab/",
        "$MAIN == \"main'",
        "nullable",
        "/ab/ == 'x'",
        "$MAIN & $MAIN",
    ] {
        check(expression, None);
    }
}

#[test]
fn a_hundred_tokens_are_too_many() {
    let joined = |count: usize| vec!["$A"; count].join(" && ");
    check(&joined(50), Some(false));
    check(&format!("({})", joined(50)), None);
    check(&joined(51), None);
}
