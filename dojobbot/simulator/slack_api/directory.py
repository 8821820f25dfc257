"""The methods that say who is who."""

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError


def auth_test(context: Context, call: Call) -> Json:  # noqa: ARG001 - all methods are called alike
    """`auth.test`."""
    bot = context.state.user(world.BOT)
    return {
        "ok": True,
        "url": f"https://{world.TEAM_DOMAIN}.slack.com/",
        "team": world.TEAM_NAME,
        "user": bot.name,
        "team_id": world.TEAM_ID,
        "user_id": bot.id,
        "bot_id": world.BOT_ID,
        "is_enterprise_install": False,
    }


def users_info(context: Context, call: Call) -> Json:
    """`users.info`."""
    user = context.state.user(call.required("user"))
    with_email = "users:read.email" in context.scopes
    return {"ok": True, "user": user.as_json(context.state.now(), with_email=with_email)}


def users_lookup_by_email(context: Context, call: Call) -> Json:
    """`users.lookupByEmail`: active members of this workspace only."""
    wanted = call.required("email").casefold()
    for user in context.state.users.values():
        if user.email is not None and user.email.casefold() == wanted and not user.deleted:
            return {"ok": True, "user": user.as_json(context.state.now(), with_email=True)}
    raise SlackError("users_not_found")


def usergroups_users_list(context: Context, call: Call) -> Json:
    """`usergroups.users.list`."""
    group = context.state.groups.get(call.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"ok": True, "users": list(group.members)}
