"""Private keys as files."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import StoreError
from lanrage.store.files import write_atomic
from lanrage.store.keys import IDENTITY, SERVER, WIREGUARD, load_node_keys, load_secret, load_server_key, party_key_path
from tests.fakes_control import SeededRandom


class KeyTests(SynchronousTestCase):
    """One folder a test."""

    def setUp(self) -> None:
        """A folder that is not there yet."""
        self.parent = Path(tempfile.mkdtemp(prefix="lanrage-keys-"))
        self.addCleanup(rmtree, self.parent)
        self.folder = self.parent / "state"

    def test_made_once(self) -> None:
        """The first start makes the keys, the next ones read them; files and folder are private."""
        first = load_node_keys(self.folder, SeededRandom(1))
        self.assertEqual(first, load_node_keys(self.folder, SeededRandom(2)))
        self.assertNotEqual(first.identity.seed, first.wireguard.secret)
        server = load_server_key(self.folder, SeededRandom(3))
        self.assertEqual(server, load_server_key(self.folder, SeededRandom(4)))
        for name in (IDENTITY, WIREGUARD, SERVER):
            self.assertEqual(0o600, (self.folder / name).stat().st_mode & 0o777)
            self.assertEqual(32, len(base64.b64decode((self.folder / name).read_bytes())))
        self.assertEqual(0o700, self.folder.stat().st_mode & 0o777)

    def test_damaged_key_is_not_replaced(self) -> None:
        """A file that holds no key is refused and kept: a new key would be a new identity."""
        self.folder.mkdir()
        for content in (b"", b"nonsense", base64.b64encode(bytes(31)), b"\xff\xfe", base64.b64encode(bytes(33))):
            path = self.folder / IDENTITY
            write_atomic(path, content)
            with self.assertRaises(StoreError) as caught:
                load_secret(path, SeededRandom(1))
            self.assertIn(str(path), str(caught.exception))
            self.assertEqual(content, path.read_bytes())

    def test_open_key_is_refused(self) -> None:
        """A key that others may read is refused."""
        load_server_key(self.folder, SeededRandom(1))
        (self.folder / SERVER).chmod(0o640)
        with self.assertRaises(StoreError):
            load_server_key(self.folder, SeededRandom(1))

    def test_party_keys_have_a_file_each(self) -> None:
        """One file a party."""
        self.assertEqual(self.folder / f"party-{'a' * 32}.key", party_key_path(self.folder, "a" * 32))
