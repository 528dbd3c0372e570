"""Who is told of what: the text of the setting ``notify.targets`` (``docs/notifications.rst``). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import attrs

from lanrage.core.notices import ALL_KINDS, Notice, NoticeKind
from lanrage.errors import BadInput

TARGETS_LIMIT = 8
"""Each has a queue and a connection of its own."""
URL_LIMIT = 512
TOKEN_LIMIT = 512
_WORD = re.compile(r"(?P<kind>[a-z]+)(?:\[(?P<events>[a-z_,]*)\])?=(?P<place>\S+)")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-~]*)?"
)
_ROOM = re.compile(r"/(?P<room>![!-\[\]-~]{1,254})")
_TOPIC = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/[A-Za-z0-9_-]{1,64}/?")
_LOCAL = ("127.0.0.1", "[::1]", "localhost")


class TargetKind(StrEnum):
    """How a target is spoken to."""

    DISCORD = "discord"
    NTFY = "ntfy"
    MATRIX = "matrix"
    JSON = "json"


@attrs.frozen
class Target:
    """Somebody who is told.

    :param url: of https, or of http on this machine: a secret, as it lets one post.
    :param events: that it is told of; a test goes to all.
    :param token: sent as bearer; empty where none is needed. A secret.
    """

    kind: TargetKind
    url: str = attrs.field(repr=False)
    events: frozenset[NoticeKind] = ALL_KINDS
    token: str = attrs.field(default="", repr=False)

    @property
    def host(self) -> str:
        """What of its address may be shown."""
        found = _URL.fullmatch(self.url)
        assert found is not None
        return found["host"].lower() + (f":{found['port']}" if found["port"] else "")

    def wants(self, notice: Notice) -> bool:
        """Whether it is told of this."""
        return notice.kind is NoticeKind.TEST or notice.kind in self.events


@attrs.frozen
class TargetNamed:
    """A target as the setting names it.

    :param place: its address, or ``@FILE`` that holds it.
    """

    kind: TargetKind
    place: str = attrs.field(repr=False)
    events: frozenset[NoticeKind] = ALL_KINDS


def parse_targets(text: str, field: str) -> tuple[TargetNamed, ...]:
    """``KIND=ADDRESS`` or ``KIND[EVENT,EVENT]=ADDRESS``, with a blank between two.

    :raises BadInput: names `field` and the rule, and never an address: those are secrets.
    """
    found = tuple(_named(word, field) for word in text.split(" ") if word)
    if len(found) > TARGETS_LIMIT:
        raise BadInput(field, f"names more than {TARGETS_LIMIT} targets")
    return found


def _named(word: str, field: str) -> TargetNamed:
    parts = _WORD.fullmatch(word)
    if parts is None:
        raise BadInput(field, "each target is KIND=ADDRESS or KIND[EVENT,EVENT]=ADDRESS, with a blank between two")
    kinds = [each.value for each in TargetKind]
    if parts["kind"] not in kinds:
        raise BadInput(field, f"{parts['kind'][:20]!r} is none of {', '.join(kinds)}")
    kind, place = TargetKind(parts["kind"]), parts["place"]
    if not place.startswith("@"):
        check_url(place, field, kind)
    return TargetNamed(kind, place, _events(parts["events"], field))


def _events(text: str | None, field: str) -> frozenset[NoticeKind]:
    if text is None:
        return ALL_KINDS
    known = {each.value: each for each in sorted(ALL_KINDS)}
    words = text.split(",")
    for word in words:
        if word not in known:
            raise BadInput(field, f"{word[:20]!r} is none of {', '.join(known)}")
    return frozenset(known[word] for word in words)


def check_url(text: str, field: str, kind: TargetKind = TargetKind.JSON) -> str:
    """An address of https, or of http on this machine, without user, fragment and blanks.

    :raises BadInput: names `field`, and never says the address: it is a secret.
    """
    found = _URL.fullmatch(text) if len(text) <= URL_LIMIT else None
    if found is None or "#" in text or (found["port"] and not 1 <= int(found["port"]) <= 65535):
        raise BadInput(field, "an address begins with https:// and has neither user, blank nor # in it")
    if found["scheme"] == "http" and found["host"] not in _LOCAL:
        raise BadInput(field, "an address of http:// would send secrets in the clear: only this machine's own may be")
    path = found["path"] or ""
    if kind is TargetKind.MATRIX and not _ROOM.fullmatch(path):
        raise BadInput(field, "a room of Matrix is given as https://SERVER/!ROOM:SERVER")
    if kind is TargetKind.NTFY and not _TOPIC.fullmatch(path):
        raise BadInput(field, "a topic of ntfy is given as https://SERVER/TOPIC")
    return text


def split_url(url: str) -> tuple[str, str]:
    """A checked address: scheme with server, and path."""
    found = _URL.fullmatch(url)
    assert found is not None
    path = found["path"] or ""
    return url[: len(url) - len(path)], path


def parse_token(text: str, field: str) -> str:
    """A token, ``@FILE`` that holds it, or nothing.

    :raises BadInput: names `field`, and never says the token.
    """
    if not text.startswith("@"):
        check_token(text, field)
    return text


def check_token(text: str, field: str) -> str:
    """What may stand in a header after ``Bearer``, or nothing.

    :raises BadInput: names `field`, and never says the token.
    """
    if len(text) > TOKEN_LIMIT or not re.fullmatch(r"[!-~]*", text):
        raise BadInput(field, f"a token is at most {TOKEN_LIMIT} characters of ASCII, without blanks")
    return text


def merged(targets: Iterable[Target]) -> list[Target]:
    """Each address once, told of all that one of its targets is told of: nobody is told twice."""
    found: dict[tuple[TargetKind, str, str], Target] = {}
    for target in targets:
        key = (target.kind, target.url, target.token)
        known = found.get(key)
        found[key] = target if known is None else attrs.evolve(known, events=known.events | target.events)
    return list(found.values())


def places(targets: Iterable[Target]) -> list[str]:
    """The targets as they may be shown, in order: kind and host."""
    return [f"{each.kind.value} at {each.host}" for each in targets]
