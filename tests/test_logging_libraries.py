"""What libraries log ends in the same stream, with the same levels and the context (``docs/logging.rst``)."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

import txaio
from twisted.logger import globalLogPublisher
from twisted.python import log as old_log
from twisted.trial.unittest import SynchronousTestCase

from lanrage.log_context import CONTEXT_FIELDS, context
from lanrage.logs import get_logger, set_level
from lanrage.logs.libraries import StandardLog
from tests.log_tape import start_tape

log = get_logger("lanrage.app.links")


class LibraryTests(SynchronousTestCase):
    """What libraries say."""

    def test_standard_logging(self) -> None:
        """Level, name, the text before its arguments, and failures; debug only where somebody reads it."""
        tape = start_tape(self)
        library = logging.getLogger("pyroute2.netlink")
        library.warning("lost %s messages", 3)
        logging.getLogger("asyncio").debug("Using selector: %s", "epoll")
        try:
            raise OSError("gone")
        except OSError:
            library.exception("cannot")
        self.assertEqual(1, len(self.flushLoggedErrors(OSError)))
        StandardLog(globalLogPublisher).emit(
            logging.LogRecord("l", logging.CRITICAL, "", 0, "%d", ("no number",), None)
        )
        seen = [(line["level"], line["namespace"], line["event"], line["message"]) for line in tape.lines]
        self.assertEqual(
            [
                ("warning", "pyroute2.netlink", "lost %s messages", "lost 3 messages"),
                ("debug", "asyncio", "Using selector: %s", "Using selector: epoll"),
                ("error", "pyroute2.netlink", "cannot", "cannot"),
                ("critical", "l", "%d", "%d ('no number',)"),
            ],
            seen,
        )
        self.assertEqual("gone", tape.lines[2]["error"])

    def test_levels_of_libraries(self) -> None:
        """A library makes no record that nobody reads; when the stream closes all is as it was."""
        before = logging.getLogger().level, txaio.get_global_log_level()
        tape = start_tape(self, level="warning,asyncio=info")
        self.assertFalse(logging.getLogger("asyncio").isEnabledFor(logging.DEBUG))
        self.assertTrue(logging.getLogger("asyncio").isEnabledFor(logging.INFO))
        self.assertEqual("warn", txaio.get_global_log_level())
        set_level("autobahn=debug")
        self.assertEqual("debug", txaio.get_global_log_level())
        tape.stream.close()
        self.assertEqual(before, (logging.getLogger().level, txaio.get_global_log_level()))
        self.assertEqual([], [each for each in logging.getLogger().handlers if "lanrage" in type(each).__module__])

    def test_autobahn(self) -> None:
        """Autobahn's logger ends in the stream."""
        tape = start_tape(self)
        txaio.make_logger().warn("dropping {what}", what="it")
        self.assertEqual(("warning", "dropping it"), (tape.lines[-1]["level"], tape.lines[-1]["message"]))

    def test_old_twisted_log(self) -> None:
        """So does Twisted's old one, without the fields that it adds for itself."""
        tape = start_tape(self)
        old_log.msg("hello", colour="red")
        line = tape.lines[-1]
        self.assertEqual(("hello", "red"), (line["message"], line["colour"]))
        self.assertEqual(set(), {"isError", "system", "why", "format"} & set(line))

    def test_context_and_threads(self) -> None:
        """Lines from a thread come whole."""
        tape = start_tape(self)

        def work() -> None:
            for number in range(50):
                log.info("work {number}", number=number)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(200, len(tape.lines))

    def test_every_line_has_the_context(self) -> None:
        """Whoever wrote it."""
        tape = start_tape(self)
        with context(**dict.fromkeys(CONTEXT_FIELDS, "x")):
            logging.getLogger("asyncio").warning("slow")
            old_log.msg("old")
            log.warn("ours")
        self.assertEqual([["x"] * 5] * 3, [[line[name] for name in CONTEXT_FIELDS] for line in tape.lines])

    def test_a_program_of_its_own(self) -> None:
        """Python's warnings, Twisted's and logging's lines of a program that configured the log, and nothing else."""
        program = (
            "import warnings, logging, twisted.logger, lanrage.logs\n"
            "lanrage.logs.get_logger('early').info('before')\n"
            "stream = lanrage.logs.configure_logging('plain', 'info')\n"
            "warnings.warn('of old age', DeprecationWarning, stacklevel=1)\n"
            "logging.getLogger('a').info('one')\n"
            "twisted.logger.Logger('b').debug('two')\n"
            "stream.close()\n"
        )
        command = [sys.executable, "-W", "always", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        said = [line.split(None, 1)[1] for line in done.stdout.splitlines()]
        self.assertEqual(["info     early: before", "info     a: one"], [said[0], said[-1]])
        self.assertIn("DeprecationWarning: of old age", said[1])
        self.assertEqual((3, "", 0), (len(said), done.stderr, done.returncode))
