"""Notices as HTTP requests, and what is read of the answers (``docs/notifications.rst``).

- Discord: https://discord.com/developers/docs/resources/webhook and .../topics/rate-limits
- ntfy: https://docs.ntfy.sh/publish/
- Matrix: ``PUT /rooms/{roomId}/send/{eventType}/{txnId}``, https://spec.matrix.org/latest/client-server-api/

What strangers say is shown as they wrote it: for Discord each sign is escaped, so that nothing is a link, a mention or
a form of writing; the others are told that it is plain text.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from lanrage.core.notice_queue import Answer, Batch, Waiting
from lanrage.core.notice_targets import Target, TargetKind, split_url

SENDER = "LANrage"
USER_AGENT = "LANrage"
DISCORD_LIMIT = 4096
"""Characters of an embed's description."""
NTFY_LIMIT = 4096
"""Bytes of a message; what is longer becomes an attached file."""
MATRIX_LIMIT = 16_384
"""Bytes; a whole event may have 65,536."""
JSON_LIMIT = 60_000
"""Bytes of a message to a target of one's own."""
CALM, ALARM = 0x3B82F6, 0xDC2626
"""Colours of an embed."""
ANSWER_LIMIT = 4096
"""Bytes of an answer that are read."""
WAIT_LIMIT = 3600.0
"""Seconds that a target is believed when it asks for peace."""
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
"""Characters that stand for themselves in a path (RFC 3986, section 2.3)."""
_ESCAPES = {ord(sign): f"\\{sign}" for sign in string.punctuation}


@attrs.frozen
class HttpRequest:
    """What is sent.

    :param url: a secret, as may be the headers.
    """

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


def escaped(text: str) -> str:
    """A text in which Discord finds no markdown, mention, emoji or link: all its signs are escaped."""
    return text.translate(_ESCAPES)


def fits(kind: TargetKind, lines: tuple[Waiting, ...]) -> bool:
    """Whether one message holds these lines."""
    if kind is TargetKind.DISCORD:
        return len(_discord_text(lines)) <= DISCORD_LIMIT
    if kind is TargetKind.JSON:
        return len(_json(Batch(0, lines))) <= JSON_LIMIT
    return len(_plain(lines).encode()) <= (NTFY_LIMIT if kind is TargetKind.NTFY else MATRIX_LIMIT)


def encode(target: Target, batch: Batch, life: str) -> HttpRequest:
    """The request that tells a target of a batch.

    :param life: random, another one for each life of this process; safe in a URL. With the batch's number it names the
        message, so that a second try of what had arrived is no second message at Matrix.
    """
    headers = {"User-Agent": USER_AGENT}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    match target.kind:
        case TargetKind.DISCORD:
            return HttpRequest("POST", target.url, {**headers, "Content-Type": "application/json"}, _discord(batch))
        case TargetKind.NTFY:
            urgent = any(each.notice.urgent for each in batch.lines)
            headers |= {"Title": SENDER, "Priority": "high" if urgent else "default", "Markdown": "no"}
            body = _plain(batch.lines).encode()
            return HttpRequest("POST", target.url, {**headers, "Content-Type": "text/plain; charset=utf-8"}, body)
        case TargetKind.MATRIX:
            content = {"msgtype": "m.notice", "body": _plain(batch.lines), "m.mentions": {}}
            url = _matrix_url(target.url, f"{life}-{batch.number}")
            return HttpRequest(
                "PUT", url, {**headers, "Content-Type": "application/json"}, msgspec.json.encode(content)
            )
        case TargetKind.JSON:
            return HttpRequest("POST", target.url, {**headers, "Content-Type": "application/json"}, _json(batch))


def _line(waiting: Waiting) -> str:
    return waiting.notice.text + (f" ({waiting.times} times)" if waiting.times > 1 else "")


def _plain(lines: tuple[Waiting, ...]) -> str:
    return "\n".join(map(_line, lines))


def _discord_text(lines: tuple[Waiting, ...]) -> str:
    return "\n".join(escaped(_line(each)) for each in lines)


def _discord(batch: Batch) -> bytes:
    colour = ALARM if any(each.notice.urgent for each in batch.lines) else CALM
    embed = {"description": _discord_text(batch.lines), "color": colour}
    return msgspec.json.encode({"username": SENDER, "embeds": [embed], "allowed_mentions": {"parse": []}})


def _json(batch: Batch) -> bytes:
    notices = [
        {"kind": each.notice.kind.value, "text": each.notice.text, "urgent": each.notice.urgent, "times": each.times}
        for each in batch.lines
    ]
    return msgspec.json.encode({"source": "lanrage", "notices": notices})


def _matrix_url(url: str, transaction: str) -> str:
    server, path = split_url(url)
    room = "".join(each if each in _UNRESERVED else f"%{ord(each):02X}" for each in path.removeprefix("/"))
    return f"{server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}"


def read_answer(code: int, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    """What a server said.

    :param headers: names in lower case.
    :param body: as far as it was read.
    """
    said = _object(body) if code == 429 else {}
    waits = [_seconds(headers.get("retry-after", ""))]
    if isinstance(value := said.get("retry_after"), int | float):  # Discord's: seconds, finer than the header's
        waits.append(_bounded(value))
    if isinstance(value := said.get("retry_after_ms"), int | float):  # Matrix'
        waits.append(_bounded(value, 1000))
    left = headers.get("x-ratelimit-remaining", "")
    remaining = int(left) if left.isascii() and left.isdigit() and len(left) < 10 else None
    reset = _seconds(headers.get("x-ratelimit-reset-after", ""))
    everywhere = headers.get("x-ratelimit-global", "").lower() == "true" or said.get("global") is True
    return Answer(code, max(waits), remaining, reset, code == 429 and everywhere)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _seconds(text: str) -> float:
    """Seconds; a date, or anything else, is none."""
    plain = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 16
    return _bounded(float(text)) if plain else 0.0


def _bounded(value: float, per_second: int = 1) -> float:
    """A number of JSON in seconds; a whole one may be larger than any float, and is bounded before it becomes one."""
    bounded = min(max(0.0, value), WAIT_LIMIT * per_second) / per_second
    return bounded if value not in (math.inf, -math.inf) and not math.isnan(bounded) else 0.0
