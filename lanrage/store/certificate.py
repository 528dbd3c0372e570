"""Certificates as files: the server's own, which it makes and renews, and those that a CA has signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from lanrage.core.identity import SigningKey
from lanrage.core.server_certificate import SERIAL_BYTES, is_current, make_certificate
from lanrage.errors import BadInput
from lanrage.store.files import make_folder, write_atomic

CERTIFICATE = "server.crt"
PUBLIC_MODE = 0o644
"""A certificate is shown to everybody who connects."""
FILE_LIMIT = 256 * 1024
"""Bytes of a certificate file with its chain; usual ones have 5 KiB."""


def load_certificate(folder: Path, key: SigningKey, now: float, random: Callable[[int], bytes]) -> bytes:
    """The server's own certificate in PEM; made anew where there is none, or another key's, or an old or damaged one.

    :param now: seconds since the epoch.
    :param random: ``os.urandom``, or a test's own.
    :raises StoreError: when a new one cannot be written.
    """
    path = folder / CERTIFICATE
    try:
        with path.open("rb") as file:
            pem = file.read(FILE_LIMIT)
    except OSError:
        pem = b""
    if is_current(pem, key, now):
        return pem
    pem = make_certificate(key, now, random(SERIAL_BYTES))
    make_folder(folder)
    write_atomic(path, pem, PUBLIC_MODE)
    return pem


@attrs.frozen
class CertificateFiles:
    """A CA's certificate and its private key, kept up to date by somebody else (certbot, say).

    :param certificate: PEM, the server's certificate first, then those that lead to the CA.
    :param key: PEM, without a password.
    """

    certificate: Path
    key: Path

    def mark(self) -> tuple[object, ...]:
        """Changes when one of the files is replaced or written; never fails."""
        return tuple(_mark(path) for path in (self.certificate, self.key))

    def read(self) -> tuple[bytes, bytes]:
        """Certificate with chain, and key.

        :raises BadInput: names the option (``tls-certificate``, ``tls-key``), the file and the reason.
        """
        return _read(self.certificate, "tls-certificate"), _read(self.key, "tls-key", secret=True)


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path, field: str, *, secret: bool = False) -> bytes:
    try:
        if not path.is_file():
            raise BadInput(field, f"there is no file {path}")
        if secret and path.stat().st_mode & 0o007:
            raise BadInput(field, f"{path} may be used by everybody on this machine; set its mode to 0600 or 0640")
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise BadInput(field, f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > FILE_LIMIT:
        raise BadInput(field, f"{path} is longer than {FILE_LIMIT // 1024} KiB")
    return data
