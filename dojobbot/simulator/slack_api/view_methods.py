"""The methods `views.*`: modals and the App Home."""

from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.content import decoded
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError
from dojobbot.simulator.slack_api.views import check_view


def open_(context: Context, call: Call) -> Json:
    """`views.open`: a modal for whoever the trigger belongs to, in the place of those that are open."""
    trigger = call.required("trigger_id")
    content = _content(call, "modal")
    user = context.views.exchange(trigger)
    context.views.clear(user)
    return {"ok": True, "view": context.views.push(user, content).as_json()}


def push(context: Context, call: Call) -> Json:
    """`views.push`: one more modal on top of an open one; three at most."""
    trigger = call.required("trigger_id")
    content = _content(call, "modal")
    user = context.views.exchange(trigger)
    if not context.views.modals(user):
        raise SlackError("not_found")
    return {"ok": True, "view": context.views.push(user, content).as_json()}


def update(context: Context, call: Call) -> Json:
    """`views.update`, by view id or by the id that the app itself gave."""
    content = _content(call, "modal")
    view_id = call.text("view_id")
    if view_id is None:
        view_id = context.views.by_external_id(call.required("external_id"))
    return {"ok": True, "view": context.views.update(view_id, content, call.text("hash")).as_json()}


def publish(context: Context, call: Call) -> Json:
    """`views.publish`: somebody's App Home."""
    user = context.state.user(call.required("user_id"))
    content = _content(call, "home")
    return {"ok": True, "view": context.views.publish(user.id, content, call.text("hash")).as_json()}


def _content(call: Call, kind: str) -> Json:
    return check_view(decoded(call.args, "view", "invalid_arguments"), kind)
