"""A report that is safe to paste: no keys, no codes, and no addresses unless asked for."""

from __future__ import annotations

import base64
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.code import InvitationCode
from lanrage.core.hiding import Hider, MachineNames, host_names
from lanrage.core.spoken import SpokenCode

NAMES = MachineNames(("den-pc.lan", "den-pc"), ("mara", "mara-two", "lanrage", "x"), ("/srv/people/mara", "/root"))

v4 = st.integers(2**24, 2**32 - 1).map(IPv4Address).filter(lambda address: not address.is_loopback)
v6 = st.integers(2**64, 2**128 - 1).map(IPv6Address)


class HidingTests(SynchronousTestCase):
    """What is taken out, and what stays."""

    def test_addresses_get_stable_names(self) -> None:
        """The same address has the same name throughout; private and public are told apart."""
        hider = Hider(("play.example.org",))
        text = "1.1.1.1:51820, 10.66.0.1/24, [2606:4700::1]:9, 1.1.1.1, play.example.org:7766, 192.168.1.7."
        wanted = "public-1:51820, private-1/24, [public-2]:9, public-1, host-1:7766, private-2."
        self.assertEqual(hider.text(text), wanted)

    def test_what_stays(self) -> None:
        """Loopback, versions, times, party ids and MAC addresses are no addresses of anybody."""
        text = "127.0.0.1 ::1 0.0.0.0 version 0.1.0 12:30:45 0123456789abcdef0123456789abcdef 02:66:0a:42:00:01 a::b::c"
        self.assertEqual(Hider().text(text), text)

    def test_keys_and_codes_always_go(self) -> None:
        """Also where addresses are shown."""
        key = base64.b64encode(bytes(range(200, 232))).decode()
        text = f"key {key} hex {'ab' * 32} code LR1-AbC_-9 at 1.1.1.1"
        self.assertEqual(Hider(addresses=False).text(text), "key [key] hex [key] code [code] at 1.1.1.1")

    def test_links_and_spoken_codes_always_go(self) -> None:
        """A link with its server, a spoken code as it is printed or typed, and a mistyped one."""
        code = SpokenCode(12345, b"K7QM2F").encode()
        link = InvitationCode(bytes(16), "ab" * 16, bytes(16), ("play.example:7766",)).link()
        hider = Hider(addresses=False)
        self.assertEqual("join [link], please", hider.text(f"join {link}, please"))
        self.assertEqual("[link]", hider.text(link.replace("lanrage", "LANRAGE")))
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        spellings = (code, code.lower(), code.replace("-", " "), code.lower().replace("-", " "), wrong)
        self.assertEqual(["say [code]!"] * 5, [hider.text(f"say {text}!") for text in spellings])

    def test_what_only_looks_like_a_spoken_code(self) -> None:
        """Words of four letters, UUIDs, longer numbers."""
        text = "that were made, 01234567-89ab-cdef-0123-456789abcdef 1234-5678-9012-3456 a1234-5678-9012"
        self.assertEqual(text, Hider().text(text))

    def test_homes(self) -> None:
        """Whoever's folder it is, also where nobody listed the account; what only looks like one stays."""
        for text, wanted in (
            ("/home/ann/.steam/x is full", "~/.steam/x is full"),
            ("'/var/home/ann', /export/home/jo: gone", "'~', ~: gone"),
            ("(file:///home/ann)", "(file://~)"),
            ("/srv/people/mara/games and /srv/people/mara2", "~/games and /srv/people/mara2"),
            ("/root/.local: /rooted /usr/root /home/", "~/.local: /rooted /usr/root /home/"),
        ):
            self.assertEqual(wanted, Hider(names=NAMES).text(text))
            self.assertEqual(text, Hider(addresses=False, names=NAMES).text(text))

    def test_machine_and_people(self) -> None:
        """By stable names, as whole words; words of ours and single letters stay, and so do a member's names."""
        text = "mara@den-pc, MARA, Den-PC.lan mara-two's x: sudo lanrage rights; maradona den-pcs"
        wanted = "user-1@host-1, MARA, host-2 user-2's x: sudo lanrage rights; maradona den-pcs"
        self.assertEqual(wanted, Hider(names=NAMES).text(text))
        self.assertEqual(text, Hider(addresses=False, names=NAMES).text(text))

    @given(
        st.from_regex(r"[a-z_][a-z0-9_-]{1,12}", fullmatch=True), st.sampled_from(("{}", "at {}, yes", "({})", "{}:"))
    )
    def test_no_login_name_is_left(self, name: str, form: str) -> None:
        """Alone, and in a path."""
        hider = Hider(names=MachineNames(users=(name,), homes=(f"/data/{name}",)))
        for text in (name, f"/home/{name}", f"/home/{name}/x", f"/data/{name}/x", f"/tmp/{name}"):
            told = hider.text(form.format(text))
            self.assertTrue(name == "lanrage" or form.format(text).replace(name, "user-1") == told or "~" in told, told)

    def test_values_inside_values(self) -> None:
        """Keys of objects too; numbers and truths stay."""
        value = {"10.0.0.1": ["8.8.8.8", 5, None, True, {"a": "10.0.0.1"}]}
        self.assertEqual(Hider().value(value), {"private-1": ["public-1", 5, None, True, {"a": "private-1"}]})

    def test_keys_that_are_one(self) -> None:
        """Codes have no names of their own, and yet no row of an object is lost."""
        value = {"LR1-aaaa": 1, "LR1-bbbb": 2, "LR1-cccc": {"x": 3}}
        self.assertEqual(Hider().value(value), {"[code]": 1, "[code] 2": 2, "[code] 3": {"x": 3}})

    def test_a_word_before_it(self) -> None:
        """Its colon is no part of the address, unless the word could be."""
        text = "peer:2001:db8::7, relay:2606:4700::1 udp:2001:db8:1:2:3:4:5:6"
        self.assertEqual(Hider().text(text), "peer:private-1, relay:public-1 udp:private-2")

    def test_host_names(self) -> None:
        """Only names, the longest first, so that one within another is not torn apart."""
        addresses = ["a.org:1", "play.a.org:2", "1.2.3.4:5", "[::1]:6", "", "plain"]
        self.assertEqual(host_names(addresses), ("play.a.org", "a.org", "plain"))

    @given(v4 | v6, st.sampled_from(["{}", "[{}]:51820", "{}/24", "at {}, yes", "({})", '"{}"', "{}: refused"]))
    def test_no_address_is_left(self, address: IPv4Address | IPv6Address, form: str) -> None:
        """Whatever stands around it."""
        for text in (str(address), address.exploded):
            self.assertNotIn(text, Hider().text(form.format(text)))

    @given(st.text(max_size=80))
    def test_any_text(self, text: str) -> None:
        """Nothing goes wrong, and hiding twice changes nothing more."""
        once = Hider(names=NAMES).text(text)
        self.assertEqual(Hider(names=NAMES).text(once), once)
