"""The files of certificates."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import SigningKey
from lanrage.core.server_certificate import LIFETIME, is_current
from lanrage.errors import BadInput, StoreError
from lanrage.store.certificate import CERTIFICATE, FILE_LIMIT, CertificateFiles, load_certificate
from tests.fakes_control import SeededRandom, seeded

KEY = SigningKey(seeded("server"))
NOW = 1_700_000_000.0


class Folder(SynchronousTestCase):
    """A folder for each test."""

    def setUp(self) -> None:
        """Make it."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-cert-"))
        self.addCleanup(shutil.rmtree, self.folder)


class OwnCertificateTests(Folder):
    """``server.crt``."""

    def load(self, key: SigningKey = KEY, now: float = NOW) -> bytes:
        """As the server does at its start."""
        return load_certificate(self.folder / "state", key, now, SeededRandom("serial"))

    def test_made_once(self) -> None:
        """Made at the first start, readable by all, and the same at the next."""
        first = self.load()
        path = self.folder / "state" / CERTIFICATE
        self.assertEqual((first, 0o644), (path.read_bytes(), path.stat().st_mode & 0o777))
        self.assertEqual(first, self.load(now=NOW + 86400))

    def test_made_anew(self) -> None:
        """An old one, another server's, a damaged or empty file: a new one takes its place."""
        first = self.load()
        path = self.folder / "state" / CERTIFICATE
        later = NOW + LIFETIME.total_seconds()
        renewed = self.load(now=later)
        self.assertTrue(is_current(renewed, KEY, later))
        other = SigningKey(seeded("other"))
        self.assertTrue(is_current(self.load(other), other, NOW))
        for damaged in (b"", first[:200], os.urandom(500), b"x" * (FILE_LIMIT + 1)):
            path.write_bytes(damaged)
            self.assertTrue(is_current(self.load(), KEY, NOW))
            self.assertTrue(is_current(path.read_bytes(), KEY, NOW))

    def test_cannot_be_written(self) -> None:
        """Said with the file's name."""
        (self.folder / "state").write_bytes(b"a file where the folder should be")
        with self.assertRaises(StoreError):
            self.load()


class CertificateFilesTests(Folder):
    """A CA's."""

    def setUp(self) -> None:
        """Two files."""
        super().setUp()
        self.files = CertificateFiles(self.folder / "cert.pem", self.folder / "key.pem")
        self.files.certificate.write_bytes(b"certificate")
        self.files.key.write_bytes(b"key")
        self.files.key.chmod(0o600)

    def test_mark(self) -> None:
        """It changes when either file is replaced, and not otherwise; a missing file is a mark, too."""
        marks = [self.files.mark()]
        self.assertEqual(marks[0], self.files.mark())
        for path in (self.files.certificate, self.files.key):
            new = self.folder / "new"
            new.write_bytes(path.read_bytes())
            os.replace(new, path)
            marks.append(self.files.mark())
        self.files.key.unlink()
        marks.append(self.files.mark())
        self.assertEqual(len(marks), len(set(marks)))

    def test_refusals(self) -> None:
        """Missing, a folder, too long, a key that everybody may read: by option and file."""
        self.assertEqual((b"certificate", b"key"), self.files.read())
        self.refused("tls-key", lambda path: path.chmod(0o644))
        self.refused("tls-key", lambda path: path.unlink())
        self.refused("tls-certificate", lambda path: path.write_bytes(bytes(FILE_LIMIT + 1)))
        self.refused("tls-certificate", lambda path: path.unlink())
        self.refused("tls-certificate", lambda path: path.mkdir())

    def refused(self, field: str, spoil: object) -> None:
        """After a file was spoilt."""
        path = self.files.key if field == "tls-key" else self.files.certificate
        assert callable(spoil)
        spoil(path)
        with self.assertRaises(BadInput) as caught:
            self.files.read()
        self.assertEqual((field, True), (caught.exception.field, str(path) in caught.exception.rule))
        if field == "tls-key":
            path.write_bytes(b"key")
            path.chmod(0o600)
