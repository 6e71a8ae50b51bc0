# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Programs that are run to their end, with a time limit, and with bounded memory whatever they print."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import Callable, Mapping, NamedTuple, Optional, Sequence

from .._memory import PRINTED_BYTES

# Between a signal that a program can handle and one that it cannot.
_GRACE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
# As much as a pipe can hold on Linux without special rights.
_PIPE_BYTES = 1 << 20


class Ended(NamedTuple):
    """A program that has been run: its exit C(status), None if it was stopped since its time was up, and its output.

    Of a long output only the beginning and the end are kept, in whole lines.
    """

    status: Optional[int]
    printed: bytes
    complaint: bytes


class Output:
    """The first and the last bytes of an output."""

    def __init__(self) -> None:
        self._first, self._last = bytearray(), bytearray()
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        room = PRINTED_BYTES - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        if len(self._last) > 2 * PRINTED_BYTES:
            del self._last[:-PRINTED_BYTES]

    def text(self) -> bytes:
        first, last = bytes(self._first), bytes(self._last[-PRINTED_BYTES:])
        if self._size == len(first) + len(last):
            return first + last
        # Half a line can hold half a secret, which nothing recognises.
        first, last = first[: first.rfind(b"\n") + 1], last.partition(b"\n")[2]
        return b"%s(%d bytes are left out here)\n%s" % (first, self._size - len(first) - len(last), last)


def run_program(
    line: Sequence[str],
    seconds: float,
    environment: Optional[Mapping[str, str]] = None,
    folder: Optional[str] = None,
    become: Optional[Callable[[], None]] = None,
    given: int = subprocess.DEVNULL,
) -> Ended:
    """Run a program to its end, for some seconds at most.

    A process that it leaves behind, such as a server, is not waited for. C(environment) and C(folder) are those of the
    current process if they are not given; C(become) is called in the new process. C(given) is the handle of its input,
    which is empty otherwise. Raises OSError if it cannot be run.
    """
    printed, complaint = Output(), Output()
    # run_command of AnsibleModule has no time limit, keeps everything, and knows no other user.
    with subprocess.Popen(  # noqa: S603  # pylint: disable=ansible-bad-function,subprocess-popen-preexec-fn
        line,
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environment,
        cwd=folder,
        preexec_fn=become,
    ) as process, selectors.DefaultSelector() as open_ends:
        try:
            for pipe, output in ((process.stdout, printed), (process.stderr, complaint)):
                open_ends.register(pipe, selectors.EVENT_READ, output)  # type: ignore[arg-type]
            in_time = _ends(process, open_ends, seconds)
            if not in_time:
                _signal(process, signal.SIGTERM)
                _ends(process, open_ends, _GRACE_SECONDS)
        finally:
            if process.poll() is None:
                _signal(process, signal.SIGKILL)
    return Ended(process.returncode if in_time else None, printed.text(), complaint.text())


def _ends(process: subprocess.Popen[bytes], open_ends: selectors.BaseSelector, seconds: float) -> bool:
    """Take in the output of a process; return whether it has ended within some seconds."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        if open_ends.get_map():
            _read(open_ends, min(left, _LOOK_SECONDS))
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left)
    # What is still in the pipes; what a process that was left behind goes on to print has no end.
    for _turn in range(_PIPE_BYTES // PRINTED_BYTES):
        if not open_ends.get_map() or not _read(open_ends, 0):
            break
    return True


def _read(open_ends: selectors.BaseSelector, seconds: float) -> bool:
    """Read from each pipe that has something within some seconds; return whether there was one."""
    ready = open_ends.select(seconds)
    for key, _events in ready:
        data = os.read(key.fd, PRINTED_BYTES)
        if data:
            key.data.add(data)
        else:
            open_ends.unregister(key.fileobj)
    return bool(ready)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process that has not ended, and to its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
