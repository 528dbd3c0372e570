"""Small JSON files of a node's state folder, each of one format and version: what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

import attrs
import msgspec
from twisted.logger import Logger

from lanrage.errors import LanrageError, StoreError
from lanrage.store.files import make_folder, read_private, write_atomic

Saved = TypeVar("Saved", bound=msgspec.Struct)


@attrs.frozen
class StateFile(Generic[Saved]):
    """A file that only its owner reads. One that is damaged, of another version or not to be read counts as none.

    :param folder: the node's state folder.
    :cvar NAME: of the file.
    :cvar KIND: what is in it; its ``version`` is that of :attr:`VERSION`.
    :cvar ADVICE: what happens, or is to be done, where it is of no use; completes "it is of no use: WHY; ADVICE".
    :cvar ASIDE: what is of no use is kept with the suffix ``.damaged``; else it is replaced by the next writing.
    """

    NAME: ClassVar[str]
    KIND: ClassVar[type[Any]]
    VERSION: ClassVar[int] = 1
    ADVICE: ClassVar[str] = "it will be written anew"
    ASIDE: ClassVar[bool] = False
    LOG: ClassVar[Logger]

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / self.NAME

    def read(self) -> Saved | None:
        """What is in it; ``None``: nothing that counts."""
        try:
            raw = self.content()
            if raw is None:
                return None
            saved = msgspec.json.decode(raw, type=self.KIND)
            if saved.version != self.VERSION:
                raise StoreError(f"version {saved.version} is not known here")
        except (ValueError, RecursionError, LanrageError) as error:
            self.LOG.warn(
                "{path} is of no use: {why}; {advice}", path=str(self.path), why=str(error), advice=self.ADVICE
            )
            if self.ASIDE:
                self._set_aside()
            return None
        return cast(Saved, saved)

    def content(self) -> bytes | None:
        """Its bytes; ``None`` where it does not exist.

        :raises StoreError: when it cannot be read, or others may do what they must not.
        """
        return read_private(self.path)

    def write(self, saved: Saved) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason; the old one stands.
        """
        make_folder(self.folder)
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(saved), indent=1))

    def remove(self) -> None:
        """Forget it; a file that is gone is no error.

        :raises StoreError: when it cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error

    def _set_aside(self) -> None:
        try:
            self.path.replace(self.path.with_suffix(".damaged"))
        except OSError as error:
            self.LOG.warn("{path} cannot be set aside: {why}", path=str(self.path), why=error.strerror)
