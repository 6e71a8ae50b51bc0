# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Streams and datagrams to a server, with deadlines.

Both kinds raise C(UnreachableError) until the whole request was handed over, and C(NoAnswerError) from then on.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from typing import Callable, List, Optional, Tuple, Union

from .._errors import KamailioError
from .._trust import CALL, FilePlace, find_place
from .clock import Deadline
from .errors import NoAnswerError, UnreachableError, unreachable
from .values import NOT_A_SERVER

# Bytes of a reply. No server answers as much (see C(MOST_VALUES)), and a garbled length must not cost memory.
MOST = 256 << 20
_CHUNK = 1 << 16
_PIECE = 1 << 20
_LARGEST_DATAGRAM = 1 << 18

Target = Union[str, Tuple[str, int]]


def exchange(
    target: Target,
    request: bytes,
    length: Callable[[bytes], Optional[int]],
    deadline: Deadline,
    close_behind: bool = False,
) -> bytes:
    """Send a request over a stream and give the reply.

    C(target) is the path of a Unix socket, or host and port. C(length) gives the length of the reply that some bytes
    start, None while it cannot be told; without a length the reply ends with the connection. C(close_behind) closes our
    half of the connection behind the request: ctl then closes its half behind the reply, so that one which it has cut
    off (a send buffer that stays full for 10 ms, C(tsend_dgram_ev)) is seen at once.
    """
    where = _where(target)
    with _connect(target, socket.SOCK_STREAM, deadline) as stream:
        try:
            _send_all(stream, request, deadline, where)
        except OSError as reason:
            raise _refused(reason, where) from reason
        if close_behind:
            with contextlib.suppress(OSError):  # the server may have closed it, with a reply that can be read
                stream.shutdown(socket.SHUT_WR)
        return _read(stream, length, deadline, where)


def _send_all(stream: socket.socket, request: bytes, deadline: Deadline, where: str) -> None:
    view = memoryview(request)
    while view:
        _allow(stream, deadline)
        try:
            view = view[stream.send(view) :]
        except socket.timeout as reason:
            raise not_taken(where, deadline) from reason


class _Received:
    """The bytes of a reply, received into pieces that stay where they are.

    To append them to one buffer moves it as it grows. That took 10 ms with 26 MiB, after which ctl cuts its reply off.
    """

    def __init__(self) -> None:
        self.size = 0
        self._pieces: List[bytearray] = []

    def receive(self, stream: socket.socket) -> int:
        """Receive what has come, and give its size, which is 0 at the end of the connection."""
        used = self.size % _PIECE
        if not used and len(self._pieces) * _PIECE == self.size:
            self._pieces.append(bytearray(_PIECE))
        count = stream.recv_into(memoryview(self._pieces[-1])[used:])
        self.size += count
        return count

    def head(self) -> bytes:
        """The first bytes, which tell the length."""
        return bytes(self._pieces[0][: min(self.size, _CHUNK)]) if self._pieces else b""

    def whole(self) -> bytes:
        """All of them."""
        full, used = divmod(self.size, _PIECE)
        return b"".join([*self._pieces[:full], *(piece[:used] for piece in self._pieces[full:])])


def _read(stream: socket.socket, length: Callable[[bytes], Optional[int]], deadline: Deadline, where: str) -> bytes:
    received, wanted = _Received(), None
    while wanted is None or received.size < wanted:
        _allow(stream, deadline)
        try:
            count = received.receive(stream)
        except socket.timeout as reason:
            raise silent(where, deadline, received.size) from reason
        except OSError as reason:
            raise NoAnswerError("the connection broke: %s" % _text(reason), LOOK, where) from reason
        if not count:
            if wanted is None and received.size:
                break
            what = "the reply is cut off after %d of %s bytes" % (received.size, wanted or "unknown")
            what = what if received.size else "the server closed the connection and did not answer"
            raise NoAnswerError(what, LOOK, where)
        if wanted is None:
            wanted = length(received.head())
        _limit(max(wanted or 0, received.size), where)
        if deadline.passed():
            raise silent(where, deadline, received.size)
    return received.whole()


def _limit(size: int, where: str) -> None:
    if size > MOST:
        raise NoAnswerError("the reply has more than %d MiB" % (MOST >> 20), NOT_A_SERVER, where)


def converse(
    target: Target,
    request: bytes,
    length: Callable[[bytes], Optional[int]],
    deadline: Deadline,
    reply_to: Optional[str] = None,
) -> bytes:
    """Send a request as a datagram and give the reply, from one or more datagrams, until it has its C(length).

    C(reply_to) is the path of the socket that the server answers to, which must not exist; its folder must let the
    server's user in, and whoever made it removes the socket. Nobody else can write to it: it is connected.
    """
    where = _where(target)
    with _connect(target, socket.SOCK_DGRAM, deadline, reply_to) as channel:
        _allow(channel, deadline)
        try:
            channel.send(request)
        except socket.timeout as reason:
            raise not_taken(where, deadline) from reason
        except OSError as reason:
            raise _refused(reason, where) from reason
        data, wanted = bytearray(), None
        while wanted is None or len(data) < wanted:
            _allow(channel, deadline)
            try:
                data += channel.recv(_LARGEST_DATAGRAM)
            except socket.timeout as reason:
                raise _too_late(where, deadline, len(data)) from reason
            except ConnectionRefusedError as reason:
                raise _refused(reason, where) from reason
            except OSError as reason:
                raise NoAnswerError("no answer: %s" % _text(reason), REMEDY, where) from reason
            wanted = length(bytes(data)) if wanted is None else wanted
            _limit(max(wanted or 0, len(data)), where)
            if deadline.passed() and (wanted is None or len(data) < wanted):
                raise _too_late(where, deadline, len(data))
        return bytes(data)


def _too_late(where: str, deadline: Deadline, received: int) -> NoAnswerError:
    what = "only %d bytes of the reply" % received if received else "no answer"
    return NoAnswerError("%s within %g seconds" % (what, deadline.seconds), TOO_LARGE, where)


LOOK = "Look into the log of Kamailio"
HANGS = "Is Kamailio stopped, or busy with another call?"
TOO_LARGE = "Is Kamailio stopped or busy? Does its log say that the reply is too large for a datagram?"


def not_taken(where: str, deadline: Deadline) -> UnreachableError:
    """The error for a server that does not read what it is sent."""
    return UnreachableError("the server did not take the call within %g seconds" % deadline.seconds, HANGS, where)


def silent(where: str, deadline: Deadline, received: int) -> NoAnswerError:
    """The error for an answer that did not come in time."""
    if received:
        return NoAnswerError(
            "only %d bytes of the reply came within %g seconds" % (received, deadline.seconds), LOOK, where
        )
    return NoAnswerError("the server did not answer within %g seconds" % deadline.seconds, HANGS, where)


def check_kind(mode: int, is_right: Callable[[int], bool], what: str, path: str) -> None:
    """Raise C(UnreachableError) unless a file, by its mode, is of the right kind."""
    if not is_right(mode):
        kinds = {
            "a directory": stat.S_ISDIR,
            "a regular file": stat.S_ISREG,
            "a FIFO": stat.S_ISFIFO,
            "a socket": stat.S_ISSOCK,
        }
        found = next((name for name, test in kinds.items() if test(mode)), "something else")
        raise UnreachableError("this is %s, and not %s" % (found, what), REMEDY, path)


REMEDY = "Is Kamailio running, and is this where its configuration says that it listens?"


def _connect(target: Target, kind: int, deadline: Deadline, reply_to: Optional[str] = None) -> socket.socket:
    where = _where(target)
    with contextlib.ExitStack() as stack:
        if isinstance(target, str):
            family, place = int(socket.AF_UNIX), _find_socket(stack, target)  # type: Tuple[int, Target]
        else:
            family, place = _resolve(target, kind, where)
        channel = socket.socket(family, kind)
        try:
            if reply_to:
                channel.bind(reply_to)
            _connect_until(channel, place, deadline)
            if reply_to:
                # The server's user writes to it. It is connected by now, so others cannot.
                os.chmod(reply_to, 0o622)  # noqa: S103
        except (socket.timeout, BlockingIOError) as reason:
            channel.close()
            raise UnreachableError("no connection within %g seconds" % deadline.seconds, HANGS, where) from reason
        except OSError as reason:
            channel.close()
            raise _refused(reason, where) from reason
    return channel


def _find_socket(stack: contextlib.ExitStack, path: str) -> str:
    """Return a path that leads to the socket as long as the stack is open. Raises UnreachableError."""
    try:
        return stack.enter_context(find_file(stack, path, stat.S_ISSOCK, "a socket").socket())
    except OSError as reason:
        raise _refused(reason, path) from reason


def find_file(stack: contextlib.ExitStack, path: str, is_right: Callable[[int], bool], what: str) -> FilePlace:
    """Return the place of a file of the server, which is open as long as the stack is. Raises UnreachableError."""
    try:
        place = stack.enter_context(find_place(path, CALL))
        status = place.status()
    except KamailioError as reason:
        raise unreachable(reason) from reason
    except OSError as reason:
        raise _refused(reason, path) from reason
    if status is None:
        raise _refused(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), path)
    check_kind(status.st_mode, is_right, what, path)
    return place


def _connect_until(channel: socket.socket, place: Target, deadline: Deadline) -> None:
    while True:
        _allow(channel, deadline)
        try:
            return channel.connect(place)
        except BlockingIOError:
            # A Unix socket whose queue of connections is full: a server that does not accept any.
            if not deadline.pause(0.02):
                raise


def _allow(channel: socket.socket, deadline: Deadline) -> None:
    """Let the next operation take as long as is left, and not 0 seconds, which means no waiting at all."""
    channel.settimeout(deadline.left() or 0.001)


def _resolve(target: Tuple[str, int], kind: int, where: str) -> Tuple[int, Tuple[str, int]]:
    try:
        found = socket.getaddrinfo(target[0], target[1], type=kind)[0]
    except (OSError, UnicodeError, OverflowError) as reason:
        raise UnreachableError("the host is not known: %s" % reason, REMEDY, where) from reason
    return found[0], (str(found[4][0]), int(found[4][1]))


def _where(target: Target) -> str:
    return target if isinstance(target, str) else "%s:%d" % target


def _text(reason: OSError) -> str:
    return reason.strerror or str(reason)


def _refused(reason: OSError, where: str) -> UnreachableError:
    remedies = {
        errno.EACCES: "Become root, or a user whom the file and its folders let in",
        errno.EPERM: "Become root, or a user whom the file and its folders let in",
        errno.EPROTOTYPE: "It is a socket of the other kind: a stream is unix:, datagrams are unixd: or jsonrpcs",
        errno.EMSGSIZE: "The call is too long for a datagram",
    }
    return UnreachableError(
        "cannot call the server: %s" % _text(reason), remedies.get(reason.errno or 0, REMEDY), where
    )
