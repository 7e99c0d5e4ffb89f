//! HTTP hooks, as in GitLab's API (<https://docs.gitlab.com/api/project_webhooks/>).
//!
//! Not here: what a hook is shown as (`shown`), its log (`log`).

mod log;
mod shown;

use config::{HookId, HttpHook, KeyedSecret, Project, Template};
use http::StatusCode;
use payload::Secret;
use relay::breaker::Health;

pub(crate) use self::log::{AttemptShown, page};
use self::shown::HookShown;
use crate::call::Call;
use crate::fields::{Field, Fields, Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::subscription;

const HOOKS: &str = "/projects/{id}/hooks";
const HOOK: &str = "/projects/{id}/hooks/{hook_id}";

/// Bounds of fields: those that count are `config`'s, which say what is wrong.
const SECONDS_MAX: i64 = 3_600;
const RATE_MAX: i64 = 1_000_000;

pub(crate) fn routes() -> Vec<Route> {
    let url = field("url", Kind::Text, "Where events are posted; {name} stands for a variable.");
    let value = || field("value", Kind::Secret, "The value: it is never shown again.").required();
    let mut routes = vec![
        Route::get(HOOKS, Access::Read, |call| Box::pin(list(call)))
            .says("A project's hooks.")
            .gives::<HookShown>(StatusCode::OK)
            .paged(),
        Route::post(HOOKS, Access::Write, |call| Box::pin(create(call)))
            .says("Adds a hook.")
            .takes([url.required()])
            .takes(fields())
            .gives::<HookShown>(StatusCode::CREATED),
        Route::get(HOOK, Access::Read, |call| Box::pin(show(call)))
            .says("One hook.")
            .gives::<HookShown>(StatusCode::OK),
        Route::put(HOOK, Access::Write, |call| Box::pin(edit(call)))
            .says("Changes a hook. A new URL clears its secrets, unless they are given with it.")
            .takes([url])
            .takes(fields())
            .gives::<HookShown>(StatusCode::OK),
        Route::delete(HOOK, Access::Write, |call| Box::pin(delete(call))).says("Takes a hook away."),
    ];
    for (path, about) in [
        ("/projects/{id}/hooks/{hook_id}/custom_headers/{key}", "Sets a header."),
        ("/projects/{id}/hooks/{hook_id}/url_variables/{key}", "Sets a variable of the URL."),
    ] {
        routes.push(
            Route::put(path, Access::Write, |call| Box::pin(set_key(call))).says(about).takes([value()]),
        );
    }
    for path in [
        "/projects/{id}/hooks/{hook_id}/custom_headers/{key}",
        "/projects/{id}/hooks/{hook_id}/url_variables/{key}",
    ] {
        let route = Route::delete(path, Access::Write, |call| Box::pin(delete_key(call)));
        routes.push(route.says("Takes it away."));
    }
    routes.extend(log::routes());
    routes
}

/// The fields of a hook besides its URL.
fn fields() -> impl Iterator<Item = Field> {
    [
        field("name", Kind::Text, "What to call it."),
        field("description", Kind::Text, "What it is for."),
        field("active", Kind::Flag, "Off keeps the settings and sends nothing."),
        field(
            "enable_ssl_verification",
            Kind::Flag,
            "Whether the target proves that it is the host in the URL.",
        ),
        field("token", Kind::Secret, "Sent as X-Gitlab-Token; empty for none."),
        field("signing_token", Kind::Secret, "whsec_...: what requests are signed with; empty for none."),
        field("signing_tokens", Kind::Secrets, "Several of them, while one takes the place of another."),
        field("hub_secret", Kind::Secret, "What bodies are signed with as GitHub does; empty for none."),
        field("custom_headers", Kind::Keyed, "Sent with every request. Those that are not named stay."),
        field(
            "url_variables",
            Kind::Keyed,
            "What names in the URL stand for. Those that are not named stay.",
        ),
        field("custom_webhook_template", Kind::Text, "What is made of the payload; empty for nothing."),
        field("format", Kind::Choice(&["passthrough", "gitlab", "bellhop"]), "In what form events are sent."),
        field("ordered", Kind::Flag, "One at a time, in the order in which they came in."),
        field("timeout_s", Kind::Number(0, SECONDS_MAX), "How long an attempt may take."),
        field("rate_limit", Kind::Number(0, RATE_MAX), "How many requests a minute it gets; 0 for no limit."),
        field("retry_waits_s", Kind::Json, "The waits between attempts, in seconds: [60, 600]."),
    ]
    .into_iter()
    .chain(subscription::fields())
}

/// A hook with what was said of it.
fn changed(said: &Fields, mut hook: HttpHook) -> Result<HttpHook, Refusal> {
    let url = said.text("url").map_or_else(|| hook.url.clone(), Secret::new);
    let variables = said.keyed("url_variables").map(|given| {
        let known = if url == hook.url { hook.url_variables.clone() } else { Vec::new() };
        merged(known, given, str::eq)
    });
    hook = hook.moved_to(url, variables);
    for (name, text) in [("name", &mut hook.name), ("description", &mut hook.description)] {
        if let Some(given) = said.text(name) {
            given.clone_into(text);
        }
    }
    hook.active = said.flag("active").unwrap_or(hook.active);
    hook.ordered = said.flag("ordered").unwrap_or(hook.ordered);
    hook.enable_ssl_verification =
        said.flag("enable_ssl_verification").unwrap_or(hook.enable_ssl_verification);
    hook.token = said.secret("token").unwrap_or(hook.token);
    hook.hub_secret = said.secret("hub_secret").unwrap_or(hook.hub_secret);
    if let Some(one) = said.secret("signing_token") {
        hook.signing_tokens = one.into_iter().collect();
    }
    hook.signing_tokens = said.secrets("signing_tokens").unwrap_or(hook.signing_tokens);
    if let Some(given) = said.keyed("custom_headers") {
        hook.custom_headers = merged(hook.custom_headers, given, str::eq_ignore_ascii_case);
    }
    if let Some(template) = said.text("custom_webhook_template") {
        hook.custom_webhook_template = (!template.is_empty()).then(|| Template::new(template));
    }
    hook.format = said.json("format")?.unwrap_or(hook.format);
    hook.timeout_s = said.number("timeout_s").unwrap_or(hook.timeout_s);
    if let Some(rate) = said.number::<u32>("rate_limit") {
        hook.rate_limit = Some(rate).filter(|rate| *rate > 0);
    }
    hook.retry_waits_s = said.json("retry_waits_s")?.or(hook.retry_waits_s);
    subscription::change(said, &mut hook.subscription)?;
    Ok(hook)
}

/// The given ones in the place of those of the same name, and the others as they were.
fn merged(
    mut known: Vec<KeyedSecret>,
    given: Vec<KeyedSecret>,
    is_same: fn(&str, &str) -> bool,
) -> Vec<KeyedSecret> {
    known.retain(|known| !given.iter().any(|given| is_same(&known.key, &given.key)));
    known.extend(given);
    known
}

/// Puts a changed hook in the place of the stored one.
fn replace(
    project: &mut Project,
    id: HookId,
    change: impl Fn(HttpHook) -> Result<HttpHook, Refusal>,
) -> Result<(), Refusal> {
    let place = project.hooks.iter_mut().find(|hook| hook.id == id).ok_or(Refusal::NotFound(""))?;
    *place = change(place.clone())?;
    Ok(())
}

async fn list(call: Call) -> Answered {
    let saved = call.saved()?;
    let page = call.page();
    let mut shown = Vec::new();
    for (index, hook) in saved.project.hooks.iter().enumerate() {
        // How a target fares is a call to the table: only those of this page are asked for.
        let is_here = (page.offset()..page.offset() + page.per_page).contains(&index);
        let health = if is_here { shown::health(&call, hook.id).await? } else { Health::default() };
        shown.push(shown::hook(&call, saved, (hook, &health)));
    }
    Ok(Reply::page(&shown, page).of(saved.revision))
}

async fn create(call: Call) -> Answered {
    let add = |project: &mut Project| {
        project.last_hook.0 += 1;
        let id = project.last_hook;
        let url = call.fields.text("url").unwrap_or_default();
        project.hooks.push(changed(&call.fields, HttpHook::to(id, url))?);
        Ok(id)
    };
    let (id, saved) = call.edit(add).await?;
    let hook = saved.project.hooks.iter().find(|hook| hook.id == id).ok_or(Refusal::NotFound(""))?;
    Ok(Reply::created(&shown::hook(&call, &saved, (hook, &Health::default()))).of(saved.revision))
}

async fn show(call: Call) -> Answered {
    let (saved, hook) = (call.saved()?, call.hook()?);
    let health = shown::health(&call, hook.id).await?;
    Ok(Reply::ok(&shown::hook(&call, saved, (hook, &health))).of(saved.revision))
}

async fn edit(call: Call) -> Answered {
    let id = call.hook()?.id;
    if call.fields.is_empty() {
        return Err(Refusal::Body("No parameters provided"));
    }
    let ((), saved) = call.edit(|project| replace(project, id, |hook| changed(&call.fields, hook))).await?;
    let hook = saved.project.hooks.iter().find(|hook| hook.id == id).ok_or(Refusal::NotFound(""))?;
    let health = shown::health(&call, id).await?;
    Ok(Reply::ok(&shown::hook(&call, &saved, (hook, &health))).of(saved.revision))
}

async fn delete(call: Call) -> Answered {
    let id = call.hook()?.id;
    let remove = |project: &mut Project| {
        project.hooks.retain(|hook| hook.id != id);
        Ok(())
    };
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}

/// Headers and variables have doors of their own, which are alike.
enum Keyed {
    Headers,
    Variables,
}

fn keyed(call: &Call) -> Result<(HookId, String, Keyed), Refusal> {
    let kind = if call.is_at("custom_headers") { Keyed::Headers } else { Keyed::Variables };
    Ok((call.hook()?.id, call.part("key").to_owned(), kind))
}

async fn set_key(call: Call) -> Answered {
    let (id, key, kind) = keyed(&call)?;
    let given = || vec![KeyedSecret::new(&key, call.fields.text("value").unwrap_or_default())];
    let set = |hook: HttpHook| {
        Ok(match kind {
            Keyed::Headers => {
                let custom_headers = merged(hook.custom_headers, given(), str::eq_ignore_ascii_case);
                HttpHook { custom_headers, ..hook }
            }
            // A variable can make another server of a URL: the same guard as for a new one.
            Keyed::Variables => {
                let (url, known) = (hook.url.clone(), hook.url_variables.clone());
                hook.moved_to(url, Some(merged(known, given(), str::eq)))
            }
        })
    };
    let ((), saved) = call.edit(|project| replace(project, id, set)).await?;
    Ok(Reply::empty().of(saved.revision))
}

async fn delete_key(call: Call) -> Answered {
    let (id, key, kind) = keyed(&call)?;
    let remove = |mut hook: HttpHook| {
        let list = match kind {
            Keyed::Headers => &mut hook.custom_headers,
            Keyed::Variables => &mut hook.url_variables,
        };
        let before = list.len();
        list.retain(|secret| secret.key != key);
        if list.len() == before { Err(Refusal::NotFound("")) } else { Ok(hook) }
    };
    let ((), saved) = call.edit(|project| replace(project, id, remove)).await?;
    Ok(Reply::empty().of(saved.revision))
}
