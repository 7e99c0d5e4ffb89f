//! `[[project]]` and `[project.source]`.
//!
//! Not here: storing (`apply`), which values are valid (`config`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use config::limits::{PATH_BYTES_MAX, RATE_LIMIT, SOURCE_ID_BYTES};
use config::{HookId, HttpHook, Project, ProjectId, ProjectPath, Source, SourceId};
use payload::Forge;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::command::CommandEntry;
use super::gitlab::GitLabEntry;
use super::hook::HookEntry;
use super::irker::IrkerEntry;
use super::jobs::JobsEntry;
use super::secret::Written;

/// A project as the file has it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Project")]
pub(crate) struct ProjectEntry {
    /// Namespace and name, such as mike/diaspora; tells projects apart.
    #[schemars(with = "String", length(min = 1, max = PATH_BYTES_MAX))]
    pub(crate) path: ProjectPath,
    /// Requests a minute to all its HTTP targets together. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = *RATE_LIMIT.start(), max = *RATE_LIMIT.end()))]
    rate_limit: Option<u32>,
    /// Where its webhooks come in.
    source: SourceEntry,
    /// Its way to IRC. Left out: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    irker: Option<IrkerEntry>,
    /// Its HTTP targets.
    #[serde(rename = "hook", default)]
    hooks: Vec<HookEntry>,
    /// Its slash commands.
    #[serde(rename = "command", default)]
    commands: Vec<CommandEntry>,
    /// What they may run. Left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jobs: Option<JobsEntry>,
    /// The GitLab that it is on, if its API may be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gitlab: Option<GitLabEntry>,
}

/// Where webhooks come in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source")]
struct SourceEntry {
    /// Its URL is /hooks/ID. Left out: the stored one, or made up and printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<String>",
        length(min = *SOURCE_ID_BYTES.start(), max = *SOURCE_ID_BYTES.end())
    )]
    id: Option<SourceId>,
    /// Whose payloads to expect.
    #[serde(default, with = "config::source::forge_or_auto")]
    #[schemars(with = "ForgeOrAuto")]
    forge: Option<Forge>,
    /// One of them must fit; several while they are rotated. One that begins with `whsec_` is a signing token.
    #[serde(default)]
    secrets: Vec<Written>,
    /// Accept requests without any proof: only for a GitLab of 2014, which has no token to send.
    #[serde(default)]
    allow_unsigned: bool,
}

/// A forge's name, or `auto`.
struct ForgeOrAuto;

impl JsonSchema for ForgeOrAuto {
    fn schema_name() -> Cow<'static, str> {
        "ForgeOrAuto".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "A forge, or auto: each request is judged by its headers.",
            "anyOf": [{"const": "auto"}, generator.subschema_for::<Forge>()],
        })
    }
}

impl ProjectEntry {
    /// The entry that a project is read from again, with everything said.
    pub(crate) fn of(project: Project<Written>) -> Self {
        let Source { id, forge, secrets, allow_unsigned } = project.source;
        let secrets = Written::numbered(secrets);
        Self {
            path: project.path,
            rate_limit: project.rate_limit,
            source: SourceEntry { id: Some(id), forge, secrets, allow_unsigned },
            irker: project.irker.map(IrkerEntry::of),
            hooks: project.hooks.into_iter().map(HookEntry::of).collect(),
            commands: project.commands.into_iter().map(CommandEntry::of).collect(),
            jobs: project.jobs.map(JobsEntry::of),
            gitlab: project.gitlab.map(GitLabEntry::of),
        }
    }

    /// All its secrets, wherever they are.
    pub(crate) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        let source = self.source.secrets.iter_mut();
        source
            .chain(self.irker.iter_mut().flat_map(IrkerEntry::secrets_mut))
            .chain(self.hooks.iter_mut().flat_map(HookEntry::secrets_mut))
            .chain(self.commands.iter_mut().flat_map(CommandEntry::secrets_mut))
            .chain(self.jobs.iter_mut().flat_map(JobsEntry::secrets_mut))
            .chain(self.gitlab.iter_mut().map(|gitlab| &mut gitlab.token))
    }

    /// The project that the entry describes, not yet checked. What it leaves open is taken from the project as it was
    /// stored: its source's id, the secrets that are to be kept, and the numbers of hooks. `new_source` is the id for a
    /// source that had none.
    pub(crate) fn project(
        self,
        id: ProjectId,
        stored: Option<&Project>,
        new_source: SourceId,
    ) -> Result<Project, EntryError> {
        let source = self.source.source(stored.map(|project| &project.source), new_source)?;
        let irker = self.irker.map(|irker| irker.irker(stored.and_then(|project| project.irker.as_ref())));
        let mut last_hook = stored.map_or(HookId(0), |project| project.last_hook);
        let known = stored.map_or(&[][..], |project| &project.hooks);
        let commands = self.commands.into_iter().map(|entry| {
            let known = stored.and_then(|project| project.commands.iter().find(|known| known.id == entry.id));
            entry.command(known)
        });
        let commands = commands.collect::<Result<_, _>>()?;
        let jobs = self.jobs.map(|jobs| jobs.jobs(stored.and_then(|project| project.jobs.as_ref())));
        let gitlab = self
            .gitlab
            .map(|gitlab| gitlab.gitlab(&self.path, stored.and_then(|project| project.gitlab.as_ref())));
        Ok(Project {
            id,
            source,
            irker: irker.transpose()?,
            hooks: hooks(self.hooks, known, &mut last_hook)?,
            last_hook,
            rate_limit: self.rate_limit,
            commands,
            jobs: jobs.transpose()?,
            gitlab: gitlab.transpose()?,
            path: self.path,
        })
    }
}

impl SourceEntry {
    fn source(self, stored: Option<&Source>, new_source: SourceId) -> Result<Source, EntryError> {
        let kept = stored.map_or(&[][..], |source| &source.secrets);
        Ok(Source {
            id: self.id.or_else(|| stored.map(|source| source.id.clone())).unwrap_or(new_source),
            forge: self.forge,
            secrets: Written::secrets(self.secrets, kept, "source: secrets")?,
            allow_unsigned: self.allow_unsigned,
        })
    }
}

/// All hooks, by number. A number that the entry gives counts first, then a name or a URL that is known; the others get
/// numbers that nothing ever had.
fn hooks(
    entries: Vec<HookEntry>,
    known: &[HttpHook],
    last_hook: &mut HookId,
) -> Result<Vec<HttpHook>, EntryError> {
    let had = *last_hook;
    let given: BTreeSet<HookId> = entries.iter().filter_map(|entry| entry.id).collect();
    if let Some(gone) = given.iter().find(|id| **id <= had && !known.iter().any(|hook| hook.id == **id)) {
        return Err(EntryError::HookIsGone(*gone));
    }
    *last_hook = given.last().copied().unwrap_or(had).max(had);
    let mut taken = given;
    let mut hooks = Vec::new();
    for entry in entries {
        let is_free = |hook: &&HttpHook| !taken.contains(&hook.id) && entry.is_about(hook);
        let id = entry.id.or_else(|| known.iter().find(is_free).map(|hook| hook.id)).unwrap_or_else(|| {
            last_hook.0 += 1;
            *last_hook
        });
        taken.insert(id);
        hooks.push(entry.hook(id, known.iter().find(|hook| hook.id == id))?);
    }
    hooks.sort_by_key(|hook| hook.id);
    Ok(hooks)
}
