"""Captures of what members and relays say to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Any

import msgspec

from lanrage.core import interest_talk, leases
from lanrage.core import relay as told
from lanrage.core.interest import EVERYTHING, Interest
from lanrage.core.lan_frames import Frame, Udp
from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.replicator import Standing
from lanrage.core.same_lan import NONCE_BYTES, Says
from lanrage.core.visibility import Report
from lanrage.wire import (
    frames,
    interest,
    knocks,
    party_channel,
    probes,
    relay,
    relay_tcp,
    replicator,
    same_lan,
    signals,
    visibility,
)
from lanrage.wire import leases as lease_wire
from lanrage.wire.party_quality import ClockAsk, ClockTold, Quality
from tests.golden.case import Case, Wire
from tests.golden.samples import sample

KEY, NEAR, FAR = (bytes([number]) * 32 for number in (1, 2, 3))
EIGHT, SESSION, NONCE = b"tag-8byt", b"sessionA", b"nonce-of-12b"
HOST = IPv4Address("10.66.0.2")

Values = dict[str, Any]


def _cases(values: Values, encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]) -> Iterator[Case]:
    for name, value in values.items():
        yield Case(name, value, lambda value=value: encode(value), decode)  # type: ignore[misc]


def _probes() -> Iterator[Case]:
    def probe(kind: ProbeKind, observed: Endpoint | None = None, decision: int = 0) -> Probe:
        return Probe(kind, EIGHT, SESSION, b"\0\0\0\0\0\0\0\7", observed, decision, knows=True)

    values = {
        "ping": probe(ProbeKind.PING),
        "pong4": probe(ProbeKind.PONG, Endpoint("192.0.2.7", 51820)),
        "pong6": probe(ProbeKind.PONG, Endpoint("2001:db8::7", 51820)),
        "decide": probe(ProbeKind.DECIDE, decision=9),
        "decided": probe(ProbeKind.DECIDED, decision=9),
    }
    to = b"sessionB"
    yield from _cases(values, lambda value: probes.encode(value, KEY, to), lambda data: probes.decode(data, KEY, to))
    yield from _cases({"knock": (EIGHT, b"sealed")}, lambda value: knocks.encode(*value), knocks.decode)


def _frames() -> Iterator[Case]:
    parts = {
        f"part-{kind.name.lower()}": frames.Part(HOST, 2**63 + 1, 5, 1, 2, b"body", frames.RELAYED_HOPS, kind)
        for kind in frames.Kind
    }
    yield from _cases(parts, frames.encode_part, frames.decode_part)
    udp = Udp(HOST, IPv4Address("255.255.255.255"), 4445, 4446, b"[MOTD]x[/MOTD]")
    beat = leases.Beat(3, 4, 1.5, 0.25)
    words: Values = {
        "lease-hello": leases.Hello(9),
        "lease-grant": leases.Grant(9, beat, True, Frame(b"\xff" * 6, b"\2\0\0\0\0\1", udp)),
        "lease-renew": leases.Renew(9, (beat, beat)),
        "lease-cancel": leases.Cancel(9, (3, 4)),
        "lease-have": leases.Have(9, (3,)),
        "lease-lack": leases.Lack(9, (3,)),
    }
    yield from _cases(words, lease_wire.encode, lease_wire.decode)
    hears = Interest(frozenset((4445, 27015)), frozenset((IPv4Address("224.0.2.60"),)))
    told_words: Values = {
        "interest-told": interest_talk.Told(1, 2, hears),
        "interest-everything": interest_talk.Told(1, 2, EVERYTHING),
        "interest-changed": interest_talk.Changed(1, 3, hears, Interest(frozenset((5353,)))),
        "interest-held": interest_talk.Held(1, 3, hears.digest()),
        "interest-ask": interest_talk.Ask(),
    }
    yield from _cases(told_words, interest.encode_interest, interest.decode_interest)
    standing = {"replicator": Standing(True, False, b"abcd")}
    yield from _cases(standing, replicator.encode_standing, replicator.decode_standing)
    tagged = {"visibility-tagged": visibility.Tagged(b"12345678", 2)}
    yield from _cases(tagged, visibility.encode_tagged, visibility.decode_tagged)
    report = {"visibility-report": Report(b"12345678", 2, 0.25, None, 0.5)}
    yield from _cases(report, visibility.encode_report, visibility.decode_report)


def _channel() -> Iterator[Case]:
    kinds: dict[str, type[msgspec.Struct]] = {
        "head": party_channel.HeadTold,
        "want": party_channel.Want,
        "records": party_channel.Records,
        "signal": party_channel.Signal,
        "forward": party_channel.Forward,
        "forwarded": party_channel.Forwarded,
        "games": party_channel.Games,
        "mods-ask": party_channel.ModsAsk,
        "mods-part": party_channel.ModsPart,
        "ready-ask": party_channel.ReadyAsk,
        "ready": party_channel.ReadyTold,
        "quality": Quality,
        "clock-ask": ClockAsk,
        "clock": ClockTold,
    }
    yield from _cases(
        {name: sample(kind, True) for name, kind in kinds.items()},
        lambda value: party_channel.seal(value, KEY, sender=NEAR, receiver=FAR, nonce=NONCE),
        lambda data: party_channel.unseal(data, KEY, sender=NEAR, receiver=FAR),
    )


def _signals() -> Iterator[Case]:
    yield from _cases(
        {
            f"{name}-{word}": sample(kind, full)
            for name, kind in (("offer", signals.Offer), ("punch", signals.Punch))
            for word, full in (("short", False), ("full", True))
        },
        lambda value: signals.seal(value, KEY, sender=NEAR, receiver=FAR, nonce=NONCE),
        lambda data: signals.unseal(data, KEY, sender=NEAR, receiver=FAR),
    )


def _relay() -> Iterator[Case]:
    cookie = bytes(range(told.COOKIE_BYTES))
    values: Values = {
        "bind-request": told.BindRequest(EIGHT),
        "challenge": told.Challenge(EIGHT, cookie),
        "bind": told.Bind(EIGHT, cookie, bytes(64), b"ticket"),
        "bound": told.Bound(EIGHT, 5, 60, True),
        "error": told.Rejected(EIGHT, told.Refusal.REVOKED),
        "unbind": told.Unbind(EIGHT),
        "unknown": told.Unknown(),
        "draining": told.Draining(EIGHT, 30),
    }
    yield from _cases(values, relay.encode, relay.decode)


def _same_lan() -> Iterator[Case]:
    sender = same_lan.Sender(HOST, IPv4Address("192.0.2.1"))
    says = Says.BRIDGES | Says.DEAF

    def encode(_: object) -> bytes:
        return same_lan.encode(bytes(NONCE_BYTES), says, sender, [(KEY, EIGHT)], bytes)

    def decode(data: bytes) -> tuple[Says, bytes | None]:
        probe = same_lan.decode(data)
        return probe.says, probe.proves(KEY, sender, [SESSION, EIGHT])

    yield from _cases({"probe": (says, EIGHT)}, encode, decode)


def wires() -> list[Wire]:
    """The wires of this file in their present versions."""
    over_tcp: Values = {
        "data": relay_tcp.Data(1, b"datagram"),
        "open": relay_tcp.Open(2, "relay.example", 3478),
        "close": relay_tcp.Close(2, relay_tcp.Reason.FULL),
    }
    return [
        Wire("probe", probes.VERSION, tuple(_probes())),
        Wire("lan", frames.VERSION, tuple(_frames())),
        Wire("party-channel", party_channel.VERSION, tuple(_channel())),
        Wire("signal", 1, tuple(_signals())),
        Wire("relay", relay.VERSION, tuple(_relay())),
        Wire("relay-tcp", 1, tuple(_cases(over_tcp, relay_tcp.encode, relay_tcp.decode))),
        Wire("same-lan", same_lan.VERSION, tuple(_same_lan())),
    ]
