"""`python -m tests.chaos.launch`: starts the real `balcao …` as often as wished, quickly.

It loads the application once, with the points of `points.py` put around it, and forks a process for every line
{"name", "words", "env", "log"} on standard input; a line {"pid", "signal"} sends a signal to one of them. Every birth
and every death is a line on standard output. A start thus takes tenths of a second and not the two seconds of the
imports, which makes a thousand kills possible in half an hour.

Shortened, because a run could not wait for them: the lease of a delivery (90 s to 35 s, in the short form 8 s), the
wait for a status after an unknown outcome (60 s to 4 s), the longest wait between tries (15 min to 6 s), the lease of
periodic jobs (5 min to 10 s), the looks of the clock (5 and 15 s to 1 s).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import sys
from typing import Any, NoReturn

import orjson

from bot import cli
from tests.chaos import points


class Nursery:
    """The one parent of all processes under test. When standard input ends, so do they."""

    def __init__(self) -> None:
        self._living: set[int] = set()
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._told)
        rest = b""
        while True:
            ready, _, _ = select.select([0, self._heard], [], [])
            if self._heard in ready:
                os.read(self._heard, 4096)
                self._bury()
            if 0 in ready:
                read = os.read(0, 65536)
                if not read:
                    return self._end()
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    self._obey(orjson.loads(line))

    def _obey(self, order: dict[str, Any]) -> None:
        """Signals go through here, for only a parent knows that a process id is still its child's."""
        if "words" in order:
            self._bear(order)
        elif order["pid"] in self._living:
            os.kill(order["pid"], order["signal"])

    def _bear(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            self._live(order)
        self._living.add(pid)
        say({"event": "born", "name": order["name"], "pid": pid})

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._living.discard(pid)
                say({"event": "died", "pid": pid, "status": os.waitstatus_to_exitcode(status)})

    def _end(self) -> None:
        for pid in self._living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _live(self, order: dict[str, Any]) -> NoReturn:
        """The child: a `balcao` like any other."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for mine in (self._heard, self._told):
            os.close(mine)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(order["env"])
        status = balcao(order["words"])
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def balcao(words: list[str]) -> int:
    if words[0] == "migrate":
        points.watch_migration()
    try:
        cli.main(words)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


def say(line: dict[str, Any]) -> None:
    os.write(1, orjson.dumps(line) + b"\n")


def main() -> None:
    for module in ("bot.serve", "bot.wiring", "bot.desk_commands", "uvloop", "aiosqlite", "asyncpg", *sys.argv[1:]):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    points.install()
    say({"event": "ready"})
    Nursery().run()


if __name__ == "__main__":
    main()
