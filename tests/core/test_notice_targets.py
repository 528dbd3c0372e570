"""The text of ``notify.targets``: what it means, and what is refused without a word of a secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.notice_targets import (
    TARGETS_LIMIT,
    Target,
    TargetKind,
    TargetNamed,
    check_url,
    parse_targets,
    parse_token,
    places,
    split_url,
)
from lanrage.core.notices import ALL_KINDS, TEXT_LIMIT, Notice, NoticeKind
from lanrage.errors import BadInput
from tests.strategies_notices import URLS, events, targets, texts


class ParseTests(SynchronousTestCase):
    """:func:`parse_targets`."""

    def test_several(self) -> None:
        """Kind, events and address of each."""
        text = "discord=@/etc/hook  ntfy[joined,left]=https://ntfy.sh/t0pic json=http://[::1]:8080/a=b"
        self.assertEqual(
            (
                TargetNamed(TargetKind.DISCORD, "@/etc/hook"),
                TargetNamed(TargetKind.NTFY, "https://ntfy.sh/t0pic", frozenset({NoticeKind.JOINED, NoticeKind.LEFT})),
                TargetNamed(TargetKind.JSON, "http://[::1]:8080/a=b"),
            ),
            parse_targets(text, "notify"),
        )
        self.assertEqual((), parse_targets("", "notify"))

    @given(st.lists(st.tuples(st.sampled_from(TargetKind), events), max_size=TARGETS_LIMIT))
    def test_round_trip(self, wanted: list[tuple[TargetKind, frozenset[NoticeKind]]]) -> None:
        """What is written is read."""
        named = tuple(TargetNamed(kind, URLS[kind], chosen) for kind, chosen in wanted)
        words = [f"{each.kind.value}[{','.join(sorted(each.events))}]={each.place}" for each in named]
        self.assertEqual(named, parse_targets(" ".join(words), "notify"))

    def test_refused(self) -> None:
        """Each rule has its words, and none of them is the address."""
        for wrong, words in (
            ("https://example.org/s3cret", "KIND=ADDRESS"),
            ("smtp=https://example.org/s3cret", "'smtp' is none of discord, ntfy"),
            ("ntfy[test]=https://ntfy.sh/s3cret", "'test' is none of"),
            ("ntfy[]=https://ntfy.sh/s3cret", "'' is none of"),
            ("ntfy=https://ntfy.sh/", "a topic of ntfy"),
            ("ntfy=https://ntfy.sh/s3cret?up=1", "a topic of ntfy"),
            ("matrix=https://matrix.org/s3cret", "a room of Matrix"),
            (" ".join(["json=https://example.org/s3cret"] * (TARGETS_LIMIT + 1)), "more than 8"),
        ):
            with self.assertRaises(BadInput) as caught:
                parse_targets(wrong, "notify")
            self.assertIn(words, str(caught.exception))
            self.assertNotIn("s3cret", str(caught.exception))

    @given(texts)
    def test_any(self, text: str) -> None:
        """Whatever stands there is read or refused."""
        try:
            parse_targets(text, "notify")
        except BadInput as error:
            self.assertEqual("notify", error.field)


class UrlTests(SynchronousTestCase):
    """:func:`check_url`."""

    def test_refused(self) -> None:
        """https alone, but for this machine; what is wrong is refused without a word of the address."""
        for wrong in (
            "http://hooks.example.org/s3cret",
            "http://127.0.0.1.example.org/s3cret",
            "ftp://127.0.0.1/s3cret",
            "https:///s3cret",
            "https://user:s3cret@example.org/",
            "https://example.org/s3cret#x",
            "https://example.org:s3cret/",
            "https://example.org:99999/s3cret",
            "https://example.org/s3cret\n",
            "https://example.org/s3cret ö",
            "https://[s3cret/",
            "https://example.org/s3cret" + "x" * 600,
        ):
            with self.assertRaises(BadInput) as caught:
                check_url(wrong, "notify")
            self.assertNotIn("s3cret", str(caught.exception))

    def test_taken(self) -> None:
        """Usual ones, as they are."""
        for right in (*URLS.values(), "https://example.org", "http://localhost:8080/x", "https://[2001:db8::1]/a?b=c"):
            self.assertEqual(right, check_url(right, "notify"))
        self.assertEqual(("https://example.org:1", "/a/b"), split_url("https://example.org:1/a/b"))

    def test_token(self) -> None:
        """What can stand in a header."""
        self.assertEqual(["", "@/etc/x y", "tk_a"], [parse_token(text, "f") for text in ("", "@/etc/x y", "tk_a")])
        for wrong in ("s3cret \r\nX: y", "s3cret ö", "s3cret" * 100):
            with self.assertRaises(BadInput) as caught:
                parse_token(wrong, "f")
            self.assertNotIn("s3cret", str(caught.exception))


class TargetTests(SynchronousTestCase):
    """:class:`Target` and :class:`Notice`."""

    @given(targets)
    def test_secrets(self, target: Target) -> None:
        """Neither its words nor what may be shown of it tell a secret."""
        self.assertNotIn("s3cret", f"{target} {target!r} {target.host} {places((target,))}")

    def test_wants(self) -> None:
        """Its events, and tests."""
        target = Target(TargetKind.NTFY, URLS[TargetKind.NTFY], frozenset({NoticeKind.LEFT}))
        wanted = {kind for kind in NoticeKind if target.wants(Notice(kind, "x"))}
        self.assertEqual({NoticeKind.LEFT, NoticeKind.TEST}, wanted)
        self.assertEqual(set(NoticeKind) - {NoticeKind.TEST}, set(ALL_KINDS))

    @given(texts)
    def test_one_line(self, text: str) -> None:
        """A notice is one line that can be shown anywhere."""
        line = Notice.of(NoticeKind.JOINED, text).text
        self.assertTrue(line and line.isprintable() and len(line) <= TEXT_LIMIT)
