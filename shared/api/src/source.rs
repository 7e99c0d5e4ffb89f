//! Where a project's webhooks come in: the forge, and the secrets, of which one can take the place of another without a
//! gap: add the new one, set it in the forge, take the old one away.

use app::App;
use app::projects::Saved;
use config::{Project, SourceId};
use http::StatusCode;
use payload::{Forge, Secret};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};

/// How many random bytes a name or a secret is made of that nobody is to guess.
const RANDOM_BYTES: usize = 16;

const SOURCE: &str = "/projects/{id}/source";
const FORGES: [&str; 8] =
    ["auto", "gitlab", "github", "gitea", "forgejo", "gogs", "bitbucket-cloud", "bitbucket-server"];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get(SOURCE, Access::Read, |call| Box::pin(show(call)))
            .says("Where the project's webhooks come in.")
            .gives::<SourceShown>(StatusCode::OK),
        Route::put(SOURCE, Access::Write, |call| Box::pin(edit(call)))
            .says("Changes it. A new id is a new URL.")
            .takes([
                field("id", Kind::Text, "The last part of its URL."),
                field("forge", Kind::Choice(&FORGES), "Whose payloads to expect; auto finds out."),
                field(
                    "allow_unsigned",
                    Kind::Flag,
                    "Take requests without any proof, as from a GitLab of 2014.",
                ),
            ])
            .gives::<SourceShown>(StatusCode::OK),
        Route::post("/projects/{id}/source/secrets", Access::Write, |call| Box::pin(add(call)))
            .says("Adds a secret.")
            .takes([field("secret", Kind::Secret, "The secret; without it, one is made up.")])
            .gives::<SecretAdded>(StatusCode::CREATED),
        Route::delete("/projects/{id}/source/secrets/{number}", Access::Write, |call| Box::pin(remove(call)))
            .says("Takes a secret away. Name the version that you have seen (If-Match): numbers move up."),
    ]
}

/// A text that nobody guesses.
pub(crate) fn random_text(app: &App) -> String {
    let bytes = app.chance.bytes::<RANDOM_BYTES>();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A source.
#[derive(Serialize, ToSchema)]
struct SourceShown {
    id: String,
    /// The path of its URL, behind the address of the door for webhooks.
    path: String,
    /// The URL to set in the forge; `null` where this Bellhop was not told its own address.
    url: Option<String>,
    /// A forge, or `auto`.
    forge: String,
    allow_unsigned: bool,
    /// Oldest first.
    secrets: Vec<SecretShown>,
}

/// A secret, as far as it is shown.
#[derive(Serialize, ToSchema)]
struct SecretShown {
    /// Counts from 1.
    number: usize,
    /// Whether it is a signing token of Standard Webhooks.
    is_signing_token: bool,
}

/// A secret that was added.
#[derive(Serialize, ToSchema)]
struct SecretAdded {
    number: usize,
    /// If it was made up: shown this once.
    secret: Option<String>,
}

fn shown(app: &App, saved: &Saved) -> SourceShown {
    let source = &saved.project.source;
    let secret = |(secret, number): (&Secret, usize)| SecretShown {
        number,
        is_signing_token: secret.expose().starts_with("whsec_"),
    };
    let path = format!("/hooks/{}", source.id);
    SourceShown {
        id: source.id.to_string(),
        url: app.addresses.hooks.as_ref().map(|door| format!("{}{path}", door.as_str())),
        path,
        forge: source.forge.map_or_else(|| "auto".to_owned(), |forge| forge.to_string()),
        allow_unsigned: source.allow_unsigned,
        secrets: source.secrets.iter().zip(1..).map(secret).collect(),
    }
}

async fn show(call: Call) -> Answered {
    let saved = call.saved()?;
    Ok(Reply::ok(&shown(call.app(), saved)).of(saved.revision))
}

async fn edit(call: Call) -> Answered {
    let forge = match call.fields.text("forge") {
        Some("auto") => Some(None),
        Some(_) => call.fields.json::<Forge>("forge")?.map(Some),
        None => None,
    };
    let id = call.fields.text("id").map(str::parse::<SourceId>).transpose();
    let id = id.map_err(|error| Refusal::Value("id", error.to_string()))?;
    let change = |project: &mut Project| {
        let source = &mut project.source;
        source.id = id.clone().unwrap_or_else(|| source.id.clone());
        source.forge = forge.unwrap_or(source.forge);
        source.allow_unsigned = call.fields.flag("allow_unsigned").unwrap_or(source.allow_unsigned);
        Ok(())
    };
    let ((), saved) = call.edit(change).await?;
    Ok(Reply::ok(&shown(call.app(), &saved)).of(saved.revision))
}

async fn add(call: Call) -> Answered {
    let given = call.fields.secret("secret").flatten();
    let secret = given.clone().unwrap_or_else(|| Secret::new(random_text(call.app())));
    let add = |project: &mut Project| {
        project.source.secrets.push(secret.clone());
        Ok(project.source.secrets.len())
    };
    let (number, saved) = call.edit(add).await?;
    let secret = given.is_none().then(|| secret.expose().to_owned());
    Ok(Reply::created(&SecretAdded { number, secret }).of(saved.revision))
}

async fn remove(call: Call) -> Answered {
    let number: usize = call.part("number").parse().map_err(|_| Refusal::NotFound("Secret"))?;
    let remove = |project: &mut Project| {
        let secrets = &mut project.source.secrets;
        match number.checked_sub(1).filter(|place| *place < secrets.len()) {
            Some(place) => {
                secrets.remove(place);
                Ok(())
            }
            None => Err(Refusal::NotFound("Secret")),
        }
    };
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}
