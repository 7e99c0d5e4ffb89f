// What @gitbeaker/rest does with hooks and integrations, against the Bellhop, token and project that it is given.
import { Gitlab } from "@gitbeaker/rest";

const [host, token, project] = process.argv.slice(1);
const api = new Gitlab({ host, token });
const check = (what, is) => {
    if (!is) throw new Error(what);
};

check("user", (await api.Users.showCurrentUser()).is_admin);
const url = "http://127.0.0.1:9/h";
const hook = await api.ProjectHooks.add(project, url, { pushEvents: true, token: "s3cret" });
check("a secret is not shown", hook.token_present && hook.token === undefined);
check("all", (await api.ProjectHooks.all(project)).some((known) => known.id === hook.id));
await api.ProjectHooks.edit(project, hook.id, url, { pushEvents: false });
check("edit and show", !(await api.ProjectHooks.show(project, hook.id)).push_events);
await api.ProjectHooks.remove(project, hook.id);

const settings = { recipients: "#chan", defaultIrcUri: "irc://irc.example.net:6697/" };
check("edit", (await api.Integrations.edit(project, "irker", settings)).slug === "irker");
check("show", (await api.Integrations.show(project, "irker")).properties.recipients.endsWith("/chan"));
check("all", (await api.Integrations.all(project)).length === 1);
await api.Integrations.disable(project, "irker");
check("none", (await api.Integrations.all(project)).length === 0);
console.log("done");
