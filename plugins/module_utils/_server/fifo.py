# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Calls through the FIFO of the jsonrpcs module."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
from typing import Iterator

from .._errors import KamailioError
from .._trust import WRITE, Place, exact_modes, find_place
from .clock import Deadline
from .errors import NoAnswerError, UnreachableError
from .sockets import LOOK, MOST, REMEDY, check_kind, find_file, not_taken, silent

# Longer writes could be mixed with those of others (limits.h of Linux; POSIX guarantees 512).
_WHOLE = 4096
_CHUNK = 1 << 16


def converse_fifo(path: str, request: bytes, reply_path: str, deadline: Deadline) -> bytes:
    """Write a request to the FIFO of a server, and return what the server writes to the reply FIFO.

    The reply FIFO is made for the call, and removed whatever happens. The server's user must be able to write to it, so
    everybody can who knows its name: the name must not be guessable, and the reply must repeat the id of the call.
    """
    if len(request) > _WHOLE:
        raise UnreachableError("the call has %d bytes, and a FIFO takes %d at once" % (len(request), _WHOLE), "", path)
    with _server_fifo(path) as writer, _reply_fifo(reply_path) as reader:
        _write(writer, path, request, deadline)
        return _read(reader, path, reply_path, deadline)


@contextlib.contextmanager
def _server_fifo(path: str) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        place = find_file(stack, path, stat.S_ISFIFO, "a FIFO")
        try:
            writer = place.open(os.O_WRONLY)
        except OSError as reason:
            no_reader = reason.errno == errno.ENXIO
            what = "no server reads this FIFO" if no_reader else "cannot call the server: %s" % reason.strerror
            remedy = "Become root, or a user whom the file lets in" if reason.errno == errno.EACCES else REMEDY
            raise UnreachableError(what, remedy, path) from reason
        stack.callback(os.close, writer)
        # What was opened, and not what had this name before.
        check_kind(os.fstat(writer).st_mode, stat.S_ISFIFO, "a FIFO", path)
        yield writer


@contextlib.contextmanager
def _reply_fifo(path: str) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(find_place(path, WRITE))
            _make_fifo(place)
            stack.callback(_forget, place)
            reader = place.open(os.O_RDONLY)
            stack.callback(os.close, reader)
        except OSError as reason:
            what = "cannot make a FIFO for the reply: %s" % reason.strerror
            remedy = "fifo_reply_dir of jsonrpcs must be a folder that we can write"
            raise UnreachableError(what, remedy, path) from reason
        except KamailioError as reason:
            problem = reason.problems[0]
            raise UnreachableError(problem.text, problem.remedy, problem.path) from reason
        status = os.fstat(reader)
        # The owner of the folder can have put another file in its place.
        if not stat.S_ISFIFO(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink > 1:
            raise UnreachableError("the FIFO for the reply is not the one that was made", LOOK, path)
        yield reader


def _make_fifo(place: Place) -> None:
    """Make a FIFO to which the server's user can write. Its mode is not set by name afterwards. Raises OSError."""
    with exact_modes():
        os.mkfifo(place.name, 0o622, dir_fd=place.folder)


def _forget(place: Place) -> None:
    with contextlib.suppress(OSError):
        place.remove()


def _write(writer: int, path: str, request: bytes, deadline: Deadline) -> None:
    while True:
        try:
            # All of it or nothing: it is shorter than what a pipe takes at once.
            os.write(writer, request)
            return
        except BlockingIOError as reason:
            if not deadline.pause(0.02):
                raise not_taken(path, deadline) from reason
        except OSError as reason:
            raise UnreachableError("cannot call the server: %s" % reason.strerror, REMEDY, path) from reason


def _read(reader: int, path: str, reply_path: str, deadline: Deadline) -> bytes:
    data = bytearray()
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while not deadline.passed():
        if not poll.poll(int(deadline.left() * 1000) + 1):
            break
        try:
            chunk = os.read(reader, _CHUNK)
        except BlockingIOError:
            continue
        if not chunk:
            # The server has closed it: the end of the reply.
            if data:
                return bytes(data)
            raise NoAnswerError("the server did not write a reply", LOOK, path)
        data += chunk
        if len(data) > MOST:
            raise NoAnswerError("the reply has more than %d MiB" % (MOST >> 20), "", path)
    if data:
        raise silent(path, deadline, len(data))
    remedy = "Is Kamailio stopped or busy? Or is its %s another one than ours (PrivateTmp of systemd)?"
    what = "the server did not answer within %g seconds" % deadline.seconds
    raise NoAnswerError(what, remedy % os.path.dirname(reply_path), path)
