"""Reading what the page sends: texts out of its JSON, and the refusal that tells a person what was wrong."""

from collections.abc import Mapping


class Refusal(Exception):
    """The page asked for something that cannot be done; the text is for the person."""


def required_text(body: Mapping[str, object], name: str) -> str:
    """A text that has to be there; Refusal when it is not."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"{name} is missing.")
    return value


def optional_text(body: Mapping[str, object], name: str) -> str | None:
    """A text, or None when nothing was given; Refusal for anything else."""
    value = body.get(name)
    return None if value is None or value == "" else required_text(body, name)


def optional_number(body: Mapping[str, object], name: str, least: float, most: float) -> float | None:
    """A number in a range, or None when nothing was given; Refusal for anything else."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Refusal(f"{name.replace('_', ' ')} must be a number from {least:g} to {most:g}.")
    return float(value)
