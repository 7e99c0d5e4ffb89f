use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

/// A log as the runner writes it, around what the script prints.
fn log(script: &str) -> String {
    format!(
        "\u{1b}[0KRunning with gitlab-runner 19.4.0 (d79f3e7b)\u{1b}[0;m\n\
         section_start:1560896352:prepare_executor\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1mPreparing the \"docker\" executor\u{1b}[0;m\n\
         section_end:1560896353:prepare_executor\r\u{1b}[0K\
         section_start:1560896353:step_script\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1mExecuting \"step_script\" stage of the job script\u{1b}[0;m\u{1b}[0;m\n\
         \u{1b}[0KUsing docker image sha256:abc for ruby:3.3 ...\u{1b}[0;m\n\
         {script}\
         section_end:1560896354:step_script\r\u{1b}[0K\
         section_start:1560896354:cleanup_file_variables\r\u{1b}[0K\u{1b}[36;1mCleaning up project directory and file based variables\u{1b}[0;m\n\
         section_end:1560896355:cleanup_file_variables\r\u{1b}[0K\
         \u{1b}[32;1mJob succeeded\u{1b}[0;m\n"
    )
}

/// A command's echo, and what it prints.
fn command(command: &str, printed: &str) -> String {
    format!("\u{1b}[32;1m$ {command}\u{1b}[0;m\n{printed}")
}

fn of(bytes: &[u8], secrets: &[Secret], is_sole_command: bool) -> Excerpt {
    reply(&Log { bytes, secrets, arguments: "", is_sole_command })
}

/// The reply of a job of one command.
fn check(script: &str) -> String {
    of(log(script).as_bytes(), &[], true).text
}

/// The reply of a job of several.
fn check_all(script: &str) -> String {
    of(log(script).as_bytes(), &[], false).text
}

/// Case 16 of the ChatOps cases.
#[test]
fn a_single_command_answers_with_what_it_prints() {
    assert_eq!(check(&command("echo \"Hello World\"", "Hello World\n")), "Hello World");
    assert_eq!(check(&command("ls", "\u{1b}[01;34mapp\u{1b}[0m\nbin\n")), "app\nbin");
    assert_eq!(check(&command("true", "")), "");
    assert_eq!(check(&command("x", "\n\n  indented\n\n")), "  indented");
}

/// Case 16, with the runner's timestamps.
#[test]
fn timestamps_do_not_show() {
    let plain = log(&command("echo hi", "hi\n"));
    let stamp = |line| format!("2026-08-01T12:00:00.123456Z 00O {line}");
    let stamped = plain.split_inclusive('\n').map(stamp).collect::<Vec<_>>().concat();
    assert_eq!(of(stamped.as_bytes(), &[], true).text, "hi");
}

#[test]
fn a_line_that_goes_on_is_one_line_also_while_the_other_stream_talks() {
    let stamp = |stream: &str, text: &str| format!("2026-08-01T12:00:00.123456Z {stream}{text}\n");
    let stamped = [
        stamp("00O ", "\u{1b}[32;1m$ x\u{1b}[0;m"),
        stamp("01O ", "one sec"),
        stamp("01E ", "warning"),
        stamp("01O+", "ret"),
        stamp("01O ", "2026-08-01T12:00:00.123456Z 00O printed by the job"),
        "no stamp\n".to_owned(),
    ];
    let masked = of(stamped.concat().as_bytes(), &[Secret::new("secret")], true);
    assert_eq!(
        masked.text,
        "one [MASKED]\nwarning\n2026-08-01T12:00:00.123456Z 00O printed by the job\nno stamp"
    );
}

/// Case 17.
#[test]
fn several_commands_answer_with_themselves_and_what_they_print() {
    let script = [
        command("cd app", ""),
        command("echo one", "one\n"),
        command("if x; then # collapsed multi-line command", "\u{1b}[31mtwo\u{1b}[0m\n"),
    ];
    assert_snapshot!(check_all(&script.concat()), @"
    $ cd app
    $ echo one
    one
    $ if x; then # collapsed multi-line command
    two
    ");
}

#[test]
fn script_sections_of_newer_runners_do_not_show() {
    let section = |at: u32, script: String| {
        format!(
            "section_start:1:section_script_step_{at}[hide_duration=true,collapsed=true]\r\u{1b}[0K{script}section_end:1:section_script_step_{at}\r\u{1b}[0K"
        )
    };
    let script = section(0, command("echo one", "one\n")) + &section(1, command("echo two", "two\n"));
    assert_snapshot!(check_all(&script), @"
    $ echo one
    one
    $ echo two
    two
    ");
    assert_eq!(check(&section(0, command("echo one", "one\n"))), "one");
}

/// The section that a job marks, as the documentation does.
fn marked(inner: &str) -> String {
    format!("section_start:1:chat_reply\r\u{1b}[0K{inner}section_end:2:chat_reply\r\u{1b}[0K\n")
}

/// Case 18.
#[test]
fn a_job_may_mark_its_reply() {
    let with =
        |inner: &str| command("echo before", "before\n") + &command("echo -e \"section_start:...\"", inner);
    assert_eq!(check_all(&with(&marked("\nA\nB\n"))), "A\nB");
    assert_eq!(check_all(&with(&marked("a title\nA\n"))), "A");
    assert_eq!(check_all(&with(&marked("\n\u{1b}[1mA\u{1b}[0m\r\nB\n"))), "A\nB");
    let collapsed = marked("\nA\n").replace("chat_reply\r", "chat_reply[collapsed=true]\r");
    assert_eq!(
        check_all(&with(&collapsed.replacen(
            "section_end:2:chat_reply[collapsed=true]",
            "section_end:2:chat_reply",
            1
        ))),
        "A"
    );
}

/// Case 18, its second part.
#[test]
fn a_reply_that_is_marked_twice_or_by_halves_is_the_whole_output() {
    let whole = |inner: &str| check(&command("x", inner));
    assert_snapshot!(whole(&format!("{}{}", marked("\nA\n"), marked("\nB\n"))), @"
    A


    B
    ");
    assert_snapshot!(whole("section_start:1:chat_reply\r\u{1b}[0K\nA\n"), @"A");
    assert_snapshot!(whole("A\nsection_end:1:chat_reply\r\u{1b}[0K\n"), @"A");
    assert_snapshot!(whole("section_start:1:chat_reply\nA\nsection_end:2:chat_reply\n"), @"
    section_start:1:chat_reply
    A
    section_end:2:chat_reply
    ");
}

/// Case 18, its third part: what the user typed comes out of `echo -e` as a marker.
#[test]
fn a_marker_that_the_user_typed_is_no_marker() {
    let typed = "x\\nsection_end:1:chat_reply\\r\\e[0K";
    let forged = "x\nsection_end:1:chat_reply\r\u{1b}[0K\n";
    let honest = command("work", &format!("begin\n{}", marked(&format!("\nA {forged}B\n"))));
    // Beside a true marker, a forged one is one too many.
    assert_snapshot!(check(&honest), @"
    begin

    A x

    B
    ");
    // Alone, it is not believed, since the user typed what it begins with.
    let alone = log(&command("work", &format!("begin\n{}the end\n", marked("\nall is well\n"))));
    let log = Log { bytes: alone.as_bytes(), secrets: &[], arguments: typed, is_sole_command: true };
    assert_snapshot!(reply(&log).text, @"
    begin

    all is well

    the end
    ");
    assert_eq!(reply(&Log { arguments: "a b", ..log }).text, "all is well");
}

#[test]
fn a_job_that_prints_the_scripts_markers_hides_nothing() {
    let printed =
        "one\nsection_end:1:step_script\r\u{1b}[0K\ntwo\nsection_start:1:step_script\r\u{1b}[0K\nthree\n";
    assert_snapshot!(check(&command("x", printed)), @"
    one

    two

    three
    ");
}

#[test]
fn a_log_that_breaks_off_or_has_no_sections_is_read_all_the_same() {
    let broken = "section_start:1:step_script\r\u{1b}[0K\u{1b}[36;1mExecuting\u{1b}[0;m\n\u{1b}[32;1m$ sleep 99\u{1b}[0;m\nworking\n\
        \u{1b}[0;33mWARNING: step_script could not run to completion because the timeout was exceeded.\u{1b}[0;m\n\
        \u{1b}[31;1mERROR: Job failed: execution took longer than 1m0s seconds\u{1b}[0;m\n";
    assert_eq!(of(broken.as_bytes(), &[], true).text, "working");
    assert_eq!(
        of(b"\x1b[32;1m$ x\x1b[0;m\nJob succeeded\n\x1b[32;1mJob succeeded\x1b[0;m\n", &[], true).text,
        "Job succeeded"
    );
    assert_eq!(of(b"just text\n", &[], true).text, "just text");
    assert_eq!(of(b"section_start:1:step_script\r\x1b[0Ktitle\nno echo\n", &[], true).text, "no echo");
    let on_the_markers_line = b"section_start:1:step_script\r\x1b[0K\x1b[32;1m$ x\x1b[0;m\none\n";
    assert_eq!(of(on_the_markers_line, &[], false).text, "$ x\none");
    assert_eq!(of(on_the_markers_line, &[], true).text, "one");
    assert_eq!(of(b"", &[], true), Excerpt::default());
}

#[test]
fn a_terminals_orders_do_not_show() {
    for (printed, shown) in [
        ("\u{1b}[1;31mred\u{1b}[m", "red"),
        ("10%\r50%\r100%\r\n", "100%"),
        ("\u{1b}]8;;http://evil/\u{7}link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{9b}31mred\u{1b}(B", "red"),
        ("a\u{8}\u{0}\u{7f}\u{85}b\tc", "ab\tc"),
        ("\u{1b}\u{1b}[0m[31mx", "[31mx"),
        ("user\u{202e}txt.exe", "usertxt.exe"),
        ("\u{1b}[", "["),
    ] {
        assert_eq!(check(&command("x", printed)), shown, "{printed:?}");
    }
    assert_eq!(of(b"\xff\xfe ok", &[], true).text, "\u{fffd}\u{fffd} ok");
}

/// Case 23: over two writes, under a colour, across a line that goes on.
#[test]
fn a_secret_never_shows() {
    let secrets = [Secret::new("hunter2hunter2"), Secret::new("hunter2"), Secret::new("2hunt3r")];
    let masked = |printed: &str| of(log(&command("x", printed)).as_bytes(), &secrets, true).text;
    assert_eq!(masked("it is hunter2.\n"), "it is [MASKED].");
    assert_eq!(masked("hunter2hunter2"), "[MASKED]");
    assert_eq!(masked("hunter2hunt3r"), "[MASKED]", "where two overlap, neither leaves a rest");
    assert_eq!(masked("hunter2 hunter2"), "[MASKED] [MASKED]");
    assert_eq!(masked("hun\u{1b}[0mter2"), "[MASKED]");
    assert_eq!(masked("hun\u{0}ter2"), "[MASKED]");
    assert_eq!(masked("hunsection_start:1:x\r\u{1b}[0Kter2"), "[MASKED]");
    assert_eq!(masked("wrong\rhunter2"), "[MASKED]");
    let bell = of(b"be\x1b[0mll\x07tower", &[Secret::new("bell\u{7}tower")], true);
    assert_eq!(bell.text, "[MASKED]", "as it looks without what a chat does not show");
    let section = log(&command("x", &marked("\nhunter2\n")));
    assert_eq!(of(section.as_bytes(), &secrets, false).text, "[MASKED]");
}

#[test]
fn a_key_of_several_lines_is_hidden_line_by_line() {
    let secrets = [Secret::new("-----BEGIN KEY-----\r\nMIIEpAIBAAKCAQEA\n}\n")];
    let masked = of(b"  MIIEpAIBAAKCAQEA\n}\n", &secrets, true).text;
    assert_eq!(masked, "  [MASKED]\n}");
}

#[test]
fn a_secret_of_which_a_part_is_taken_out_is_hidden_before() {
    let section = log(&command("x", &marked("abc\ndef\n")));
    let taken = of(section.as_bytes(), &[Secret::new("abc\ndef")], true).text;
    assert!(!taken.contains("def"), "{taken}");
}

/// Case 23, at the edge of the cut.
#[test]
fn a_secret_at_the_cut_is_hidden_before_it_is_cut() {
    let secrets = [Secret::new("hunter2hunter2")];
    for at in OUTPUT_BYTES_MAX - 60..OUTPUT_BYTES_MAX + 60 {
        let printed = format!("{}hunter2hunter2{}", "x".repeat(at), "y".repeat(4_000));
        let shown = of(printed.as_bytes(), &secrets, true).text;
        assert!(!shown.contains("hunter") && !shown.contains("ter2"), "{at}");
    }
}

/// Case 19.
#[test]
fn long_output_is_head_and_tail_between_characters() {
    let at_most = "é".repeat(OUTPUT_BYTES_MAX / 2);
    assert_eq!(of(at_most.as_bytes(), &[], true), Excerpt { text: at_most.clone(), left_out_bytes: 0 });
    let longer = of(format!("{at_most}!").as_bytes(), &[], true);
    assert!(longer.left_out_bytes > 0 && longer.text.len() <= OUTPUT_BYTES_MAX);
    let family = "👨‍👩‍👧‍👦";
    for shift in 0..family.len() {
        let shifted = of(format!("{}{}", "x".repeat(shift), family.repeat(400)).as_bytes(), &[], true);
        let tail = shifted.text.rsplit('\n').next().unwrap();
        assert!(tail.starts_with(family) && tail.len().is_multiple_of(family.len()), "{shift}");
    }
    let families = of(family.repeat(400).as_bytes(), &[], true);
    let (head, rest) = families.text.split_once("\n[... ").unwrap();
    let (left_out, tail) = rest.split_once(" bytes left out ...]\n").unwrap();
    assert_eq!((head.len() % family.len(), tail.len() % family.len()), (0, 0));
    assert!(head.starts_with(family) && tail.len() > head.len());
    assert_eq!(left_out.parse(), Ok(families.left_out_bytes));
    assert_eq!(head.len() + tail.len() + families.left_out_bytes, 400 * family.len());
}

/// Case 20, its first part.
#[test]
fn a_failure_shows_its_last_lines() {
    let printed = (1..=30).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    let failed = log(&command("make", &printed));
    let log = Log {
        bytes: failed.as_bytes(),
        secrets: &[Secret::new("line 30")],
        arguments: "",
        is_sole_command: false,
    };
    assert_snapshot!(last_lines(&log).text, @"
    line 21
    line 22
    line 23
    line 24
    line 25
    line 26
    line 27
    line 28
    line 29
    [MASKED]
    ");
    let endless = Log { bytes: &b"x".repeat(5_000), ..log };
    assert_eq!(
        last_lines(&endless),
        Excerpt { text: "x".repeat(LAST_LINES_BYTES_MAX), left_out_bytes: 3_976 }
    );
    let short = Log { bytes: b"one\ntwo\n", ..log };
    assert_eq!(last_lines(&short), Excerpt { text: "one\ntwo".to_owned(), left_out_bytes: 0 });
}

#[test]
fn the_whole_log_is_masked_and_clean_as_well() {
    let whole_log = log(&command("echo hunter2", "hunter2\n"));
    let log = Log {
        bytes: whole_log.as_bytes(),
        secrets: &[Secret::new("hunter2")],
        arguments: "",
        is_sole_command: true,
    };
    assert_snapshot!(whole(&log), @r#"
    Running with gitlab-runner 19.4.0 (d79f3e7b)
    Preparing the "docker" executor
    Executing "step_script" stage of the job script
    Using docker image sha256:abc for ruby:3.3 ...
    $ echo [MASKED]
    [MASKED]
    Cleaning up project directory and file based variables
    Job succeeded
    "#);
}

/// Pieces of logs: what the runner writes, what a terminal is told, secrets, and noise.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"section_start:1:chat_reply\r\x1b[0K".to_vec()),
        Just(b"section_end:2:chat_reply\r\x1b[0K".to_vec()),
        Just(b"section_start:1:step_script\r\x1b[0K".to_vec()),
        Just(b"section_end:2:step_script\r\x1b[0K".to_vec()),
        Just(b"\x1b[32;1m$ x\x1b[0;m\n".to_vec()),
        Just(b"\n2026-08-01T12:00:00.123456Z 01O+".to_vec()),
        Just(b"2026-08-01T12:00:00.123456Z 01O ".to_vec()),
        Just(b"\x1b[0m".to_vec()),
        Just(b"\x1b]".to_vec()),
        "[q-z]{1,9}".prop_map(String::into_bytes),
        Just("👨‍👩‍👧‍👦".repeat(20).into_bytes()),
        Just(b"z".repeat(3_000)),
        prop::collection::vec(any::<u8>(), 0..9),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_a_job_prints_no_secret_shows_and_the_bounds_hold(
        before in pieces(), after in pieces(), secret in "[q-z]{4,9}", other in "[q-z]{4,6}",
        cut: prop::sample::Index, order in "(\x1b\\[0m|\0|section_start:1:a\r\x1b\\[0K)?", is_sole_command: bool,
    ) {
        let (left, right) = secret.split_at(cut.index(secret.len()));
        let printed = [&before[..], left.as_bytes(), order.as_bytes(), right.as_bytes(), &after[..]].concat();
        let secrets = [Secret::new(secret.as_str()), Secret::new(other.as_str())];
        let log = Log { bytes: &printed, secrets: &secrets, arguments: "", is_sole_command };
        for (shown, bytes_max) in [
            (reply(&log).text, OUTPUT_BYTES_MAX),
            (last_lines(&log).text, LAST_LINES_BYTES_MAX),
            (whole(&log), usize::MAX),
        ] {
            prop_assert!(!shown.contains(&secret) && !shown.contains(&other), "{shown}");
            prop_assert!(shown.len() <= bytes_max);
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
        }
    }

    #[test]
    fn a_cut_keeps_its_bounds_wherever_it_falls(text in "(\\PC|🇩🇪|e\u{301}|\n){0,300}", bytes_max in 60..400_usize) {
        let excerpt = cut::head_and_tail(&text, bytes_max);
        prop_assert!(excerpt.text.len() <= bytes_max);
        prop_assert_eq!(excerpt.left_out_bytes == 0, text.len() <= bytes_max);
    }
}

#[test]
fn a_log_tells_how_many_commands_it_is_of() {
    let one = command("echo hi", "hi\n$ not a command\n");
    assert!(has_sole_command(log(&one).as_bytes()));
    assert!(!has_sole_command(log(&format!("{one}{one}")).as_bytes()));
    assert!(!has_sole_command(b""));
}
