"""Private keys as files: one line of base64, mode 0600, made at first start and never sent anywhere."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey
from lanrage.core.links import KEY_BYTES
from lanrage.errors import StoreError
from lanrage.store.files import make_folder, read_private, write_atomic

IDENTITY = "identity.key"
WIREGUARD = "wireguard.key"
SERVER = "server.key"


def load_secret(path: Path, random: Callable[[int], bytes]) -> bytes:
    """Read 32 secret bytes, or make the file with new ones.

    :param random: ``os.urandom``, or a test's own.
    :raises StoreError: when the file is unreadable, readable by others, or no key.
    """
    raw = read_private(path)
    if raw is None:
        secret = random(KEY_BYTES)
        save_secret(path, secret)
        return secret
    try:
        secret = base64.b64decode(raw.strip(), validate=True)
    except binascii.Error as error:
        raise StoreError(f"{path} is no key: it must be 32 bytes in base64") from error
    if len(secret) != KEY_BYTES:
        raise StoreError(f"{path} is no key: it must be 32 bytes in base64")
    return secret


def save_secret(path: Path, secret: bytes) -> None:
    """Write 32 secret bytes to a file that only its owner reads.

    :raises StoreError: names the file and the reason.
    """
    make_folder(path.parent)
    write_atomic(path, base64.b64encode(secret) + b"\n")


def load_node_keys(folder: Path, random: Callable[[int], bytes]) -> NodeKeys:
    """A node's keys from its state folder; missing ones are made."""
    return NodeKeys(
        SigningKey(load_secret(folder / IDENTITY, random)), AgreementKey(load_secret(folder / WIREGUARD, random))
    )


def load_server_key(folder: Path, random: Callable[[int], bytes]) -> SigningKey:
    """The control server's key from its state folder; made when missing."""
    return SigningKey(load_secret(folder / SERVER, random))


def party_key_path(folder: Path, party_id: str) -> Path:
    """Where a party's root key lies at its creator."""
    return folder / f"party-{party_id}.key"
