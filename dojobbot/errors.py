"""Everything that dojobbot raises on purpose: one tree, each error with its ids and a hint for a person.

`str(error)` is a sentence that can be shown as it is. `error.hint` says what to do next, in words that are
right wherever dojobbot is used; a surface may have better ones. Neither ever holds a token.
"""

from __future__ import annotations

__all__ = [
    "ActionInFlight",
    "AlreadyRunning",
    "DeliveryUnknown",
    "DestinationClosed",
    "DojobbotError",
    "ExportFailed",
    "FileRefused",
    "HomeDisabled",
    "InvalidQuery",
    "JobNotFound",
    "LeaseLost",
    "MalformedReply",
    "PlatformError",
    "PlatformRefused",
    "PlatformRestricted",
    "PlatformThrottled",
    "PlatformUnavailable",
    "ScopeMismatch",
    "SettingsError",
    "SlackError",
    "SlackThrottled",
    "SlackUnavailable",
    "StoreError",
    "StreamRefused",
    "TokenRejected",
    "TriggerSpent",
    "ViewChanged",
    "ViewClosed",
]


class DojobbotError(Exception):
    """The root. `hint` is one sentence that says what a person can do."""

    hint = "Try again; if it stays, tell whoever set this up."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class SettingsError(DojobbotError):
    """One or more settings are missing or wrong; `problems` has a line for each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class InvalidQuery(DojobbotError):
    """The words after `/jobs` or `/job` were not understood."""

    hint = "Type `/jobs help` to see what can be asked."


# --- the Deep Origin platform -------------------------------------------------------------------


class PlatformError(DojobbotError):
    """Deep Origin did not do what was asked."""


class PlatformUnavailable(PlatformError):
    """No usable answer: the network, a timeout, or a 5xx that outlived the retries."""

    hint = "Deep Origin does not answer at the moment. Try again in a minute."


class PlatformThrottled(PlatformError):
    """429 outlived the retries. `retry_after` is in seconds, when the platform named it."""

    hint = "Deep Origin asks us to slow down. Try again in a minute."

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TokenRejected(PlatformError):
    """The platform's token has expired or was refused (401, 403)."""

    hint = "Set a new `DO_AUTH_TOKEN`, check `DO_ORG_KEY`, and start again."


class JobNotFound(PlatformError):
    """The platform knows no such job, or not for this organisation."""

    hint = "Check the id."

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Deep Origin knows no job {job_id or 'without an id'}.")
        self.job_id = job_id


class PlatformRefused(PlatformError):
    """The platform understood and said no (another 4xx). `code` is its own word, if it gave one."""

    hint = "Look at the job again to see where it is now."

    def __init__(
        self, message: str, *, status: int, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class PlatformRestricted(PlatformRefused):
    """Money, licence or tier stands in the way; it may come inside an HTTP 200."""

    hint = "Ask your Deep Origin administrator about the budget, the licence or the plan."


class StreamRefused(PlatformError):
    """The platform gives no event stream about a project, however often it is asked."""


class MalformedReply(PlatformError):
    """The platform's answer is not what its client sources describe."""

    hint = "Deep Origin sent something that is not a job. Try again; if it stays, tell its support."


# --- Slack ---------------------------------------------------------------------------------------


class SlackError(DojobbotError):
    """Slack refused a call; `code` is Slack's own error word."""

    def __init__(self, message: str, *, code: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class SlackUnavailable(SlackError):
    """Slack could not be reached, and nothing was sent."""

    hint = "Slack does not answer at the moment. Try again in a minute."


class SlackThrottled(SlackError):
    """429: nothing was done. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, code="ratelimited")
        self.retry_after = retry_after


class DeliveryUnknown(SlackError):
    """A call may or may not have worked: the reply was lost, or Slack failed halfway."""

    hint = "Slack does not answer properly at the moment. Try again in a minute."


class DestinationClosed(SlackError):
    """The destination cannot take messages: gone, archived, or the bot is not in it."""

    hint = "Invite me first: `/invite @dojobbot`."


class FileRefused(SlackError):
    """Slack, or the rules of the workspace, take no such file: nothing was shared."""

    hint = "Ask your Slack administrator which files apps may share here."


class TriggerSpent(SlackError):
    """A press is too old to open a window, or has opened one already (`was_used`)."""

    hint = "Press the button again."

    @property
    def was_used(self) -> bool:
        """Whether it has opened one."""
        return "exchanged" in self.code


class ViewChanged(SlackError):
    """A window shows something else by now than was seen last."""

    hint = "Press the button again."


class ViewClosed(SlackError):
    """A window is not open any more."""

    hint = "Open it again."


class HomeDisabled(SlackError):
    """The Slack app has no Home tab."""

    hint = "The person who runs dojobbot switches the Home Tab on at api.slack.com/apps > App Home."


class ExportFailed(DojobbotError):
    """A file or figures could not be made; nothing was sent."""

    hint = "Ask for less: narrow it with `since:` or `tool:`, or leave out what `with:` adds."


# --- the store -----------------------------------------------------------------------------------


class StoreError(DojobbotError):
    """The database cannot be used."""


class AlreadyRunning(StoreError):
    """Another dojobbot has this SQLite file open."""

    hint = "Stop the other one first, or give this one its own `DOJOBBOT_DATABASE_URL`."


class ScopeMismatch(StoreError):
    """The database belongs to another platform, organisation or Slack workspace."""

    hint = "Set `DOJOBBOT_DATABASE_URL` to another database, or put the old settings back."


class LeaseLost(StoreError):
    """What was to be written belongs to another replica by now: it took a lease over."""

    hint = "Nothing needs to be done: the other replica goes on."


class ActionInFlight(DojobbotError):
    """Somebody's cancel or approval of this job has not been answered yet."""

    hint = "Wait a few seconds, then press Refresh."
