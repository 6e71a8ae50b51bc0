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

from .clock import Deadline
from .errors import NoAnswerError, UnreachableError
from .sockets import LOOK, MOST, REMEDY, check_kind, not_taken, silent

# Longer writes could be mixed with those of others (limits.h of Linux; POSIX guarantees 512).
_WHOLE = 4096
_CHUNK = 1 << 16


def converse_fifo(path: str, request: bytes, reply_path: str, deadline: Deadline) -> bytes:
    """Write a request to the FIFO of a server and give what it writes to the reply FIFO.

    The reply FIFO is made for it, and removed whatever happens. The server's user must be able to write to it, so
    everybody can who knows its name: the name must not be guessable, and the reply must repeat the id of the call.
    """
    if len(request) > _WHOLE:
        raise UnreachableError("the call has %d bytes, and a FIFO takes %d at once" % (len(request), _WHOLE), "", path)
    check_kind(path, stat.S_ISFIFO, "a FIFO")
    try:
        os.mkfifo(reply_path, 0o600)
    except OSError as reason:
        what = "cannot make a FIFO for the reply: %s" % reason.strerror
        raise UnreachableError(
            what, "fifo_reply_dir of jsonrpcs must be a folder that we can write", reply_path
        ) from reason
    try:
        os.chmod(reply_path, 0o622)  # noqa: S103  # the server's user writes to it
        reader = os.open(reply_path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            _write(path, request, deadline)
            return _read(reader, path, reply_path, deadline)
        finally:
            os.close(reader)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(reply_path)


def _write(path: str, request: bytes, deadline: Deadline) -> None:
    try:
        writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as reason:
        nobody = reason.errno == errno.ENXIO
        what = "nobody reads this FIFO" if nobody else "cannot call the server: %s" % reason.strerror
        remedy = "Become root, or a user whom the file lets in" if reason.errno == errno.EACCES else REMEDY
        raise UnreachableError(what, remedy, path) from reason
    try:
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
    finally:
        os.close(writer)


def _read(reader: int, path: str, reply_path: str, deadline: Deadline) -> bytes:
    data = bytearray()
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while not deadline.passed():
        if not poll.poll(int(deadline.left() * 1000) + 1):
            break
        chunk = os.read(reader, _CHUNK)
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
