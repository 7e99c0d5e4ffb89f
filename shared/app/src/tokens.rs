//! The repository of tokens for the API and the console: who shows one may do what its scope says.
//!
//! A token is 160 random bits, shown once, when it is made. What is stored is its SHA-256 alone, which is enough: a slow
//! hash protects what people make up, and nobody guesses their way to 160 random bits. It is the key of its row as
//! well, so that finding a token is one `get`, and takes no longer for a nearly right one.
//!
//! Not here: how a token comes with a request (`api`), who did what with it (`audit`).

mod gate;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use config::ProjectId;
use payload::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::gate::Gate;
use crate::clock::Timestamp;
use crate::ids::hex;
use crate::store::{item, row};
use crate::table::{BATCH_GET_MAX, Condition, Key, Query, Stored, TableError, Write};
use crate::{App, StoreError};

/// What every token begins with, so that people and scanners of leaked secrets know it when they see it.
pub const PREFIX: &str = "bhp-";

/// How many random bytes a token holds: beyond all guessing, and short enough to paste.
const RANDOM_BYTES: usize = 20;

/// The longest text that is looked at as a token: ours have 44 characters, and the one of a stack is an operator's.
const TOKEN_BYTES_MAX: usize = 512;

/// The longest name, in characters: GitLab's own limit for a token's name.
pub const NAME_CHARS_MAX: usize = 255;

/// The most projects that one token names, so that its row and its checks stay small.
pub const PROJECTS_MAX: usize = 100;

/// How exact the time of the last use is: it is written once in this time, not with every request.
const USE_NOTED_EVERY: Duration = Duration::from_hours(1);

/// How long a token is shown that nobody can use any more: long enough to find out whose it was.
const SHOWN_AFTER_END: Duration = Duration::from_hours(90 * 24);

/// How often a change is tried again that somebody else's crossed, and a number asked for.
const TRIES: usize = 20;

/// The partition of the list.
const LIST: &str = "tokens";

/// The number of the token that comes with a stack: it has no row.
const OF_THE_STACK: TokenId = TokenId(0);

/// The sort key of a token's row.
const TOKEN: &str = "token";

/// A token's number, as in GitLab's API. The one that comes with a stack has 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub u64);

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// Everything: projects come and go, and so do tokens.
    Admin,
    /// Some projects, to read and to change.
    Maintainer {
        /// Which.
        projects: BTreeSet<ProjectId>,
    },
    /// Projects, to read.
    ReadOnly {
        /// Which; `None` for all.
        projects: Option<BTreeSet<ProjectId>>,
    },
}

impl Scope {
    /// Its name, as people choose it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Maintainer { .. } => "maintainer",
            Self::ReadOnly { .. } => "read_only",
        }
    }

    /// Whether it opens everything.
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Admin)
    }

    /// Whether a project may be seen.
    pub fn may_read(&self, project: ProjectId) -> bool {
        self.projects().is_none_or(|projects| projects.contains(&project))
    }

    /// Whether a project may be changed.
    pub fn may_write(&self, project: ProjectId) -> bool {
        !matches!(self, Self::ReadOnly { .. }) && self.may_read(project)
    }

    /// The projects that it names; `None` if it opens all.
    pub fn projects(&self) -> Option<&BTreeSet<ProjectId>> {
        match self {
            Self::Admin => None,
            Self::Maintainer { projects } => Some(projects),
            Self::ReadOnly { projects } => projects.as_ref(),
        }
    }
}

/// A token, as far as it is known after it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it opens.
    #[serde(flatten)]
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was used, to within an hour.
    pub last_used_at: Option<Timestamp>,
    /// When somebody took it back.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it still opens anything.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub scope: Scope,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewTokenError {
    /// Nobody would know it again.
    #[error("a token's name has 1 to {NAME_CHARS_MAX} characters, and no control characters")]
    Name,
    /// It would open nothing, or too much to look through.
    #[error("a token that is not for all projects names 1 to {PROJECTS_MAX} of them")]
    Projects,
    /// It would open nothing.
    #[error("a token's end is in the future")]
    Expiry,
    /// Somebody else numbers tokens at the same time, again and again.
    #[error("no number could be had for the token: try again")]
    Numbering,
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TableError> for NewTokenError {
    fn from(error: TableError) -> Self {
        Self::Store(error.into())
    }
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum RefusedToken {
    /// Unknown, expired or revoked: which of them, nobody is told.
    #[error("the token is wrong")]
    Wrong,
    /// Too many wrong ones from there.
    #[error("too many wrong tokens: wait {} seconds", .0.as_secs())]
    TooMany(Duration),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a token's row is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    fn key(self) -> Key {
        Key::new(format!("token#{}", hex(&self.0)), TOKEN)
    }
}

/// A token in the list: where its row is.
#[derive(Serialize, Deserialize)]
struct ListRow {
    partition: String,
}

#[derive(Serialize, Deserialize)]
struct Counter {
    token: TokenId,
}

/// Makes a token. Its text is not known to anybody after this.
pub async fn make(app: &App, new: NewToken) -> Result<(Secret, Token), NewTokenError> {
    let now = app.clock.now();
    check(&new, now)?;
    let token = Token {
        id: next_number(app).await?,
        name: new.name,
        scope: new.scope,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let text = format!("{PREFIX}{}", hex(&app.chance.bytes::<RANDOM_BYTES>()));
    let key = TokenHash::of(&text).key();
    let kept_until = token.expires_at.map(|end| end + SHOWN_AFTER_END);
    let listed = ListRow { partition: key.partition.clone() };
    // In the list first: a token that is not in it could not be taken back.
    app.table.put(item(list_key(token.id), &listed, kept_until), Condition::Absent).await?;
    app.table.put(item(key, &token, kept_until), Condition::Absent).await?;
    tracing::info!(token = %token.id, scope = token.scope.name(), "token.made");
    Ok((Secret::new(text), token))
}

fn check(new: &NewToken, now: Timestamp) -> Result<(), NewTokenError> {
    let count = new.name.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&count) || new.name.chars().any(char::is_control) {
        return Err(NewTokenError::Name);
    }
    if new.scope.projects().is_some_and(|projects| !(1..=PROJECTS_MAX).contains(&projects.len())) {
        return Err(NewTokenError::Projects);
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(NewTokenError::Expiry);
    }
    Ok(())
}

/// Gives a new token its number: the next one, each once, whoever asks at the same time.
async fn next_number(app: &App) -> Result<TokenId, NewTokenError> {
    let key = Key::new("counter", TOKEN);
    for _ in 0..TRIES {
        let last = app.table.get(&key).await?;
        let next = match &last {
            Some(stored) => row::<Counter>(stored)?.token.0 + 1,
            None => 1,
        };
        let condition = last.map_or(Condition::Absent, |stored| Condition::Version(stored.version));
        let counter = Counter { token: TokenId(next) };
        if let Write::Done(_) = app.table.put(item(key.clone(), &counter, None), condition).await? {
            return Ok(TokenId(next));
        }
    }
    Err(NewTokenError::Numbering)
}

/// Padded, so that texts sort as numbers.
fn list_key(id: TokenId) -> Key {
    Key::new(LIST, format!("{:010}", id.0))
}

/// Lets somebody in who shows a token, or does not. `from` is where they are, as far as that is known.
pub async fn authenticate(app: &App, text: &str, from: Option<IpAddr>) -> Result<Token, RefusedToken> {
    let (now, hash) = (app.clock.now(), TokenHash::of(text));
    app.gate.admits(from, hash, now).map_err(RefusedToken::TooMany)?;
    let token = if text.len() > TOKEN_BYTES_MAX { None } else { find_by_hash(app, hash, now).await? };
    let Some(token) = token else {
        app.gate.was_wrong(from, now);
        return Err(RefusedToken::Wrong);
    };
    app.gate.was_right(hash, now);
    Ok(token)
}

/// The token that is still good, by its text.
pub async fn find_by_secret(app: &App, text: &str) -> Result<Option<Token>, StoreError> {
    find_by_hash(app, TokenHash::of(text), app.clock.now()).await
}

async fn find_by_hash(app: &App, hash: TokenHash, now: Timestamp) -> Result<Option<Token>, StoreError> {
    // Two digests are compared, and the time that takes tells nothing of the token.
    if app.first_admin == Some(hash) {
        return Ok(Some(of_the_stack()));
    }
    let Some(stored) = app.table.get(&hash.key()).await? else { return Ok(None) };
    let token: Token = row(&stored)?;
    if !token.is_active(now) {
        return Ok(None);
    }
    note_use(app, &token, &stored).await?;
    Ok(Some(token))
}

/// The token that was made together with a stack, to make others with.
fn of_the_stack() -> Token {
    Token {
        id: OF_THE_STACK,
        name: "first admin token".to_owned(),
        scope: Scope::Admin,
        created_at: Timestamp(0),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

async fn note_use(app: &App, token: &Token, stored: &Stored) -> Result<(), StoreError> {
    let now = app.clock.now();
    if token.last_used_at.is_some_and(|last| now.since(last) < USE_NOTED_EVERY) {
        return Ok(());
    }
    let used = Token { last_used_at: Some(now), ..token.clone() };
    let row = item(stored.item.key.clone(), &used, stored.item.expires_at);
    // Somebody else wrote meanwhile: another use, or its end. Either is right.
    app.table.put(row, Condition::Version(stored.version)).await?;
    Ok(())
}

/// A page of all tokens, by number: at most `limit`, behind a number. Those that opened nothing for three months are
/// not there any more.
pub async fn list(app: &App, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>, StoreError> {
    let after = after.map(|id| list_key(id).sort);
    let query = Query { limit: limit.min(BATCH_GET_MAX), after, ..Query::prefix(LIST, "") };
    let page = app.table.query(&query).await?;
    let keys = page.items.iter().map(|listed| Ok(Key::new(row::<ListRow>(listed)?.partition, TOKEN)));
    let keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = app.table.batch_get(&keys).await?;
    let mut tokens = found.iter().map(row).collect::<Result<Vec<Token>, _>>()?;
    tokens.sort_by_key(|token| token.id);
    Ok(tokens)
}

/// A token, by its number.
pub async fn find(app: &App, id: TokenId) -> Result<Option<Token>, StoreError> {
    if id == OF_THE_STACK {
        return Ok(app.first_admin.map(|_| of_the_stack()));
    }
    stored(app, id).await?.map(|stored| row(&stored)).transpose()
}

async fn stored(app: &App, id: TokenId) -> Result<Option<Stored>, StoreError> {
    let Some(listed) = app.table.get(&list_key(id)).await? else { return Ok(None) };
    Ok(app.table.get(&Key::new(row::<ListRow>(&listed)?.partition, TOKEN)).await?)
}

/// Takes a token back: from now on it opens nothing. `None` if there is none of this number.
pub async fn revoke(app: &App, id: TokenId) -> Result<Option<Token>, StoreError> {
    loop {
        let Some(stored) = stored(app, id).await? else { return Ok(None) };
        let token: Token = row(&stored)?;
        if token.revoked_at.is_some() {
            return Ok(Some(token));
        }
        let now = app.clock.now();
        let revoked = Token { revoked_at: Some(now), ..token };
        let row = item(stored.item.key, &revoked, Some(now + SHOWN_AFTER_END));
        // A use of it may cross, at most once an hour.
        if let Write::Done(_) = app.table.put(row, Condition::Version(stored.version)).await? {
            tracing::info!(token = %id, "token.revoked");
            return Ok(Some(revoked));
        }
    }
}
