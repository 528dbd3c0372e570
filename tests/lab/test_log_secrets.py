"""What the real programs of a small laboratory log, at DEBUG: no key, no code, and whose each line is."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.redaction import REDACTED
from lanrage.lab import roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import up
from lanrage.lab.node_call import call
from tests.app.test_log_secrets import Secrets, key_files
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")]

OPTIONS = ("--log-format", "json", "--log-level", "debug")


class LabLogTests(SynchronousTestCase):
    """Two hosts in a party; one of them invites by a spoken code and is left by the other."""

    def test_no_secret(self) -> None:
        """Nothing that was used as a secret is in any log, nor was anything blacked out; party and peers are there."""
        base, name, secrets = Path(tempfile.mkdtemp(prefix="lanrage-lab-")), own("tlog"), Secrets()
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        self.addCleanup(teardown.down, name, Folder.of(name, base))
        lab, _ = up(Record(name, ("open", "restricted"), node_options=OPTIONS), base)
        first, second = lab.plan.hosts
        asked = {"expires_hours": 1.0, "spoken": True}
        told = call(roles.node_socket(lab.folder, first), "party.invite", **asked).result
        secrets.invitation(told["code"])
        secrets.spoken(told["spoken"]["code"])
        call(roles.node_socket(lab.folder, second), "party.leave")
        secrets.keys(key_files(lab.folder.path))
        for role in roles.roles(lab.plan):
            text = lab.folder.log(role).read_text(encoding="utf-8")
            self.assertEqual([], secrets.seen_in(text), role)
            self.assertEqual([], [line for line in text.splitlines() if REDACTED in line], role)
            self.assertGreater(len(text), 500, role)
        self._whose([json.loads(line) for line in lab.folder.log(second.name).read_text(encoding="utf-8").splitlines()])

    def _whose(self, lines: list[dict[str, Any]]) -> None:
        """All lines of a link name the same party and the one other member."""
        links = [line for line in lines if line["namespace"].startswith("lanrage.app.peer_link")]
        self.assertGreaterEqual(len(links), 3)
        self.assertEqual(1, len({(line["party_id"], line["peer_id"]) for line in links}))
        self.assertEqual({"node"}, {line["role"] for line in lines})
        without = [line["message"] for line in lines if line["subsystem"] == "broadcast" and not line["party_id"]]
        self.assertEqual([], without)
