"""Captures of the control channel and of the local API: every message, short and full, in both encodings; a login."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lanrage.core.identity import SigningKey
from lanrage.wire import local
from lanrage.wire.control import Accepted, Done, Notice, Reply, Request
from lanrage.wire.control_codec import CODECS, VERSION, Codec
from lanrage.wire.control_party import Delta, MemberRow
from lanrage.wire.control_reference import messages, tag
from lanrage.wire.login import ClientLogin, ServerLogin
from tests.fakes_control import SeededRandom, node_keys, seeded
from tests.golden.case import Case, Wire
from tests.golden.samples import sample

ACCEPTED = Accepted("session", 1.0, (":3478",), ())


def _of_kind(kind: type[msgspec.Struct], codec: Codec) -> Iterator[Case]:
    for word, full in (("short", False), ("full", True)):
        value = sample(kind, full)
        yield Case(
            f"{tag(kind) or kind.__name__}/{kind.__name__}/{word}/{codec.name}",
            value,
            lambda value=value: codec.encode(value),  # type: ignore[misc]
            lambda data: codec.decode(data, kind),
        )


def _login() -> list[tuple[str, bytes]]:
    """The messages of a login and two records, in the order in which they travel."""
    near = ClientLogin(node_keys("node"), None, SeededRandom("client"))
    far = ServerLogin(SigningKey(seeded("server")), SeededRandom("server"), lambda: ACCEPTED)
    hello = near.start()
    welcome = far.receive(hello)
    login = near.receive(welcome)
    accepted = far.receive(login)
    confirm = near.receive(accepted)
    far.receive(confirm)
    assert near.channel is not None
    assert far.channel is not None
    request, answer = near.channel.seal(sample(Request, False)), far.channel.seal(Reply(1, Done()))
    names = ("hello", "welcome", "login", "accepted", "confirm", "request", "answer")
    return list(zip(names, (hello, welcome, login, accepted, confirm, request, answer), strict=True))


def _login_cases() -> Iterator[Case]:
    for position, (name, data) in enumerate(_login()):
        yield Case(f"login/{name}", position, lambda data=data: data, _position)  # type: ignore[misc]


def _position(raw: bytes) -> int:
    """Where in a login these bytes travel."""
    return [data for _, data in _login()].index(raw)


def _local() -> Iterator[Case]:
    call = local.Call(7, "party.join", {"code": "LR1-x"}, "abc-1")
    yield Case("call", call, lambda: local.encode(call), local.decode_call)
    answers = {
        "result": local.Answer(7, result={"party_id": "x"}),
        "error": local.Answer(7, error=local.ErrorBody("bad_input", "code: is none", "code")),
        "progress": local.Answer(7, progress="asked"),
        "unread": local.Answer(None, error=local.ErrorBody("bad_input", "message: must be JSON text")),
    }
    for name, answer in answers.items():
        yield Case(name, answer, lambda answer=answer: local.encode(answer), local.decode_answer)  # type: ignore[misc]


def wires() -> list[Wire]:
    """The wires of this file in their present versions."""
    kinds: list[type[msgspec.Struct]] = [*messages(), MemberRow, Delta, Notice]
    control = [case for codec in CODECS.values() for kind in dict.fromkeys(kinds) for case in _of_kind(kind, codec)]
    return [Wire("control", VERSION, (*control, *_login_cases())), Wire("local", 1, tuple(_local()))]
