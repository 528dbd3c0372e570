"""nftables by libnftables in this process (libnftables(3)): no program is started, and a table of ours dies with us.

A table with the flag ``owner`` belongs to the netlink socket that made it: the kernel removes it when this process
ends, however it ends, and nobody else's flush or change touches it (nft(8), Linux 5.12).
"""

from __future__ import annotations

import ctypes
import threading

from lanrage.errors import LanrageError, Unreachable
from lanrage.net.devices import net_admin_missing

OUTLINE = 1 << 2 | 1 << 11
"""NFT_CTX_OUTPUT_STATELESS and _TERSE (<nftables/libnftables.h>): listings without counts and sets' elements."""
JSON = 1 << 4
"""NFT_CTX_OUTPUT_JSON: listings as libnftables-json(5)."""
LIBRARY = "libnftables.so.1"
"""Debian: libnftables1, which nftables brings."""


class Nft:
    """One connection to the kernel's nftables. Calls block; any thread may make them, one after another.

    :param output: flags of what listings show.
    :param purpose: what it is for, in the words for a user who lacks the right.
    :raises Unreachable: where the library is missing.
    """

    def __init__(self, output: int = 0, purpose: str = "forwarding in the kernel") -> None:
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise Unreachable(f"{LIBRARY} is not here: apt-get install nftables") from error
        library.nft_ctx_new.restype = ctypes.c_void_p
        for name in ("nft_ctx_buffer_error", "nft_ctx_buffer_output", "nft_ctx_free"):
            getattr(library, name).argtypes = [ctypes.c_void_p]
        library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        for name in ("nft_ctx_get_error_buffer", "nft_ctx_get_output_buffer"):
            getattr(library, name).restype = ctypes.c_char_p
            getattr(library, name).argtypes = [ctypes.c_void_p]
        self._library, self._lock, self._purpose = library, threading.Lock(), purpose
        self._context: int | None = library.nft_ctx_new(0)
        library.nft_ctx_buffer_error(self._context)
        library.nft_ctx_buffer_output(self._context)
        library.nft_ctx_output_set_flags(self._context, output)

    def run(self, commands: str) -> str:
        """Run commands as one transaction; returns what they print.

        :raises MissingRight: without CAP_NET_ADMIN.
        :raises LanrageError: with the library's words; nothing was changed.
        """
        with self._lock:
            if self._context is None:
                raise Unreachable("nftables was let go")
            failed = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
            words = self._library.nft_ctx_get_error_buffer(self._context).decode("utf-8", "replace")
            output: bytes = self._library.nft_ctx_get_output_buffer(self._context)
        if not failed:
            return output.decode("utf-8", "replace")
        if "Operation not permitted" in words:
            raise net_admin_missing(self._purpose)
        raise LanrageError(f"nftables: {' '.join(words.split())[:200]}")

    def close(self) -> None:
        """Let go: the tables that this made are gone."""
        with self._lock:
            context, self._context = self._context, None
            if context is not None:
                self._library.nft_ctx_free(context)
