"""Invitation codes: a round trip, typos, and addresses."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.code import CODE_LIMIT, PREFIX, InvitationCode, check_address, code_addresses
from lanrage.errors import BadInput
from tests.strategies_control import addresses, codes

CODE = InvitationCode(b"s" * 16, "ab" * 16, b"f" * 16, ("play.example:7766", "[2001:db8::1]:7766"))


class CodeTests(SynchronousTestCase):
    """What friends paste."""

    @given(code=codes)
    def test_round_trip(self, code: InvitationCode) -> None:
        """What is encoded is decoded, within the limit, also with the line breaks of a chat program."""
        text = code.encode()
        self.assertLessEqual(len(text), CODE_LIMIT)
        self.assertEqual(code, InvitationCode.decode(text))
        self.assertEqual(code, InvitationCode.decode(f"  {text[:20]}\n {text[20:]}\n"))

    @given(code=codes)
    def test_link(self, code: InvitationCode) -> None:
        """A link is the same as its code, in either case of its scheme and with line breaks; its secret comes last."""
        link = code.link()
        self.assertTrue(link.startswith(f"lanrage://{code.addresses[0]}/join#LR1-"), link)
        self.assertTrue(link.endswith(code.encode()))
        for text in (link, f" {link[:15]}\n{link[15:]} ", link.replace("lanrage://", "LANrage://")):
            self.assertEqual(code, InvitationCode.decode(text))
        shown = attrs.evolve(code, addresses=(*code.addresses[1:], *code.addresses[:1]))
        self.assertEqual(code, InvitationCode.decode(shown.link().partition("#")[0] + "#" + code.encode()))

    @given(st.lists(addresses | st.text(max_size=20), max_size=6), st.lists(addresses, min_size=1, max_size=4))
    def test_addresses_of_a_new_code(self, told: list[str], own: list[str]) -> None:
        """What the server says of itself comes first, if it is an address; all make a valid code."""
        made = code_addresses(told, own)
        self.assertEqual(made, InvitationCode.decode(attrs.evolve(CODE, addresses=made).encode()).addresses)
        if not told:
            self.assertEqual(tuple(dict.fromkeys(own)), made)
        self.assertEqual(
            ("203.0.113.5:7766", "10.0.0.1:7766"),
            code_addresses(["203.0.113.5:7766", "rubbish", "host:0"], ["10.0.0.1:7766", "203.0.113.5:7766"]),
        )

    def test_bad_links(self) -> None:
        """Without its secret, with another server than its code's, with another path or scheme, with a typo."""
        link = CODE.link()
        for text, rule in (
            (link.partition("#")[0], "paste it in full"),
            (link.replace("/join#", "/#"), "paste it in full"),
            (link.replace("play.example:7766", "evil.example:7766"), "another server"),
            (link.replace("play.example:7766", ""), "another server"),
            (link.replace("lanrage://", "https://"), "starts with LR1-"),
            (link[:-1], "damaged"),
            (link.replace("LR1-", ""), "starts with LR1-"),
        ):
            with self.assertRaises(BadInput, msg=text) as caught:
                InvitationCode.decode(text)
            self.assertEqual("code", caught.exception.field)
            self.assertIn(rule, caught.exception.rule)

    @given(data=st.data())
    def test_typo(self, data: st.DataObject) -> None:
        """Any one character changed, lost or doubled is told as damage, never taken for another code."""
        text = CODE.encode()
        at = data.draw(st.integers(0, len(text) - 1))
        char = data.draw(st.sampled_from("abcXYZ019-_=!é "))
        kind = data.draw(st.sampled_from(["changed", "lost", "doubled"]))
        wrong = {
            "changed": text[:at] + char + text[at + 1 :],
            "lost": text[:at] + text[at + 1 :],
            "doubled": text[:at] + text[at] + text[at:],
        }[kind]
        if "".join(wrong.split()) == text:
            return
        with self.assertRaises(BadInput) as caught:
            InvitationCode.decode(wrong)
        self.assertEqual("code", caught.exception.field)

    @given(text=st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """Any other text is refused with one sentence."""
        for pasted in (text, PREFIX + text):
            with self.assertRaises(BadInput):
                InvitationCode.decode(pasted)

    def test_secret_is_not_shown(self) -> None:
        """A code in a log line or traceback lets nobody in."""
        self.assertNotIn("sss", repr(CODE))
        self.assertNotIn(CODE.encode(), repr(CODE))

    def test_invitation_id(self) -> None:
        """The id is of the code's secret and party, and shows nothing of the secret."""
        self.assertEqual(32, len(CODE.invitation_id))
        self.assertNotIn(CODE.secret.hex(), CODE.invitation_id)
        other = InvitationCode(b"t" * 16, CODE.party_id, CODE.server, CODE.addresses)
        self.assertNotEqual(CODE.invitation_id, other.invitation_id)

    @given(address=addresses)
    def test_addresses(self, address: str) -> None:
        """Names, IPv4 and bracketed IPv6 with a port."""
        self.assertEqual(address, check_address(address, "server"))

    def test_bad_addresses(self) -> None:
        """No port, no host, a scheme, a path, a line end."""
        for text in (
            "",
            "host",
            "host:",
            ":1",
            "host:0",
            "host:65536",
            "http://host:1",
            "host:1/x",
            "host:1\n",
            "::1:1",
            "a b:1",
        ):
            with self.assertRaises(BadInput, msg=text) as caught:
                check_address(text, "server")
            self.assertIn("HOST:PORT", str(caught.exception))
