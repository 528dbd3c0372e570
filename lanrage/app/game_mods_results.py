"""The shape of what ``games.mods`` gives back (``docs/api.rst``)."""

from __future__ import annotations

from lanrage.app.results import Result


class ModShown(Result, frozen=True):
    """One modification here.

    :param hash: of its contents, hexadecimal; empty where names alone are compared.
    """

    name: str
    hash: str


class MemberModsShown(Result, frozen=True):
    """Another member's list beside ours.

    :param verdict: ``same``, ``differs``, ``no-answer``, ``unknown`` (the member does not know its
        list) or ``no-link``.
    :param missing_here: what only that member has.
    :param missing_there: what only this machine has.
    :param other: what both have, with other contents.
    """

    name: str
    verdict: str
    missing_here: list[str]
    missing_there: list[str]
    other: list[str]


class ServerModsShown(Result, frozen=True):
    """The hosting member's list of a server's game beside ours, before one plays there.

    :param verdict: as in :class:`MemberModsShown`, or ``unknown-here``: `reason` says why this machine's list is not.
    """

    member: str
    verdict: str
    reason: str
    missing_here: list[str]
    missing_there: list[str]
    other: list[str]


class ModsShown(Result, frozen=True):
    """A game's modifications here, and how other members' lists differ."""

    game: str
    mods: list[ModShown]
    members: list[MemberModsShown]
