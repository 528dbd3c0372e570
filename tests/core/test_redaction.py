"""Secrets in text are blacked out; ids, addresses, names and public keys are not."""

from __future__ import annotations

import base64
import time
import uuid

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.code import InvitationCode
from lanrage.core.redaction import KNOWN_LIMIT, REDACTED, Redactor
from lanrage.core.spoken import SpokenCode

around = st.sampled_from(["", " ", "x ", ": ", '"', "(", "\n", "key="])
keys = st.binary(min_size=32, max_size=32)


class FormTests(SynchronousTestCase):
    """What is known by its form."""

    def setUp(self) -> None:
        self.redactor = Redactor()

    @given(keys, around)
    def test_keys(self, key: bytes, before: str) -> None:
        """32 bytes in hexadecimal, in base64 and as Python shows them, wherever they stand."""
        for text in (key.hex(), base64.b64encode(key).decode(), repr(key)):
            self.assertEqual(before + REDACTED, self.redactor.text(before + text))

    @given(keys)
    def test_base64_without_its_end(self, key: bytes) -> None:
        """The same, where it has capital and small letters and digits, as all but one in 10,000 keys have."""
        text = base64.urlsafe_b64encode(key).decode().rstrip("=")
        mixed = any(c.isdigit() for c in text) and any(c.islower() for c in text) and any(c.isupper() for c in text)
        if mixed and not text.startswith("-"):
            self.assertEqual(REDACTED, self.redactor.text(text))

    @given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), around)
    def test_invitations(self, secret: bytes, party: bytes, before: str) -> None:
        """Invitation codes and links."""
        code = InvitationCode(secret, party.hex(), bytes(16), ("play.example.org:7766",))
        self.assertEqual(f"{before}{REDACTED}!", self.redactor.text(f"{before}{code.encode()}!"))
        self.assertNotIn(code.encode()[4:], self.redactor.text(code.link()))

    @given(st.integers(0, 32**4 - 1), st.binary(min_size=16, max_size=16), st.sampled_from("-_.\u2013"))
    def test_spoken(self, nameplate: int, random: bytes, dash: str) -> None:
        """Spoken codes, with the dashes that people type, in capital letters or small ones."""
        code = SpokenCode.make(nameplate, lambda size: random[:size].ljust(size, b"7")).encode()
        self.assertEqual(f"by {REDACTED}.", self.redactor.text(f"by {code.replace('-', dash)}."))
        if any(char.isdigit() for char in code):
            self.assertEqual(REDACTED, self.redactor.text(code.lower().replace("-", dash)))

    def test_named(self) -> None:
        """What a word calls a secret."""
        for text in ("token=abc", "Authorization: Bearer abc", "?secret=abc&x=1", "password=abc"):
            self.assertNotIn("abc", self.redactor.text(f"it said {text}"))

    @given(st.uuids(), st.binary(min_size=16, max_size=16))
    def test_what_stays(self, unique: uuid.UUID, short: bytes) -> None:
        """Ids of 16 bytes, addresses, paths, words."""
        for text in (
            *(str(unique), short.hex(), short.hex().upper()),
            *("fe80::1ff:fe23:4567:890a%eth0", "10.66.1.2:51820", "2026-11-28T12:00:00.123456Z", "data-base-test"),
            *("/var/lib/lanrage/control/backups/2026-11-28/control.sqlite", "lanrage.app.peer_link.PeerLink"),
            *("they went away", "peer 1234 gets", "the LAN card lanrage0 has 10.66.171.1/24"),
        ):
            self.assertEqual(text, self.redactor.text(text))

    def test_public(self) -> None:
        """A key that is known to be public is shown, another one beside it is not."""
        one, two = "ab" * 32, "cd" * 32
        self.assertEqual(f"{one} {REDACTED}", self.redactor.text(f"{one} {two}", {one}))

    def test_hostile_text(self) -> None:
        """No text of a peer makes the search slow."""
        for text in (
            "b'" * 2000,
            "b\"b'" * 1000,
            "A1a" * 1300,
            "a" * 4000,
            "0123-" * 800,
            "LR1" * 1300,
            "f" * 63 + "g",
        ):
            began = time.process_time()
            self.redactor.text(text)
            self.assertLess(time.process_time() - began, 0.25)


class KnownTests(SynchronousTestCase):
    """What was told beforehand."""

    def test_known(self) -> None:
        """A token of any form is gone from every text."""
        redactor = Redactor()
        redactor.keep_secret("open sesame")
        self.assertEqual(f"said {REDACTED}, twice {REDACTED}", redactor.text("said open sesame, twice open sesame"))

    def test_too_short(self) -> None:
        """One that would black out ordinary words is passed over."""
        redactor = Redactor()
        redactor.keep_secret("a")
        self.assertEqual("a bad day", redactor.text("a bad day"))

    def test_bound(self) -> None:
        """The newest are kept."""
        redactor = Redactor()
        for number in range(KNOWN_LIMIT + 1):
            redactor.keep_secret(f"secret number {number:03}")
        self.assertEqual("secret number 000", redactor.text("secret number 000"))
        self.assertEqual(REDACTED, redactor.text("secret number 001"))
