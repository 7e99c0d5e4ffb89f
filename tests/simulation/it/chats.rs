//! People in a chat: what they type, and what they were told.
//!
//! Not here: what must be true of it (`commands`).

use std::sync::Arc;
use std::time::Duration;

use app::chat;
use payload::Payload;
use tokio::time::sleep;

use crate::people::{PAUSE_MAX, People, RECEIVER, headers, locked};
use crate::settings::{CHAT, CHAT_TOKEN};

/// A command, and what its chat was told.
#[derive(Clone, Debug)]
pub(crate) struct Commanded {
    pub(crate) project: usize,
    pub(crate) number: u32,
    /// It is about the run of the command of this number.
    pub(crate) is_cancel: bool,
    /// How often it was answered with words.
    pub(crate) said: u32,
    pub(crate) answers: Vec<String>,
}

impl People {
    /// Somebody types something. What they are told, if they are told anything.
    pub(crate) async fn type_command(&self, project: usize, (number, is_cancel): (u32, bool), text: &str) {
        let suffix = if is_cancel { "-cancel" } else { "" };
        let (house, world) = (&self.house, &self.house.world);
        let encoded = text.replace(' ', "+");
        let body = format!(
            "token={CHAT_TOKEN}&team_id=T1&channel_id=C1&channel_name=ops&user_id=U{number}&user_name=ada\
             &command=%2Fbellhop&text={encoded}&trigger_id=trigger{number}{suffix}\
             &response_url={}%2Fhooks%2Fcommands%2FPLANTED-response",
            CHAT.replace(':', "%3A").replace('/', "%2F")
        );
        let headers = headers(&[("authorization", &format!("Token {CHAT_TOKEN}"))]);
        let id = format!("c{project}").try_into().expect("an id");
        let mut pause = Duration::from_secs(1);
        // A chat does not ask again; a person does, with the same words.
        loop {
            let payload = Payload { headers: &headers, body: body.as_bytes() };
            let entrance = chat::Entrance::Command(&id);
            let work = |app: Arc<app::App>| async move {
                chat::receive(&app, (&*house.queue, &house.outbound), entrance, payload).await
            };
            let answered = house.have(("receive-command", RECEIVER), work).await;
            world.tell(|| format!("the chat hears of command {number}{suffix}: {answered:?}"));
            match answered {
                Some(Ok(chat::Reply::Silence)) => {
                    return self.note_command(project, (number, is_cancel), None);
                }
                Some(Ok(chat::Reply::Say(said))) => {
                    return self.note_command(project, (number, is_cancel), Some((said.to_string(), true)));
                }
                Some(Err(error)) => {
                    let answer = format!("{error:?} {}", app::Causes(&error));
                    self.note_command(project, (number, is_cancel), Some((answer, false)));
                }
                None => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Notes an answer, and whether it was one in words.
    fn note_command(&self, project: usize, (number, is_cancel): (u32, bool), answer: Option<(String, bool)>) {
        let mut all = locked(&self.commanded);
        let is_it = |known: &Commanded| {
            (known.project, known.number, known.is_cancel) == (project, number, is_cancel)
        };
        let place = all.iter().position(is_it).unwrap_or_else(|| {
            all.push(Commanded { project, number, is_cancel, said: 0, answers: Vec::new() });
            all.len() - 1
        });
        if let Some((answer, is_said)) = answer {
            all[place].said += u32::from(is_said);
            all[place].answers.push(answer);
        }
    }

    /// Whoever typed the command wants its run stopped.
    pub(crate) async fn cancel(&self, project: usize, number: u32) {
        let app = self.house.app();
        let command = format!("c{project}").try_into().expect("an id");
        let run = app::runs::latest_of(&app, &command, &format!("U{number}")).await;
        if let Ok(Some(run)) = run {
            self.type_command(project, (number, true), &format!("cancel {}", run.id)).await;
        }
    }
}
