//! A request that was let in: what it is about, what it says, and what the handlers do all alike.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::projects::{self, Expected, Revision, SaveError, Saved};
use app::tokens::Token;
use config::{HookId, HttpHook, Project, ProjectId};

use crate::Api;
use crate::fields::Fields;
use crate::refusal::Refusal;
use crate::reply::{PER_PAGE, Page};

/// How often a change is made anew that somebody else's crossed, unless its sender said what it was to change.
const EDIT_TRIES: usize = 10;

/// How long to wait before that: saving takes a few milliseconds here, and a few tens on AWS.
const EDIT_REST: Duration = Duration::from_millis(40);

/// One request.
pub(crate) struct Call {
    pub(crate) api: Arc<Api>,
    pub(crate) token: Token,
    /// The project in the path, as it is stored now.
    pub(crate) project: Option<Saved>,
    /// The route's path.
    pub(crate) route: String,
    /// The names in the path, each with what stands there.
    pub(crate) path: Vec<(String, String)>,
    pub(crate) fields: Fields,
    /// The version in `If-Match`.
    pub(crate) expected: Option<Revision>,
}

impl Call {
    pub(crate) fn app(&self) -> &App {
        &self.api.app
    }

    /// The project in the path. The door has found it.
    pub(crate) fn saved(&self) -> Result<&Saved, Refusal> {
        self.project.as_ref().ok_or(Refusal::NotFound("Project"))
    }

    pub(crate) fn id(&self) -> Result<ProjectId, Refusal> {
        Ok(self.saved()?.project.id)
    }

    /// Whether its token may change the project: such a one is shown what others are not.
    pub(crate) fn may_write(&self) -> bool {
        self.project.as_ref().is_some_and(|saved| self.token.scope.may_write(saved.project.id))
    }

    /// Whether a word stands in the route's path.
    pub(crate) fn is_at(&self, word: &str) -> bool {
        self.route.split('/').any(|part| part == word)
    }

    /// What stands at a name in the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The hook in the path.
    pub(crate) fn hook(&self) -> Result<&HttpHook, Refusal> {
        let id = self.hook_id()?;
        self.saved()?.project.hooks.iter().find(|hook| hook.id == id).ok_or(Refusal::NotFound(""))
    }

    pub(crate) fn hook_id(&self) -> Result<HookId, Refusal> {
        self.part("hook_id").parse().map(HookId).map_err(|_| Refusal::Invalid("hook_id"))
    }

    /// Which page is asked for.
    pub(crate) fn page(&self) -> Page {
        Page {
            number: self.fields.number("page").unwrap_or(1),
            per_page: self.fields.number("per_page").unwrap_or(PER_PAGE),
            total: None,
            has_next: false,
        }
    }

    /// Changes the project. What somebody else has changed meanwhile is looked at before, so that a change never writes
    /// over what it has not seen; if the sender named a version, it is that one or none.
    pub(crate) async fn edit<T>(
        &self,
        change: impl Fn(&mut Project) -> Result<T, Refusal>,
    ) -> Result<(T, Saved), Refusal> {
        let mut saved = self.saved()?.clone();
        for left in (0..EDIT_TRIES).rev() {
            let mut project = saved.project.clone();
            let changed = change(&mut project)?;
            match projects::save(self.app(), project, Expected::Revision(saved.revision)).await {
                Ok(_) => return Ok((changed, self.again().await?)),
                Err(SaveError::Changed) if self.expected.is_some() => return Err(Refusal::Precondition),
                Err(SaveError::Changed | SaveError::Busy) if self.expected.is_none() && left > 0 => {
                    tokio::time::sleep(EDIT_REST).await;
                    saved = self.again().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Conflict("409 Conflict".to_owned()))
    }

    async fn again(&self) -> Result<Saved, Refusal> {
        projects::find(self.app(), self.id()?).await?.ok_or(Refusal::NotFound("Project"))
    }

    /// Counts a request that somebody else gets.
    pub(crate) fn pace(&self) -> Result<(), Refusal> {
        let who = (self.token.id, self.id()?);
        self.api.pace.admit(who, self.app().clock.now()).map_err(Refusal::TooMany)
    }
}
