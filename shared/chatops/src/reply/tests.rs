use insta::{assert_json_snapshot, assert_snapshot};
use proptest::prelude::*;

use super::*;
use crate::limits::{LAST_LINES_BYTES_MAX, OUTPUT_BYTES_MAX};

const URL: Option<&str> = Some("https://bellhop.example.net/runs/7?sig=x");

fn user(id: &str, name: &str) -> Named {
    Named { id: id.to_owned(), name: name.to_owned() }
}

fn excerpt(text: &str) -> Excerpt {
    Excerpt { text: text.to_owned(), left_out_bytes: 0 }
}

fn ended(platform: Platform, ending: Ending<'_>) -> Value {
    finished(platform, &Run { id: "7", job: "ls", caller: &user("U1", "ann"), url: URL }, ending)
}

/// What Slack shows at the end of a run.
fn slack(ending: Ending<'_>) -> String {
    ended(Platform::Slack, ending)["text"].as_str().unwrap().to_owned()
}

/// What Mattermost shows in the last field.
fn mattermost(ending: Ending<'_>) -> String {
    ended(Platform::Mattermost, ending)["attachments"][0]["fields"][2]["value"].as_str().unwrap().to_owned()
}

/// Case 15 of the ChatOps cases, but for the clock.
#[test]
fn a_run_is_acknowledged_in_gitlabs_shapes() {
    let run = Run { id: "7", job: "ls", caller: &user("U1", "ann"), url: URL };
    assert_eq!(scheduled(Platform::Slack, &run), json!({"response_type": "in_channel", "text": ""}));
    assert_json_snapshot!(scheduled(Platform::Mattermost, &run), @r#"
    {
      "props": {
        "disable_mentions": true
      },
      "response_type": "ephemeral",
      "skip_slack_parsing": true,
      "text": "Your ChatOps job [#7](https://bellhop.example.net/runs/7?sig=x) has been created!"
    }
    "#);
}

#[test]
fn an_answer_is_for_the_caller_or_for_the_channel() {
    assert_json_snapshot!(ephemeral(Platform::Slack, &texts::unknown_team()), @r#"
    {
      "response_type": "ephemeral",
      "text": "GitLab error: project or alias not found",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
    assert_json_snapshot!(in_channel(Platform::Mattermost, &texts::unknown_team()), @r#"
    {
      "props": {
        "disable_mentions": true
      },
      "response_type": "in_channel",
      "skip_slack_parsing": true,
      "text": "GitLab error: project or alias not found"
    }
    "#);
}

/// Case 16, as it is posted.
#[test]
fn the_output_of_a_job_is_the_reply() {
    let hello = excerpt("Hello World");
    let ending = Ending::Succeeded { output: &hello, took: Duration::from_secs(2) };
    assert_json_snapshot!(ended(Platform::Slack, ending), @r#"
    {
      "response_type": "in_channel",
      "text": "<@U1>: Hello World",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
    assert_json_snapshot!(ended(Platform::Mattermost, ending), @r##"
    {
      "attachments": [
        {
          "color": "#00c100",
          "fields": [
            {
              "short": true,
              "title": "ID",
              "value": "[#7](https://bellhop.example.net/runs/7?sig=x)"
            },
            {
              "short": true,
              "title": "Name",
              "value": "ls"
            },
            {
              "short": false,
              "title": "Output",
              "value": "```shell\nHello World\n```"
            }
          ],
          "text": "ChatOps job started by ann completed successfully"
        }
      ],
      "props": {
        "disable_mentions": true
      },
      "response_type": "in_channel",
      "skip_slack_parsing": true
    }
    "##);
    let lines = excerpt("$ ls\napp <b> & bin");
    assert_snapshot!(slack(Ending::Succeeded { output: &lines, took: Duration::ZERO }), @"
    <@U1>: 
    ```
    $ ls
    app &lt;b&gt; &amp; bin
    ```
    ");
}

/// Case 19, its link.
#[test]
fn output_that_was_cut_leads_to_all_of_it() {
    let cut = Excerpt { text: "head\n[... 9 bytes left out ...]\ntail".to_owned(), left_out_bytes: 9 };
    let ending = Ending::Succeeded { output: &cut, took: Duration::ZERO };
    assert_snapshot!(slack(ending), @"
    <@U1>: 
    ```
    head
    [... 9 bytes left out ...]
    tail
    ```
    <https://bellhop.example.net/runs/7?sig=x|The output is too large to be sent back directly!>
    ");
    assert_snapshot!(mattermost(ending), @"
    ```shell
    head
    [... 9 bytes left out ...]
    tail
    ```
    [The output is too large to be sent back directly!](https://bellhop.example.net/runs/7?sig=x)
    ");
}

/// Case 20.
#[test]
fn each_end_has_words_of_its_own() {
    let (none, lines, eve) = (excerpt(""), excerpt("cc x.c\nx.c:1: error"), user("U9", "eve"));
    let quarter = Duration::from_mins(15);
    let endings = [
        Ending::Succeeded { output: &none, took: Duration::from_secs(12) },
        Ending::Failed { exit_code: Some(1), last_lines: &lines },
        Ending::Failed { exit_code: None, last_lines: &none },
        Ending::TimedOut { limit: quarter, last_lines: &lines },
        Ending::Cancelled { by: Some(&eve) },
        Ending::NotStarted { reason: "the image <ruby> does not exist." },
        Ending::Lost,
    ];
    assert_snapshot!(endings.map(slack).join("\n--\n"), @"
    <@U1>: done, no output, 12 s
    --
    <@U1>: <https://bellhop.example.net/runs/7?sig=x|Sorry, the build failed!> Exit code 1.
    ```
    cc x.c
    x.c:1: error
    ```
    --
    <@U1>: <https://bellhop.example.net/runs/7?sig=x|Sorry, the build failed!>
    --
    <@U1>: <https://bellhop.example.net/runs/7?sig=x|Sorry, the build took longer than 15 min and was stopped!>
    ```
    cc x.c
    x.c:1: error
    ```
    --
    <@U1>: ls was cancelled by eve.
    --
    <@U1>: Sorry, ls could not start: the image &lt;ruby&gt; does not exist.
    --
    <@U1>: Sorry, nobody knows how ls ended: the machine that it ran on is gone. It may have done all, a part or nothing.
    ");
    assert_snapshot!(endings.map(mattermost).join("\n--\n"), @r"
    done, no output, 12 s
    --
    [Sorry, the build failed!](https://bellhop.example.net/runs/7?sig=x) Exit code 1.
    ```shell
    cc x.c
    x.c:1: error
    ```
    --
    [Sorry, the build failed!](https://bellhop.example.net/runs/7?sig=x)
    --
    [Sorry, the build took longer than 15 min and was stopped!](https://bellhop.example.net/runs/7?sig=x)
    ```shell
    cc x.c
    x.c:1: error
    ```
    --
    ls was cancelled by eve.
    --
    Sorry, ls could not start: the image \<ruby\> does not exist.
    --
    Sorry, nobody knows how ls ended: the machine that it ran on is gone. It may have done all, a part or nothing.
    ");
    assert_json_snapshot!(ended(Platform::Mattermost, endings[1])["attachments"][0]["color"], @r##""#e40303""##);
}

#[test]
fn a_long_run_says_that_it_is_alive() {
    let run = Run { id: "7", job: "migrate", caller: &user("U1", "ann"), url: None };
    assert_snapshot!(progress(Platform::Slack, &run, Duration::from_secs(65))["text"].as_str().unwrap(), @"<@U1>: migrate is still running, for 1 min 5 s now.");
}

/// The first half of case 25: after half an hour, a bot says the same.
#[test]
fn a_bot_posts_what_comes_too_late() {
    let hello = excerpt("Hello World");
    let ending = Ending::Succeeded { output: &hello, took: Duration::from_mins(31) };
    assert_json_snapshot!(by_bot(Platform::Slack, "C1", &ended(Platform::Slack, ending)), @r#"
    {
      "channel": "C1",
      "text": "<@U1>: Hello World",
      "unfurl_links": false,
      "unfurl_media": false
    }
    "#);
    let posted = by_bot(Platform::Mattermost, "c1", &ended(Platform::Mattermost, ending));
    assert_eq!(posted["props"]["attachments"][0]["fields"][2]["value"], "```shell\nHello World\n```");
    assert_eq!((&posted["props"]["disable_mentions"], &posted["message"]), (&json!(true), &json!("")));
}

proptest! {
    /// Case 24: nothing that a job prints, and nobody's name, calls anybody; and it all fits a post.
    #[test]
    fn only_the_caller_is_called_and_a_post_holds_it_all(
        unit in "[<>&@`!a-z*|\\\\\n]{1,8}", name in "\\PC{0,20}", code: Option<i32>,
    ) {
        let fill = |bytes: usize| excerpt(&unit.repeat(bytes / unit.len()));
        let (output, last_lines, by) = (fill(OUTPUT_BYTES_MAX), fill(LAST_LINES_BYTES_MAX), user("U9", &name));
        let limit = Duration::from_mins(15);
        for ending in [
            Ending::Succeeded { output: &output, took: limit },
            Ending::Failed { exit_code: code, last_lines: &last_lines },
            Ending::TimedOut { limit, last_lines: &last_lines },
            Ending::Cancelled { by: Some(&by) },
            Ending::NotStarted { reason: &unit },
        ] {
            let told = slack(ending);
            let angles: Vec<_> = told.match_indices('<').map(|(at, _)| &told[at..]).collect();
            prop_assert!(angles.iter().all(|rest| rest.starts_with("<@U1>") || rest.starts_with("<https://bellhop.")));
            prop_assert!(told.chars().count() < 40_000, "what Slack takes");
            let posted = ended(Platform::Mattermost, ending).to_string();
            prop_assert!(posted.contains(r#""disable_mentions":true"#));
            prop_assert!(mattermost(ending).chars().count() < 16_383, "what Mattermost takes");
        }
    }
}

#[test]
fn a_result_takes_the_way_that_is_open() {
    let minutes = Duration::from_mins;
    assert_eq!(way(minutes(29), 4, false), Some(Way::ResponseUrl));
    assert_eq!(way(minutes(30), 0, true), Some(Way::Bot));
    assert_eq!(way(minutes(1), 5, true), Some(Way::Bot));
    assert_eq!(way(minutes(31), 0, false), None);
}

#[test]
fn progress_is_told_once_and_leaves_room_for_the_result() {
    assert!(!is_time_for_progress(Duration::from_secs(59), 0));
    assert!(is_time_for_progress(Duration::from_mins(1), 0));
    assert!(!is_time_for_progress(Duration::from_mins(1), 1));
    assert!(!is_time_for_progress(Duration::from_mins(30), 0));
}
