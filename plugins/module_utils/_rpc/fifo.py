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
from dataclasses import replace
from typing import Callable, Iterator, Optional, Tuple, TypeVar

from .._errors import KamailioError
from .._rights import NO_OTHERS, Writers, ours
from .._trust import WRITE, FilePlace, described, find_place, writers_of
from .clock import Deadline
from .errors import NoAnswerError, UnreachableError, unreachable
from .folder import secret_name
from .sockets import LOOK, MOST, REMEDY, check_kind, find_file, not_taken, silent
from .writer import find_writer

# Longer writes could be mixed with those of others (limits.h of Linux; POSIX guarantees 512).
_WHOLE = 4096
_CHUNK = 1 << 16
# White space of the server behind a reply.
_TAIL = 16

Reply = TypeVar("Reply")


def converse_fifo(
    path: str,
    request: bytes,
    reply_path: str,
    decode: Callable[[bytes], Reply],
    deadline: Deadline,
    namers: Writers = NO_OTHERS,
) -> Reply:
    """Write a request to the FIFO of a server, and return the reply that the server writes to the reply FIFO.

    C(decode) raises KamailioError for bytes that are not a whole reply to this call. The reply FIFO is made for the
    call, and removed whatever happens. Only the user who writes the reply can open it (see C(writer)). Where that user
    is not known, or is not the current one and this is not root, everybody can write to it who sees its name: such
    bytes can spoil the reply. A reply of others is not taken for that of the server, since it does not repeat the id.

    C(namers) are other users who can have named the folder of the reply FIFO.
    """
    if len(request) > _WHOLE:
        raise UnreachableError("the call has %d bytes, and a FIFO takes %d at once" % (len(request), _WHOLE), "", path)
    with contextlib.ExitStack() as stack:
        server, name = stack.enter_context(_server_fifo(path))
        writer = find_writer(server, name, path, deadline)
        if namers != NO_OTHERS:
            _require_folder(reply_path, writer, namers)
        reader = stack.enter_context(_reply_fifo(reply_path, writer))
        _write(server, path, request, deadline)
        return _read(reader, path, reply_path, decode, deadline)


@contextlib.contextmanager
def _server_fifo(path: str) -> Iterator[Tuple[int, str]]:
    """Open the FIFO of a server for writing; gives its handle and its name."""
    with contextlib.ExitStack() as stack:
        place = find_file(stack, path, stat.S_ISFIFO, "a FIFO")
        try:
            server = place.open(os.O_WRONLY)
        except OSError as reason:
            no_reader = reason.errno == errno.ENXIO
            what = "no server reads this FIFO" if no_reader else "cannot call the server: %s" % reason.strerror
            remedy = "Become root, or a user whom the file lets in" if reason.errno == errno.EACCES else REMEDY
            raise UnreachableError(what, remedy, path) from reason
        stack.callback(os.close, server)
        # What was opened, and not what had this name before.
        check_kind(os.fstat(server).st_mode, stat.S_ISFIFO, "a FIFO", path)
        yield server, place.name


def _require_folder(path: str, writer: Optional[int], namers: Writers) -> None:
    """Refuse a folder that other users have named, if neither they nor who writes the reply can make files in it.

    What another program reads from a file of that folder would come from them.
    """
    try:
        makers = writers_of(path, False)
    except OSError as reason:
        raise _not_made(reason, path) from reason
    except KamailioError as reason:
        raise unreachable(reason) from reason
    missing = namers.without(makers)
    # Anybody can name a FIFO that root reads.
    is_of_writer = (
        writer not in (None, 0) and Writers(frozenset([writer]).difference(ours())).without(makers) == NO_OTHERS
    )
    if missing != NO_OTHERS and not is_of_writer:
        what = "fifo_reply_dir is named by a configuration that %s can change, and could not make files in it otherwise"
        remedy = "Use ctl or a fifo_reply_dir such as /tmp/, or let only root change the configuration"
        raise UnreachableError(what % described(missing), remedy, os.path.dirname(path))


def _not_made(reason: OSError, path: str) -> UnreachableError:
    remedy = "fifo_reply_dir of jsonrpcs must be a folder that we can write"
    return UnreachableError("cannot make a FIFO for the reply: %s" % reason.strerror, remedy, path)


@contextlib.contextmanager
def _reply_fifo(path: str, writer: Optional[int]) -> Iterator[int]:
    """Make the FIFO for the reply and open it for reading; None as its writer stands for everybody."""
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(find_place(path, WRITE))
            reader = _make_fifo(place)
            stack.callback(os.close, reader)
            stack.callback(_forget, place)
            _let_in(reader, writer)
        except OSError as reason:
            raise _not_made(reason, path) from reason
        except KamailioError as reason:
            raise unreachable(reason) from reason
        yield reader


def _make_fifo(place: FilePlace) -> int:
    """Make a FIFO that only the current user can open, and return its handle for reading. Raises OSError.

    It is made in a new folder of the current user and then moved. So the owner of the folder of the place cannot have
    put another FIFO in its place, which would then change its owner.
    """
    folder = place.sibling(".sipfleet-" + secret_name())
    os.mkdir(folder.name, 0o700, dir_fd=place.folder)
    with contextlib.ExitStack() as stack:
        stack.callback(_remove_folder, folder)
        handle = folder.open(os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, handle)
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise OSError(errno.EPERM, "the folder for it was exchanged")
        made = replace(place, folder=handle)
        os.mkfifo(made.name, 0o600, dir_fd=handle)
        reader = made.open(os.O_RDONLY)
        try:
            os.rename(made.name, place.name, src_dir_fd=handle, dst_dir_fd=place.folder)
        except OSError:
            os.close(reader)
            _forget(made)
            raise
        return reader


def _remove_folder(folder: FilePlace) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(folder.name, dir_fd=folder.folder)


def _let_in(reader: int, writer: Optional[int]) -> None:
    """Let a user write to a FIFO; everybody, where it cannot be given to the user. Raises OSError."""
    if writer is not None:
        with contextlib.suppress(OSError):
            os.fchown(reader, writer, -1)
            return
    os.fchmod(reader, 0o622)


def _forget(place: FilePlace) -> None:
    with contextlib.suppress(OSError):
        place.remove()


def _write(server: int, path: str, request: bytes, deadline: Deadline) -> None:
    while True:
        try:
            # All of it or nothing: it is shorter than what a pipe takes at once.
            os.write(server, request)
            return
        except BlockingIOError as reason:
            if not deadline.pause(0.02):
                raise not_taken(path, deadline) from reason
        except OSError as reason:
            raise UnreachableError("cannot call the server: %s" % reason.strerror, REMEDY, path) from reason


def _read(reader: int, path: str, reply_path: str, decode: Callable[[bytes], Reply], deadline: Deadline) -> Reply:
    """Read until there is a whole reply. Its end is not waited for: others can hold the FIFO open."""
    data = bytearray()
    open_braces = tried = 0
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
                return decode(bytes(data))
            raise NoAnswerError("the server did not write a reply", LOOK, path)
        data += chunk
        if len(data) > MOST:
            raise NoAnswerError("the reply has more than %d MiB" % (MOST >> 20), "", path)
        open_braces += chunk.count(b"{") - chunk.count(b"}")
        # Braces in strings can mislead this, so a reply is also tried at its end. Few tries, whatever is written.
        if not open_braces and len(data) >= 2 * tried and data[-_TAIL:].rstrip().endswith(b"}"):
            tried = len(data)
            with contextlib.suppress(KamailioError):
                return decode(bytes(data))
    if data:
        with contextlib.suppress(KamailioError):
            return decode(bytes(data))
        raise silent(path, deadline, len(data))
    remedy = "Is Kamailio stopped or busy? Or is its %s another one than ours (PrivateTmp of systemd)?"
    what = "the server did not answer within %g seconds" % deadline.seconds
    raise NoAnswerError(what, remedy % os.path.dirname(reply_path), path)
