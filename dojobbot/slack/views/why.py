"""Why a job is where it is: the platform's reason, and the innermost message of the step that failed.

Both are what people wait for, so they are shown in channels as well. But a message may quote the molecule it
is about, and what others see carries no inputs: there, whatever could be a structure is taken out.
"""

from __future__ import annotations

import re

from dojobbot.domain import FAILED, Job
from dojobbot.slack.text import foreign

__all__ = ["quoted", "words"]

_LONGEST = 600
_TAKEN_OUT = "[…]"
_PUNCTUATION = ",;\"'`“”"
_SHORTEST_STRUCTURE = 3
# The alphabet of SMILES: atoms of the organic subset, bracket atoms, bonds, rings, branches.
_SMILES = re.compile(r"(?:Cl|Br|[BCNOPSFIbcnops]|\[[^\]\s]{1,40}\]|[-=#$:/\\.()%+@0-9])+", re.ASCII)
_ATOM = re.compile(r"[BCNOPSFI\[]")
_AROMATIC = re.compile(r"[bcnops]")
_MOST_WORDS = 400


def words(job: Job) -> tuple[str, ...]:
    """Give the platform's reason and, of a job that failed, the innermost message that is not in it.

    Foreign text, unescaped.
    """
    reason = job.reason or ""
    failure = job.progress.failure if job.progress is not None and job.status in FAILED else ""
    message = failure.partition(": ")[2] or failure
    return tuple(said for said in (reason, "" if message in reason else failure) if said)


def quoted(job: Job, *, private: bool, innermost: bool = True) -> str:
    """Quote why, in mrkdwn, a line each; empty when nobody says anything.

    Args:
        job: the job.
        private: for one person's eyes, so nothing is taken out.
        innermost: whether to quote the failed step, too; without it the platform's reason alone.
    """
    said = words(job) if innermost else (job.reason or "",)
    shown = said if private else tuple(_without_structures(each) for each in said)
    return "\n".join(f">{line}" for line in (foreign(each, _LONGEST) for each in shown) if line)


def _without_structures(text: str) -> str:
    return " ".join(_TAKEN_OUT if _is_structure(word) else word for word in text.split()[:_MOST_WORDS])


def _is_structure(word: str) -> bool:
    """Whether a word can be read as a molecule; a few abbreviations can as well, and that is no loss."""
    bare = word.strip(_PUNCTUATION)
    if bare.startswith(("InChI=", "SMILES=", "smiles=")):
        return True
    bare = bare.rstrip(".:")
    if len(bare) < _SHORTEST_STRUCTURE or not _SMILES.fullmatch(bare):
        return False
    has_digit = any(each.isdigit() for each in bare)
    # An aromatic atom stands in a ring, which has a number; a slash stands beside a double bond.
    aromatic_ring = _AROMATIC.search(bare) is not None and has_digit
    plain = _ATOM.search(bare) is not None and _AROMATIC.search(bare) is None
    return (aromatic_ring or plain) and ("/" not in bare or "=" in bare)
