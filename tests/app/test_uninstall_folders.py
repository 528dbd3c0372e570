"""``lanrage uninstall``: which folders and journals are ours to take, and whether somebody is at work in them."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage import store
from lanrage.app.uninstall import answers, check_owner, is_shared, strangers
from lanrage.core.undo import UndoEntry
from lanrage.errors import StoreError
from lanrage.store.certificate import CERTIFICATE
from lanrage.store.keys import IDENTITY, SERVER, WIREGUARD
from lanrage.store.settings import LOCK
from lanrage.store.state_file import StateFile
from lanrage.store.state_folder import BACKUPS
from lanrage.store.undo import UndoJournal


class FolderTests(SynchronousTestCase):
    """Below a folder of the test's own."""

    def setUp(self) -> None:
        """The folder."""
        folder = tempfile.TemporaryDirectory(prefix="lanrage-uninstall-")  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def test_names(self) -> None:
        """No file that LANrage itself makes is a stranger in a state folder: whatever modules of the store name."""
        own = self.root / "srv/own"
        own.mkdir(parents=True)
        stores = [
            importlib.import_module(f"lanrage.store.{each.name}") for each in pkgutil.iter_modules(store.__path__)
        ]
        names = {each.FILE for each in stores if hasattr(each, "FILE")}
        self.assertGreaterEqual(len(names), 9)
        aside = {str(Path(each.NAME).with_suffix(".damaged")) for each in StateFile.__subclasses__() if each.ASIDE}
        beside = {
            f"{name}{end}" for name in names if name.endswith(".db") for end in ("-wal", "-shm", ".lock", ".damaged")
        }
        half = {f".{name}.0123456789ab" for name in names}
        keys = {IDENTITY, WIREGUARD, SERVER, f"party-{'ab' * 16}.key", CERTIFICATE, LOCK, BACKUPS, "undo.jsonl"}
        for name in names | aside | beside | half | keys | {"server.pub", "relay.pub", "reach.json", "mappings.jsonl"}:
            (own / name).touch()
        self.assertEqual(strangers(own), [])
        for name in ("thesis.txt", "my-settings.db", "party.json.txt", "notes", "id.key"):
            (own / name).touch()
        self.assertEqual(len(strangers(own)), 5)

    def test_a_journal_of_others(self) -> None:
        """What another user wrote is not carried out with root's rights."""
        own = self.root / "srv/own"
        own.mkdir(parents=True)
        UndoJournal(own / "undo.jsonl").note(UndoEntry("device", "other0"))
        check_owner(own / "undo.jsonl", {os.geteuid()})
        with self.assertRaises(StoreError) as caught:
            check_owner(own / "undo.jsonl", {os.geteuid() + 1})
        self.assertIn(f"user {os.geteuid()}'s", str(caught.exception))

    def test_busy(self) -> None:
        """A node that takes nobody at the moment runs; a socket that nobody holds is none."""
        path = self.root / "busy.sock"
        self.assertFalse(answers(path))
        with socket.socket(socket.AF_UNIX) as node, contextlib.ExitStack() as waiting:
            node.bind(str(path))
            self.assertFalse(answers(path))
            node.listen(0)
            for _ in range(3):
                one = waiting.enter_context(socket.socket(socket.AF_UNIX))
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.connect(str(path))
            self.assertTrue(answers(path))
        self.assertFalse(answers(path))

    def test_a_shared_folder(self) -> None:
        """A home, what homes lie in and the root's own folders never go, by whatever path they are named."""
        home = self.root / "srv/people/ann"
        home.mkdir(parents=True)
        (self.root / "way").symlink_to(home)
        for folder in (home, home.parent, self.root / "way", home / "x/..", Path("/srv"), Path("/")):
            self.assertTrue(is_shared(folder, [home]), folder)
        for folder in (home / "state", home.parent / "ben", self.root / "way/state"):
            self.assertFalse(is_shared(folder, [home]), folder)
