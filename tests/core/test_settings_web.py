"""Where the page may be: on loopback alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.settings_web import WEB_SETTINGS, WebListen, parse_web_listen
from lanrage.errors import BadInput


class ListenTests(SynchronousTestCase):
    """:func:`parse_web_listen`."""

    def test_good(self) -> None:
        """Addresses of the loopback interface; empty is nowhere."""
        self.assertEqual(WebListen("127.0.0.1", 7767), parse_web_listen(WEB_SETTINGS[0].default, "x"))
        self.assertEqual(WebListen("127.9.0.1", 0), parse_web_listen("tcp:port=0:interface=127.9.0.1", "x"))
        self.assertEqual(WebListen("::1", 80), parse_web_listen("tcp6:80:interface=\\:\\:1", "x"))
        self.assertIsNone(parse_web_listen("", "x"))

    def test_bad(self) -> None:
        """Anything that somebody else could reach, and what is no endpoint."""
        open_wide = (
            "tcp:7767",
            "tcp:7767:interface=0.0.0.0",
            "tcp:7767:interface=192.0.2.1",
            "tcp6:1:interface=\\:\\:",
        )
        for text in (
            *open_wide,
            "tcp:7767:interface=localhost",
            "tcp:70000:interface=127.0.0.1",
            "unix:/tmp/x",
            "7767",
        ):
            error = self.assertRaises(BadInput, parse_web_listen, text, "web-listen")
            self.assertEqual("web-listen", error.field)
        self.assertRaises(BadInput, parse_web_listen, "tcp:1:interface=\\:\\:1", "x")
        self.assertRaises(BadInput, parse_web_listen, "tcp6:1:interface=127.0.0.1", "x")

    @given(st.sampled_from(("127.0.0.1", "127.255.1.2", "::1")), st.integers(0, 65535))
    def test_there_and_back(self, host: str, port: int) -> None:
        """What it means, written as an endpoint string, means the same."""
        listen = WebListen(host, port)
        self.assertEqual(listen, parse_web_listen(listen.endpoint, "x"))
