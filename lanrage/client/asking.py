"""Carries out what the methods of the client ask for, and gives results their classes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import msgspec

from lanrage.app.client import NodeClient
from lanrage.app.operations import Progress
from lanrage.errors import DecodeError

T = TypeVar("T", bound=msgspec.Struct)


class Asker:
    """Asks over one connection.

    :param client: it is connected while anything is asked.
    """

    def __init__(self, client: NodeClient) -> None:
        self._client = client

    async def ask(
        self,
        op: str,
        args: dict[str, Any],
        kind: type[T],
        *,
        progress: Progress | None = None,
        descriptor: int | None = None,
    ) -> T:
        """Carry an operation out; see :meth:`NodeClient.call`.

        :raises LanrageError: what was refused, as it was raised in the process.
        """
        return _result(await self._client.call(op, args, progress=progress, descriptor=descriptor), op, kind)

    async def follow(self, op: str, args: dict[str, Any], kind: type[T]) -> AsyncGenerator[T, None]:
        """An operation's result, now and whenever it changed; see :meth:`NodeClient.watch`.

        :raises LanrageError: what was refused.
        """
        async for state in self._client.watch(op, args):
            yield _result(state, op, kind)


def _result(plain: Any, op: str, kind: type[T]) -> T:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise DecodeError(f"the result of {op} is not that of this version: {error}") from error
