"""Taking molecules out of foreign text that others read: SMILES, SMARTS and InChI, whole or cut. Pure.

Nothing in a text says where a molecule begins. So every run of characters that SMILES is written in is
weighed (https://www.daylight.com/dayhtml/doc/theory/theory.smiles.html), and the whole piece it stands in is
hidden, be it `ligand=CCO`, a file name or a value in JSON. In doubt it is hidden: a few abbreviations go with
it, but for common ones of computing. Once a text has named a molecule, the rest is weighed more strictly.
"""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "without_structures"]

HIDDEN = "(structure)"

_LONGEST = 4000
"""Characters that are looked through: more than any message shows."""
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_ANGLES = "<>\u2039\u203a\u00ab\u00bb"
_INCHI = re.compile(
    rf"(?:(?i:InChI(?:Key)?)=|(?<![A-Za-z0-9])1S/)[^\s{_QUOTES}…]*"
    r"|(?<![A-Za-z])[A-Z]{14}-[A-Z]{10}-[A-Z](?![A-Za-z])",
    re.ASCII,
)
_PIECE = re.compile(rf"[^\s{_QUOTES}{_ANGLES}{{}}|;…!?]+")
_SPEAKS_OF_ONE = re.compile(r"smiles|smarts|inchi", re.IGNORECASE)
_ENDS_A_CLAUSE = ".,:"

_ELEMENT = r"[A-Z][a-z]?|[bcnops]|as|se|\*|#\d{1,3}"
_IN_BRACKETS = rf"\[\d{{0,3}}(?:{_ELEMENT})@{{0,2}}(?:H\d?)?[-+]{{0,3}}\d{{0,2}}(?::\d{{1,4}})?\]"
_ATOM = rf"{_IN_BRACKETS}|Cl|Br|[BCNOPSFI]|[bcnops]|\*"
_BOND = r"[-=#$:/\\.()%+@~0-9]"
_RUN = re.compile(rf"(?<![A-Za-z])(?:{_ATOM}|{_BOND})+(?![A-Za-z])", re.ASCII)
_APART = re.compile(r"[/\\:.,]")
"""What parts a path or a list; in SMILES it only joins what would be hidden by itself."""
_ATOMS = re.compile(_ATOM, re.ASCII)
_RING = re.compile(r"[A-Za-z\])]%?\d", re.ASCII)
_DOUBLE = re.compile(r"[A-Za-z\])][=#][A-Z\[(]", re.ASCII)
_BRANCH = re.compile(r"[A-Za-z0-9\])]\([-=#/\\]*[A-Za-z\[]", re.ASCII)
_CHARGED = re.compile(r"\[[^\]]*(?:[-+@]|H\d?(?=\])|:\d|#\d)[^\]]*\]", re.ASCII)
_SPOKEN = frozenset(
    {"CFS", "CI", "CNI", "CNN", "CSI", "IPC", "NCBI", "NIC", "OCI", "PC", "PCI", "SCP", "SCSI", "SOC"}
)
"""Words about computers that could be read as molecules."""


def without_structures(text: str) -> str:
    """Put a word in the place of each piece of a text that could be a molecule.

    Foreign text, unescaped, comes in and goes out; what was hidden reads `(structure)`. A piece that a `…`
    cut short is hidden when what is left could be the beginning of a molecule.
    """
    looked_at = text[:_LONGEST] + ("…" if len(text) > _LONGEST else "")
    named = _INCHI.sub(HIDDEN, looked_at)
    hidden = _hide(named, strict=False)
    if hidden == looked_at and not _SPEAKS_OF_ONE.search(looked_at):
        return hidden
    return _hide(hidden, strict=True)


def _hide(text: str, *, strict: bool) -> str:
    def shown(found: re.Match[str]) -> str:
        piece = found.group()
        is_cut = text[found.end() : found.end() + 1] == "…"
        if piece == HIDDEN or not _holds_one(piece, strict=strict or is_cut):
            return piece
        return HIDDEN + piece[len(piece.rstrip(_ENDS_A_CLAUSE)) :]

    return _PIECE.sub(shown, text)


def _holds_one(piece: str, *, strict: bool) -> bool:
    for found in _RUN.finditer(piece):
        run = found.group()
        # A stroke beside a double bond says on which side of it something stands; any other parts a path.
        if ("/" not in run or "=" in run) and _is_structure(run, strict=strict):
            return True
        if any(_is_structure(part, strict=strict) for part in _APART.split(run)):
            return True
    return False


def _is_structure(run: str, *, strict: bool) -> bool:
    """Whether a run of atoms and bonds is a molecule rather than a word, a number or an abbreviation."""
    atoms = _ATOMS.findall(run)
    if _CHARGED.search(run):
        return True
    if len(atoms) < 2 or re.sub(r"[^A-Za-z]", "", run) in _SPOKEN:
        return False
    aliphatic = sum(atom[0].isupper() or atom[0] in "[*" for atom in atoms)
    has_carbon = any(atom in {"C", "c"} or atom.startswith(("[C", "[1")) for atom in atoms)
    # A double bond is written between two atoms, one of them in capitals: `C=O` is one, `on=no` is not.
    bonded = aliphatic > 0 and (_DOUBLE.search(run) is not None or _BRANCH.search(run) is not None)
    ringed = _RING.search(run) is not None
    if strict:
        return (has_carbon or bonded) and (aliphatic >= 2 or ringed)
    if aliphatic >= 3:
        return has_carbon or bonded
    return (bonded and aliphatic >= 2) or (ringed and len(atoms) >= 4)
