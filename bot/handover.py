"""What `balcao serve` hands to the process that goes on in its place: the listening socket, and for the child of a
supervisor the line on which it says that it is ready.

The next process is a new interpreter: it loads the code and the settings that are there by now. While one goes and the
other comes, callers wait in the socket's queue and nobody is refused.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

_VARIABLE = "_BALCAO_HANDED_OVER"
"""File numbers of the socket and of the line (-1: none), as `3,4`."""


@dataclass(frozen=True, slots=True)
class Inheritance:
    bound: socket.socket
    parent: socket.socket | None
    """A byte says "ready"; its end says that the parent is gone."""


def inherited() -> Inheritance | None:
    """What was handed to this process. The variable is taken away: it is nothing for whom we start ourselves."""
    told = os.environ.pop(_VARIABLE, None)
    if told is None:
        return None
    listening, line = map(int, told.split(","))
    return Inheritance(socket.socket(fileno=listening), None if line < 0 else socket.socket(fileno=line))


def environment(bound: socket.socket, line: socket.socket | None = None) -> Mapping[str, str]:
    """For a process that is started with both files left open."""
    return os.environ | {_VARIABLE: f"{bound.fileno()},{-1 if line is None else line.fileno()}"}


def command() -> Sequence[str]:
    """How this process was called. A script is called by its own name again: what it stands for may have changed."""
    words = sys.orig_argv
    if len(words) > 1 and os.access(words[1], os.X_OK) and os.path.isfile(words[1]):
        return words[1:]
    return [sys.executable, *words[1:]]


def go_on_as_new(bound: socket.socket) -> NoReturn:
    """This process, under the same id, begins anew over the same socket."""
    os.set_inheritable(bound.fileno(), True)
    words = command()
    os.execvpe(words[0], list(words), environment(bound))  # noqa: S606 - the very words we were called with
