"""What python-gitlab does with hooks and integrations, against the Bellhop, token and project that it is given."""

import sys

import gitlab

url, token, path = sys.argv[1:]
bellhop = gitlab.Gitlab(url, private_token=token)
bellhop.auth()
assert bellhop.user.is_admin
assert bellhop.version()[1] == "bellhop"
project = bellhop.projects.get(path)
assert project.path_with_namespace == path

# Hooks are made, paged through, changed, tried and taken away.
settings = {"url": "http://127.0.0.1:9/h", "merge_requests_events": 1, "token": "s3cret", "push_events_branch_filter": "main"}
hook = project.hooks.create(settings)
assert hook.token_present and not hasattr(hook, "token")
assert hook.merge_requests_events is True
project.hooks.create({"url": "http://127.0.0.1:9/i"})
assert [known.id for known in project.hooks.list(iterator=True, per_page=1)] == [1, 2]
hook.push_events = False
hook.save()
assert project.hooks.get(hook.id).push_events is False
assert project.hooks.update(hook.id, {"url": "http://127.0.0.1:9/elsewhere"})["token_present"] is False
try:
    hook.test("push_events")
    raise SystemExit("nobody listens there")
except gitlab.GitlabError as error:
    assert error.response_code == 422, error
hooks = f"/projects/{project.encoded_id}/hooks/{hook.id}"
bellhop.http_put(f"{hooks}/custom_headers/X-Key", post_data={"value": "hidden"})
[attempt] = bellhop.http_list(f"{hooks}/events", get_all=True)
assert attempt["outcome"] == "unreachable", attempt
for known in project.hooks.list(get_all=True):
    known.delete()
assert project.hooks.list(get_all=True) == []

# The irker integration is set, shown and taken away, under both its names.
settings = {"recipients": "#chan other?key=hunter2", "server_host": "127.0.0.1", "default_irc_uri": "irc://irc.example.net:6697/"}
project.integrations.update("irker", settings)
irker = project.integrations.get("irker")
assert "hunter2" not in str(irker.properties), irker.properties
assert [known.slug for known in project.integrations.list(get_all=True)] == ["irker"]
lazy = project.integrations.get("irker", lazy=True)
lazy.colorize_messages = True
lazy.save()
assert project.services.get("irker").properties["colorize_messages"] is True
project.integrations.delete("irker")
assert project.integrations.list(get_all=True) == []

# Mistakes come in GitLab's shapes.
for wrong, code, words in [
    (lambda: bellhop.projects.get("no/such"), 404, "404 Project Not Found"),
    (lambda: project.hooks.create({"url": "ftp://h/"}), 422, "Invalid url given"),
    (lambda: gitlab.Gitlab(url, private_token="wrong").auth(), 401, "401 Unauthorized"),
]:
    try:
        wrong()
        raise SystemExit(f"taken: {words}")
    except gitlab.GitlabError as error:
        assert error.response_code == code and words in str(error), error
print("done")
