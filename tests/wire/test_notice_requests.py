"""Notices as requests, and what is read of answers; texts of strangers stay text."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.notice_queue import Answer, Batch, NoticeQueue, Waiting
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import Notice, NoticeKind
from lanrage.wire.notice_requests import (
    ALARM,
    CALM,
    DISCORD_LIMIT,
    JSON_LIMIT,
    MATRIX_LIMIT,
    NTFY_LIMIT,
    WAIT_LIMIT,
    encode,
    escaped,
    fits,
    read_answer,
)
from tests.fakes_targets import shown_by_discord
from tests.strategies_notices import URLS, batches, notices, targets, texts

JOIN, ALERT = Notice(NoticeKind.JOINED, "LAN: *Ben* joined"), Notice(NoticeKind.ALERT, "ALERT: it's bad", True)
BOTH = Batch(7, (Waiting(JOIN, 3), Waiting(ALERT)))


def of(kind: TargetKind, token: str = "") -> Target:
    """A target."""
    return Target(kind, URLS[kind], token=token)


class EncodeTests(SynchronousTestCase):
    """What goes out."""

    def test_discord(self) -> None:
        """One embed with the lines escaped, nobody mentioned, at the very address."""
        request = encode(of(TargetKind.DISCORD), BOTH, "life")
        self.assertEqual(("POST", URLS[TargetKind.DISCORD]), (request.method, request.url))
        text = "LAN\\: \\*Ben\\* joined \\(3 times\\)\nALERT\\: it\\'s bad"
        self.assertEqual(
            {
                "username": "LANrage",
                "embeds": [{"description": text, "color": ALARM}],
                "allowed_mentions": {"parse": []},
            },
            msgspec.json.decode(request.body),
        )
        calm: Any = msgspec.json.decode(encode(of(TargetKind.DISCORD), Batch(1, (Waiting(JOIN),)), "life").body)
        self.assertEqual(CALM, calm["embeds"][0]["color"])

    def test_ntfy(self) -> None:
        """Plain text, its importance in a header."""
        request = encode(of(TargetKind.NTFY, "tk"), BOTH, "life")
        self.assertEqual("LAN: *Ben* joined (3 times)\nALERT: it's bad", request.body.decode())
        wanted = {"Title": "LANrage", "Priority": "high", "Markdown": "no", "Authorization": "Bearer tk"}
        self.assertEqual(wanted, {name: request.headers[name] for name in wanted})

    def test_matrix(self) -> None:
        """The room is one part of the path, the transaction names the message, and nobody is mentioned."""
        request = encode(of(TargetKind.MATRIX, "syt"), BOTH, "lanrage-ab")
        room = "%21s3cret%2Fro%3Fom%3Aexample.org"
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/lanrage-ab-7"
        self.assertEqual(("PUT", f"https://matrix.example.org:8448{path}"), (request.method, request.url))
        self.assertEqual("Bearer syt", request.headers["Authorization"])
        text = "LAN: *Ben* joined (3 times)\nALERT: it's bad"
        self.assertEqual({"msgtype": "m.notice", "body": text, "m.mentions": {}}, msgspec.json.decode(request.body))

    def test_json(self) -> None:
        """All that is known."""
        told: Any = msgspec.json.decode(encode(of(TargetKind.JSON), BOTH, "life").body)
        first, second = told["notices"]
        self.assertEqual({"kind": "joined", "text": JOIN.text, "urgent": False, "times": 3}, first)
        self.assertEqual(("lanrage", "alert", True), (told["source"], second["kind"], second["urgent"]))

    @given(targets, batches)
    def test_any(self, target: Target, batch: Batch) -> None:
        """Headers hold no line break, whatever strangers say; the request tells no secret of itself."""
        request = encode(target, batch, "life")
        for name, value in request.headers.items():
            self.assertTrue(name.isascii() and value.isascii() and value.isprintable())
        self.assertTrue(request.url.isascii() and " " not in request.url)
        self.assertNotIn("s3cret", repr(request))

    @given(texts)
    def test_escaped(self, text: str) -> None:
        """No sign of Discord's is left without an escape, and what is shown is the text."""
        self.assertEqual(text, shown_by_discord(escaped(text)))

    @given(st.sampled_from(TargetKind), st.lists(notices, min_size=1, max_size=100))
    def test_sizes(self, kind: TargetKind, many: list[Notice]) -> None:
        """A message of the queue has the size that its target takes."""
        queue = NoticeQueue(lambda lines: fits(kind, lines))
        for notice in many:
            queue.put(notice, 0.0)
        limits = {
            TargetKind.DISCORD: (
                lambda body: len(msgspec.json.decode(body)["embeds"][0]["description"]),
                DISCORD_LIMIT,
            ),
            TargetKind.NTFY: (len, NTFY_LIMIT),
            TargetKind.MATRIX: (lambda body: len(msgspec.json.decode(body)["body"].encode()), MATRIX_LIMIT),
            TargetKind.JSON: (len, JSON_LIMIT),
        }
        size: Any
        size, limit = limits[kind]
        lines = 0
        while (batch := queue.begin(9e9)) is not None:
            self.assertLessEqual(size(encode(of(kind), batch, "life").body), limit)
            lines += len(batch.lines)
            queue.answered(Answer(204), 9e9)
        self.assertEqual(len(set(many)), lines)


class AnswerTests(SynchronousTestCase):
    """What is read."""

    def test_discord(self) -> None:
        """Its limits; the finer word of how long counts, and whether it is meant for all."""
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.25"}
        self.assertEqual(Answer(204, remaining=0, reset=1.25), read_answer(204, headers))
        body = b'{"message": "You are being rate limited.", "retry_after": 64.57, "global": true}'
        self.assertEqual(Answer(429, 64.57, everywhere=True), read_answer(429, {"retry-after": "64"}, body))
        self.assertTrue(read_answer(429, {"x-ratelimit-global": "true"}).everywhere)
        self.assertFalse(read_answer(204, {"x-ratelimit-global": "true"}).everywhere)

    def test_matrix(self) -> None:
        """Milliseconds in its body."""
        body = b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}'
        self.assertEqual(Answer(429, 2.5), read_answer(429, {}, body))

    def test_believed(self) -> None:
        """An hour at most, and no nonsense."""
        for text in ("-5", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "٣", ""):
            self.assertEqual(0.0, read_answer(503, {"retry-after": text}).wait, text)
        self.assertEqual(WAIT_LIMIT, read_answer(503, {"retry-after": "99999999"}).wait)
        self.assertEqual(WAIT_LIMIT, read_answer(429, {}, b'{"retry_after": 1e300}').wait)
        self.assertEqual(0.0, read_answer(429, {}, b'{"retry_after": -1e300}').wait)

    @given(st.sampled_from(("retry_after", "retry_after_ms")), st.integers(-(10**400), 10**400) | st.floats())
    def test_any_number(self, name: str, number: float) -> None:
        """Whatever number a server asks to wait, also one that no float can hold."""
        answer = read_answer(429, {}, json.dumps({name: number}).encode())
        self.assertIsInstance(answer.wait, float)
        self.assertTrue(0.0 <= answer.wait <= WAIT_LIMIT)

    @given(st.integers(100, 599), st.dictionaries(st.sampled_from(("retry-after", "x-ratelimit-remaining")), texts))
    def test_any(self, code: int, headers: dict[str, str]) -> None:
        """Whatever a server says, the result is within bounds."""
        answer = read_answer(code, headers, headers.get("retry-after", "").encode())
        self.assertTrue(0.0 <= answer.wait <= WAIT_LIMIT and 0.0 <= answer.reset <= WAIT_LIMIT)
        self.assertEqual(attrs.evolve(answer, wait=0.0, remaining=None, everywhere=False), Answer(code))
