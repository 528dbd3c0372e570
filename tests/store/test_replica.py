"""The party file: back after a restart, set aside when damaged."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from shutil import rmtree

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.records import MemberRecord
from lanrage.core.replica import PartyReplica
from lanrage.errors import CryptoError, DecodeError, StoreError
from lanrage.store.files import write_atomic
from lanrage.store.replica import FILE, PartyFile, SavedParty
from tests.fakes_control import NOW, PartyKit, node_keys

KIT = PartyKit.make("saved")
SECRET = b"p" * 16
RECORDS = [
    MemberRecord(KIT.certificate(node_keys("host"), "host", "10.66.0.1"), b"", True),
    MemberRecord(KIT.certificate(node_keys("zoe"), "Zoë 🎮", "10.66.0.2", secret=SECRET), KIT.invitation(SECRET), True),
]


def saved() -> SavedParty:
    """A party of two at revision 7."""
    replica = PartyReplica(KIT.party_id)
    replica.full(7, KIT.charter_blob, RECORDS, NOW)
    empty = SavedParty(KIT.party_id, 0, b"", (), ("play.example:7766",), b"f" * 16, "host", code="LR1-code")
    return empty.updated(replica)


class PartyFileTests(SynchronousTestCase):
    """One folder a test."""

    def setUp(self) -> None:
        """A folder that is not there yet."""
        self.parent = Path(tempfile.mkdtemp(prefix="lanrage-party-"))
        self.addCleanup(rmtree, self.parent)
        self.file = PartyFile(self.parent / "state")

    def test_back_after_a_restart(self) -> None:
        """The same members at the same revision, verified anew, and nobody is taken to be online."""
        self.assertIsNone(self.file.load())
        self.file.save(saved())
        again = self.file.load()
        self.assertEqual(saved(), again)
        assert again is not None
        replica = again.restore(NOW)
        self.assertEqual((7, ["host", "Zoë 🎮"]), (replica.revision, self._names(replica)))
        self.assertFalse(any(entry.online for entry in replica.members.values()))
        self.assertEqual(0o600, self.file.path.stat().st_mode & 0o777)
        self.file.remove()
        self.file.remove()
        self.assertIsNone(self.file.load())

    @staticmethod
    def _names(replica: PartyReplica) -> list[str]:
        return [entry.member.certificate.name for entry in replica.members.values()]

    def test_changed_on_disk(self) -> None:
        """Who edits the file gets nobody in."""
        content = json.loads(self._saved_text())
        content["members"][1]["certificate"] = content["members"][0]["certificate"]
        write_atomic(self.file.path, json.dumps(content).encode())
        again = self.file.load()
        assert again is not None
        self.assertEqual(["host"], self._names(again.restore(NOW)))
        content["charter"] = "AAAA"
        write_atomic(self.file.path, json.dumps(content).encode())
        again = self.file.load()
        assert again is not None
        with self.assertRaises((CryptoError, DecodeError)):
            again.restore(NOW)

    def _saved_text(self) -> bytes:
        self.file.save(saved())
        return self.file.path.read_bytes()

    def test_other_version(self) -> None:
        """A file of another version is set aside with a word that names it."""
        content = json.loads(self._saved_text())
        content["version"] = 2
        write_atomic(self.file.path, json.dumps(content).encode())
        self.assertIsNone(self.file.load())
        self.assertIn("version 2", self.file.trouble)

    @given(data=st.binary(max_size=200), cut=st.integers(0, 400))
    def test_any_damage(self, data: bytes, cut: int) -> None:
        """Any other bytes are set aside, kept, and said; the node starts without a party."""
        self.setUp()
        damaged = self._saved_text()[:cut] + data
        write_atomic(self.file.path, damaged)
        self.assertIsNone(self.file.load())
        self.assertIn("join the party again", self.file.trouble)
        self.assertEqual(damaged, (self.file.folder / f"{FILE}.damaged").read_bytes())
        self.assertIsNone(self.file.load())

    def test_open_file(self) -> None:
        """The code in it is a secret."""
        self._saved_text()
        self.file.path.chmod(0o644)
        with self.assertRaises(StoreError):
            self.file.load()

    def test_foreign_charter(self) -> None:
        """A file whose charter is another party's raises."""
        foreign = PartyKit.make("foreign")
        wrong = SavedParty(KIT.party_id, 1, foreign.charter_blob, (), ("h:1",), b"f" * 16, "x")
        with self.assertRaises(CryptoError):
            wrong.restore(NOW)
