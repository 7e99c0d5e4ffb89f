//! What is about no project: who asks, what this is, whether it is well, and tokens.

use app::tokens::{self, NewToken, NewTokenError, Scope, Token, TokenId};
use config::ProjectId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::moment;

/// The version of GitLab whose API this is like: tools look whether it is new enough for what they want.
const GITLAB_VERSION: &str = "18.2.0";

/// The longest life of a token that can be asked for, in days.
const DAYS_MAX: i64 = 3_650;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/version", Access::Token, |call| Box::pin(version(call)))
            .says("Which GitLab this is like, and which Bellhop it is.")
            .gives::<VersionShown>(StatusCode::OK),
        Route::get("/user", Access::Token, |call| Box::pin(user(call)))
            .says("Whose token this is.")
            .gives::<UserShown>(StatusCode::OK),
        Route::get("/health", Access::Token, |call| Box::pin(health(call)))
            .says("Whether the table answers.")
            .gives::<HealthShown>(StatusCode::OK),
        Route::get("/tokens", Access::Admin, |call| Box::pin(list(call)))
            .says("All tokens, without their texts.")
            .gives::<TokenShown>(StatusCode::OK)
            .paged(),
        Route::post("/tokens", Access::Admin, |call| Box::pin(make(call)))
            .says("Makes a token. Its text is in the answer, and nowhere else.")
            .takes([
                field("name", Kind::Text, "What to call it.").required(),
                field("scope", Kind::Choice(&["admin", "maintainer", "read_only"]), "What it opens.")
                    .required(),
                field("projects", Kind::Texts, "The numbers of the projects that it is for."),
                field(
                    "days",
                    Kind::Number(1, DAYS_MAX),
                    "For how many days it is good; without it, for ever.",
                ),
            ])
            .gives::<TokenMade>(StatusCode::CREATED),
        Route::get("/tokens/{token_id}", Access::Admin, |call| Box::pin(show(call)))
            .says("One token.")
            .gives::<TokenShown>(StatusCode::OK),
        Route::delete("/tokens/{token_id}", Access::Admin, |call| Box::pin(revoke(call)))
            .says("Takes a token back."),
    ]
}

/// As GitLab's.
#[derive(Serialize, ToSchema)]
struct VersionShown {
    version: &'static str,
    revision: &'static str,
    /// Bellhop's own.
    bellhop: &'static str,
}

async fn version(_: Call) -> Answered {
    let bellhop = env!("CARGO_PKG_VERSION");
    Ok(Reply::ok(&VersionShown { version: GITLAB_VERSION, revision: "bellhop", bellhop }))
}

/// A token, as if it were a user.
#[derive(Serialize, ToSchema)]
struct UserShown {
    id: u64,
    username: String,
    name: String,
    state: &'static str,
    is_admin: bool,
    bot: bool,
    scope: &'static str,
}

async fn user(call: Call) -> Answered {
    let Token { id, name, scope, .. } = call.token;
    Ok(Reply::ok(&UserShown {
        id: id.0,
        username: format!("token-{id}"),
        name,
        state: "active",
        is_admin: scope.is_admin(),
        bot: true,
        scope: scope.name(),
    }))
}

#[derive(Serialize, ToSchema)]
struct HealthShown {
    status: &'static str,
}

async fn health(call: Call) -> Answered {
    // The token was found in the table a moment ago, and here is another row of it.
    tokens::find(call.app(), call.token.id).await?;
    Ok(Reply::ok(&HealthShown { status: "ok" }))
}

/// A token without its text.
#[derive(Serialize, ToSchema)]
struct TokenShown {
    id: u64,
    name: String,
    scope: &'static str,
    /// The projects that it is for; `null` for all.
    projects: Option<Vec<u64>>,
    active: bool,
    revoked: bool,
    created_at: String,
    expires_at: Option<String>,
    /// To within an hour.
    last_used_at: Option<String>,
}

impl TokenShown {
    fn of(call: &Call, token: &Token) -> Self {
        Self {
            id: token.id.0,
            name: token.name.clone(),
            scope: token.scope.name(),
            projects: token.scope.projects().map(|projects| projects.iter().map(|id| id.0).collect()),
            active: token.is_active(call.app().clock.now()),
            revoked: token.revoked_at.is_some(),
            created_at: moment(token.created_at),
            expires_at: token.expires_at.map(moment),
            last_used_at: token.last_used_at.map(moment),
        }
    }
}

/// A token with its text.
#[derive(Serialize, ToSchema)]
struct TokenMade {
    #[serde(flatten)]
    shown: TokenShown,
    token: String,
}

async fn list(call: Call) -> Answered {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = tokens::list(call.app(), after, crate::reply::PER_PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        all.extend(page.iter().map(|token| TokenShown::of(&call, token)));
    }
    Ok(Reply::page(&all, call.page()))
}

async fn make(call: Call) -> Answered {
    let numbers = call.fields.texts("projects").unwrap_or_default();
    let numbers = numbers.iter().map(|number| number.parse().map(ProjectId));
    let projects = numbers.collect::<Result<_, _>>().map_err(|_| Refusal::Invalid("projects"))?;
    let scope = match call.fields.text("scope") {
        Some("admin") => Scope::Admin,
        Some("maintainer") => Scope::Maintainer { projects },
        _ => Scope::ReadOnly { projects: (!projects.is_empty()).then_some(projects) },
    };
    let days = call.fields.number::<u64>("days");
    let life = days.map(|days| std::time::Duration::from_hours(24 * days));
    let expires_at = life.map(|life| call.app().clock.now() + life);
    let name = call.fields.text("name").unwrap_or_default().to_owned();
    let made = tokens::make(call.app(), NewToken { name, scope, expires_at }).await;
    let (secret, token) = made.map_err(|error| match error {
        NewTokenError::Name => Refusal::Value("name", error.to_string()),
        NewTokenError::Projects => Refusal::Value("projects", error.to_string()),
        NewTokenError::Expiry => Refusal::Value("days", error.to_string()),
        NewTokenError::Numbering | NewTokenError::Store(_) => Refusal::Unavailable(Box::new(error)),
    })?;
    let shown = TokenShown::of(&call, &token);
    Ok(Reply::created(&TokenMade { shown, token: secret.expose().to_owned() }))
}

fn token_id(call: &Call) -> Result<TokenId, Refusal> {
    call.part("token_id").parse().map(TokenId).map_err(|_| Refusal::NotFound("Token"))
}

async fn show(call: Call) -> Answered {
    let token = tokens::find(call.app(), token_id(&call)?).await?.ok_or(Refusal::NotFound("Token"))?;
    Ok(Reply::ok(&TokenShown::of(&call, &token)))
}

async fn revoke(call: Call) -> Answered {
    tokens::revoke(call.app(), token_id(&call)?).await?.ok_or(Refusal::NotFound("Token"))?;
    Ok(Reply::empty())
}
