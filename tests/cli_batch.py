"""Many commands of ``lanrage`` for the price of loading it once: each in a process of its own, forked from one.

``python -m tests.cli_batch COMMANDS``; COMMANDS is JSON, a list of lists of words. Prints JSON: for each command its
exit status, what it printed, and what it printed as errors.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

from lanrage.app.cli import main


def run(words: Sequence[str]) -> tuple[int, str, str]:
    """One command."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if not child:
            _become(words, out, err)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


def _become(words: Sequence[str], out: IO[str], err: IO[str]) -> None:
    """Be that command, and end."""
    status = 1
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        main(list(words), prog_name="lanrage")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    importlib.import_module("lanrage.app.client")  # what a command loads late; no reactor comes with it
    print(json.dumps([run(words) for words in json.loads(sys.argv[1])]))
