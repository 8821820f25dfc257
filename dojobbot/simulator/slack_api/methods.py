"""The methods of the simulated Web API: what runs each, how often it may be called, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from dojobbot.simulator.slack_api import (
    chat,
    conversations,
    directory,
    files,
    scheduled,
    unfurls,
    validating,
    view_methods,
)
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json


@dataclass(frozen=True)
class Method:
    """A method of the Web API: what runs it, Slack's rate tier for it, and the scope that it always needs."""

    run: Callable[[Context, Call], Json]
    tier: str
    scope: str | None = None
    needs_token: bool = True


METHODS: dict[str, Method] = {
    "auth.test": Method(directory.auth_test, "special"),
    "blocks.validate": Method(validating.blocks_validate, "special", needs_token=False),
    "chat.delete": Method(chat.delete, "T3", "chat:write"),
    "chat.deleteScheduledMessage": Method(scheduled.delete_scheduled_message, "T3", "chat:write"),
    "chat.getPermalink": Method(chat.get_permalink, "special"),
    "chat.postEphemeral": Method(chat.post_ephemeral, "T4", "chat:write"),
    "chat.postMessage": Method(chat.post_message, "special", "chat:write"),
    "chat.scheduleMessage": Method(scheduled.schedule_message, "T3", "chat:write"),
    "chat.scheduledMessages.list": Method(scheduled.list_scheduled_messages, "T3"),
    "chat.unfurl": Method(unfurls.unfurl, "T3", "links:write"),
    "chat.update": Method(chat.update, "T3", "chat:write"),
    "conversations.history": Method(conversations.history, "T3"),
    "conversations.info": Method(conversations.info, "T3"),
    "conversations.open": Method(conversations.open_conversation, "T3", "im:write"),
    "conversations.replies": Method(conversations.replies, "T3"),
    "files.completeUploadExternal": Method(files.complete_upload_external, "T4", "files:write"),
    "files.getUploadURLExternal": Method(files.get_upload_url_external, "T4", "files:write"),
    "usergroups.users.list": Method(directory.usergroups_users_list, "T2", "usergroups:read"),
    "users.conversations": Method(conversations.of_user, "T3"),
    "users.info": Method(directory.users_info, "T4", "users:read"),
    "users.lookupByEmail": Method(directory.users_lookup_by_email, "T3", "users:read.email"),
    "views.open": Method(view_methods.open_, "T4"),
    "views.push": Method(view_methods.push, "T4"),
    "views.publish": Method(view_methods.publish, "T4"),
    "views.update": Method(view_methods.update, "T4"),
}
