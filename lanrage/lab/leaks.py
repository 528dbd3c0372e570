"""Whether a secret that was used stands in what was logged."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

import attrs

from lanrage.core.certificates import invite_key
from lanrage.core.code import InvitationCode

PIECE = 1 << 20
"""Bytes of a log that are looked at in one go."""


def forms(secret: bytes) -> set[str]:
    """The ways in which secret bytes could stand in a text."""
    plain, safe = base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode()
    texts = {secret.hex(), secret.hex().upper(), plain, safe, repr(secret)[2:-1], str(list(secret))}
    return {text.rstrip("=") for text in texts}


@attrs.define
class Leaks:
    """Secrets, by what they are, and the search for them."""

    _known: dict[str, bytes] = attrs.field(factory=dict)

    def token(self, text: str) -> None:
        """A text that is secret as it stands."""
        self._add("token", {text} | forms(text.encode()))

    def invitation(self, code: str) -> None:
        """An invitation code, and what it is made of."""
        inside = InvitationCode.decode(code)
        key = invite_key(inside.secret, inside.party_id).seed
        self._add("invitation", {code, code[4:]} | forms(inside.secret) | forms(key))

    def keys(self, folder: Path) -> int:
        """All private keys in files below a folder; how many there are."""
        found = sorted(folder.rglob("*.key"))
        for path in found:
            self._add(f"key {path.relative_to(folder)}", forms(base64.b64decode(path.read_bytes())))
        return len(found)

    def _add(self, what: str, texts: Iterable[str]) -> None:
        for number, text in enumerate(sorted(texts)):
            self._known[f"{what} {number}"] = text.encode()

    def __len__(self) -> int:
        """How many texts are looked for."""
        return len(self._known)

    def seen_in(self, path: Path) -> list[str]:
        """What of it is in a file: never the secret, but which one it is."""
        seen: set[str] = set()
        overlap = max(map(len, self._known.values()), default=1)
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(PIECE):
                text = tail + piece
                seen |= {what for what, secret in self._known.items() if secret in text}
                tail = text[-overlap:]
        return sorted(seen)
