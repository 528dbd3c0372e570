"""Host, Origin, Bearer and subprotocols: what comes through, and that nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_door import (
    SUBPROTOCOL,
    Door,
    bearer,
    is_fetched_from_elsewhere,
    is_json,
    is_secret,
    offered_token,
)

DOOR = Door.at("127.0.0.1", 7767)
OURS = ("127.0.0.1:7767", "localhost:7767")
SECRETS = st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True)
hosts = st.text(max_size=30) | st.from_regex(r"[a-z0-9.-]{1,20}(:[0-9]{1,5})?", fullmatch=True) | st.sampled_from(OURS)


class DoorTests(SynchronousTestCase):
    """:class:`Door`."""

    def test_ours(self) -> None:
        """The very address and port, and ``localhost``; from the page itself or from no page at all."""
        for host in (*OURS, "LocalHost:7767"):
            self.assertEqual("", DOOR.refusal([host], []))
            self.assertEqual("", DOOR.refusal([host], [f"http://{host}"]))
        self.assertEqual("", Door.at("::1", 7767).refusal(["[::1]:7767"], ["http://[::1]:7767"]))
        self.assertEqual("", Door.at("127.0.0.1", 80).refusal(["127.0.0.1"], ["http://127.0.0.1"]))
        self.assertEqual("", Door.at("::1", 80).refusal(["[::1]"], []))

    def test_rebinding(self) -> None:
        """A foreign name, another port, none at all, or two."""
        names = ("evil.example", "evil.example:7767", "127.0.0.1", "127.0.0.1:7768", "localhost", "localhost.:7767")
        others = ("127.0.0.2:7767", "127.0.0.1.nip.io:7767", "[::1]:7767", "127.1:7767", "2130706433:7767", "")
        for host in (*names, *others, "user@127.0.0.1:7767", " 127.0.0.1:7767"):
            self.assertEqual("foreign_host", DOOR.refusal([host], []), host)
        self.assertEqual("foreign_host", DOOR.refusal([], []))
        self.assertEqual("foreign_host", DOOR.refusal(list(OURS), []))

    def test_origin(self) -> None:
        """Another page's, another port of this machine's, another scheme's, none that can be named, or two."""
        foreign = ("http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8080", "https://127.0.0.1:7767", "null")
        for origin in (*foreign, "http://localhost:7767", "", "http://127.0.0.1:7767/", "http://127.0.0.1:7767.evil"):
            self.assertEqual("foreign_origin", DOOR.refusal(["127.0.0.1:7767"], [origin]), origin)
        twice = ["http://127.0.0.1:7767"] * 2
        self.assertEqual("foreign_origin", DOOR.refusal(["127.0.0.1:7767"], twice))

    @given(st.lists(hosts, max_size=3), st.lists(hosts.map("http://{}".format) | hosts, max_size=3))
    def test_any_origin(self, named: list[str], origins: list[str]) -> None:
        """Whatever is said: it comes in only with one of our names, and with its own origin or none."""
        if DOOR.refusal(named, origins) == "":
            self.assertIn([each.lower() for each in named], [[each] for each in OURS])
            self.assertIn([each.lower() for each in origins], ([], [f"http://{named[0].lower()}"]))

    def test_csrf_fetch_metadata(self) -> None:
        """A browser that says that another site asks is believed; a link to the page may stand anywhere."""
        for sites in ((), ("none",), ("same-origin",)):
            self.assertFalse(is_fetched_from_elsewhere(sites, (), page=False))
        for site in ("cross-site", "same-site", "", "nonsense"):
            self.assertTrue(is_fetched_from_elsewhere((site,), ("no-cors",), page=True))
            self.assertTrue(is_fetched_from_elsewhere((site,), ("navigate",), page=False))
            self.assertFalse(is_fetched_from_elsewhere((site,), ("navigate",), page=True))


class TokenTests(SynchronousTestCase):
    """How a token is shown."""

    @given(SECRETS)
    def test_token_shown(self, token: str) -> None:
        """As Bearer, in any case of the word, and as a subprotocol at any place."""
        self.assertTrue(is_secret(token))
        for word in ("Bearer", "bearer", "BEARER"):
            self.assertEqual(token, bearer([f"{word} {token}"]))
        for offered in ([SUBPROTOCOL, f"token.{token}"], [f"token.{token}", "x", SUBPROTOCOL]):
            self.assertEqual(token, offered_token(offered))

    @given(SECRETS)
    def test_wrong_token(self, token: str) -> None:
        """Another scheme, two of them, none of our form, or without our protocol: no token."""
        wrong: tuple[list[str], ...] = (
            [],
            [f"Basic {token}"],
            [token],
            [f"Bearer {token}"] * 2,
            [f"Bearer {token}x"],
            [f"Bearer  {token} x"],
        )
        self.assertEqual([""] * len(wrong), [bearer(each) for each in wrong])
        shown = f"token.{token}"
        missing: tuple[list[str], ...] = (
            [],
            [SUBPROTOCOL],
            [shown],
            [SUBPROTOCOL, shown, f"token.{token[::-1]}x"],
            [SUBPROTOCOL, token],
        )
        self.assertEqual([""] * len(missing), [offered_token(each) for each in missing])

    @given(st.lists(st.text(max_size=60), max_size=3))
    def test_any_token(self, texts: list[str]) -> None:
        """Any headers give a token of our form, or none."""
        for found in (bearer(texts), offered_token(texts)):
            self.assertTrue(found == "" or is_secret(found))

    def test_csrf_content_type(self) -> None:
        """JSON alone: what a form of another site can send without asking is none."""
        for good in ("application/json", "Application/JSON", "application/json; charset=utf-8"):
            self.assertTrue(is_json([good]))
        forms = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=application/json")
        for bad in ([], [""], ["text/json"], ["application/json"] * 2, *([each] for each in forms)):
            self.assertFalse(is_json(bad), bad)
