"""Commands that are imported when one of them is called, so that ``--help`` answers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are imported when one of them is called.

    :param what: its name in the sentence that says that it cannot be loaded.
    """

    def __init__(self, *args: Any, load: Callable[[], click.Group], what: str = "the laboratory", **more: Any) -> None:
        super().__init__(*args, **more)
        self._load = load
        self._what = what

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Let the real group read its arguments.

        :raises click.ClickException: when it cannot be imported.
        """
        try:
            real = self._load()
        except ImportError as error:
            raise click.ClickException(f"{self._what} cannot be loaded: {error}") from error
        return real.make_context(info_name, args, parent, **extra)
