"""The options of metrics and alerts: what is right is read, what is wrong is refused by the option's name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.metering_config import METERING, MeteringSettings
from lanrage.app.service import AllOptions, ControlOptions, NodeOptions, Options, RelayOptions
from lanrage.core.alert_rules import AlertLimits
from lanrage.errors import BadInput

HOOK = "https://hooks.example.org/api/webhooks/1/s3cret"


def parsed(*words: str) -> MeteringSettings:
    """What a node is told by these words."""
    options = NodeOptions()
    options.parseOptions(list(words))
    return MeteringSettings.parse(dict(options))


class MeteringConfigTests(SynchronousTestCase):
    """:class:`MeteringSettings`."""

    def test_usual(self) -> None:
        """Nothing listens and nothing is posted, unless somebody says so."""
        self.assertEqual(MeteringSettings(), parsed())
        self.assertEqual(("", ""), (parsed().listen, parsed().webhook))

    def test_every_role_has_them(self) -> None:
        """The same options, and a role's service is told of them."""
        names = {row[0] for row in METERING}
        for kind in (AllOptions, ControlOptions, NodeOptions, RelayOptions):
            self.assertLessEqual(names, {row[0] for row in kind.optParameters}, kind)
        options = Options()
        options.parseOptions(["node", "--state-dir", "/s", "--run-dir", "/r", "--alert-limits", "quality=70"])
        self.assertEqual(MeteringSettings(limits=AlertLimits(quality=70.0)), options["metering"])

    def test_all_of_them(self) -> None:
        """Each is read."""
        words = ("--metrics-listen", "tcp:7768:interface=127.0.0.1")
        limits = "quality=70,loss=0.1,quality-for=5,lost-for=6,memory=100,relay=0.5,lag=0.2"
        settings = parsed(*words, "--alert-webhook", HOOK, "--alert-limits", limits)
        self.assertEqual(
            MeteringSettings("tcp:7768:interface=127.0.0.1", AlertLimits(70.0, 0.1, 5.0, 6.0, 100.0, 0.5, 0.2), HOOK),
            settings,
        )
        self.assertNotIn("s3cret", repr(settings))

    def test_endpoints(self) -> None:
        """One of TCP names its interface, so that none is for everybody by oversight; others need none."""
        for good in ("unix:/run/lanrage/metrics.sock", "tcp6:7768:interface=\\:\\:1", "systemd:domain=INET:index=0"):
            self.assertEqual(good, parsed("--metrics-listen", good).listen)

    def test_a_file(self) -> None:
        """The webhook's address may stand in a file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "hook")
            path.write_text(f"{HOOK}\n", encoding="ascii")
            self.assertEqual(HOOK, parsed("--alert-webhook", f"@{path}").webhook)
            path.write_text("", encoding="ascii")
            self.assertEqual("", parsed("--alert-webhook", f"@{path}").webhook)
            path.write_bytes(b"https://\xff")
            self.refused("alert-webhook", "--alert-webhook", f"@{path}")

    def refused(self, field: str, *words: str) -> None:
        """It is refused by this option's name, and no secret is told."""
        with self.assertRaises(BadInput) as caught:
            parsed(*words)
        self.assertEqual(field, caught.exception.field, words)
        self.assertNotIn("s3cret", str(caught.exception))

    def test_refusals(self) -> None:
        """What cannot be."""
        for listen in ("tcp:7768", "tcp6:7768", "ssl:7768:privateKey=x"):
            self.refused("metrics-listen", "--metrics-listen", listen)
        for limits in ("quality", "quality=", "speed=1", "quality=96", "relay=2", "lag=nan", "memory=1,", "lag=1 s"):
            self.refused("alert-limits", "--alert-limits", limits)
        for hook in ("http://example.org/s3cret", "@/nowhere/at/all", "s3cret"):
            self.refused("alert-webhook", "--alert-webhook", hook)
