# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""One call to a running server, over any of its transports."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import KamailioError
from .._trust import exact_modes
from . import binrpc, jsonrpc
from .addresses import (
    CTL,
    Address,
    CtlAddress,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
    JsonUdp,
    show_address,
)
from .clock import Deadline, Steps
from .errors import NoAnswerError, ServerError, UnreachableError, unreadable
from .fifo import converse_fifo
from .folder import private_folder, secret_name
from .http import decode_response, encode_post, message_length
from .sockets import LOOK, MOST, converse, exchange
from .values import Param, Struct, Value, normal_result

# A call ends after so many times its deadline, whatever the server has sent. The largest replies that the limits of
# C(values) let through take 20 seconds to read, and a minute on a busy machine; one of 100,000 destinations takes four.
_WITH_READING = 3

# Of the name of a stored reply: the server takes a path of less than 128 bytes.
_NAME_BYTES = 16


class _Answer(NamedTuple):
    """The values that a server has answered with, or code and text of an error."""

    fault: Optional[Tuple[int, str]]
    values: Struct


def call(address: Address, method: str, params: Sequence[Param] = (), deadline: float = 10.0) -> List[Value]:
    """Have a server execute a command, and give its result in the normal form (see C(values)).

    C(deadline) in seconds, for all of it but the look-up of a host name; reading what has come may take twice as long
    besides. Raises C(ServerError) for an error that the server answers, C(UnreachableError) if the call did not get to
    a server, C(NoAnswerError) if it did and no answer came back that can be read. A command or parameters that cannot
    be sent at all are a C(KamailioError).
    """
    until, steps = Deadline(deadline), Steps(Deadline(_WITH_READING * deadline))
    cookie, call_id = secrets.randbits(32), secret_name()
    if isinstance(address, CTL):
        request = binrpc.encode_call(method, params, cookie)
    else:
        request = jsonrpc.encode_call(method, params, call_id)

    def decode(data: bytes) -> _Answer:
        """A whole answer to this call. Raises KamailioError for anything else."""
        if isinstance(address, CTL):
            binary = binrpc.decode_reply(data, steps)
            ours, answer = binary.cookie == cookie, _Answer(binary.fault, binary.values)
        else:
            reply = jsonrpc.decode_reply(data, steps)
            ours, answer = reply.id == call_id, _Answer(reply.fault, reply.values)
        if not ours:
            raise NoAnswerError("the answer is for another call", LOOK, show_address(address))
        return answer

    try:
        if isinstance(address, CTL):
            answer = decode(_carry_binary(address, request, until))
        elif isinstance(address, JsonFifo):
            answer = _carry_fifo(address, request, decode, until)
        else:
            answer = decode(_carry_json(address, request, until))
        if not answer.fault:
            return normal_result(answer.values, steps)
    except (UnreachableError, NoAnswerError):
        raise
    except KamailioError as reason:
        raise unreadable(reason, LOOK, show_address(address)) from reason
    raise ServerError(answer.fault[0], answer.fault[1], method)


def _carry_binary(address: CtlAddress, request: bytes, deadline: Deadline) -> bytes:
    if isinstance(address, CtlStream):
        return exchange(address.path, request, binrpc.packet_length, deadline, close_behind=True)
    if isinstance(address, CtlTcp):
        return exchange((address.host, address.port), request, binrpc.packet_length, deadline, close_behind=True)
    if isinstance(address, CtlUdp):
        return converse((address.host, address.port), request, binrpc.packet_length, deadline)
    with private_folder(address.path) as folder:
        return converse(address.path, request, binrpc.packet_length, deadline, os.path.join(folder, "r"))


def _carry_fifo(address: JsonFifo, request: bytes, decode: Callable[[bytes], _Answer], deadline: Deadline) -> _Answer:
    name = "sipfleet-" + secret_name()
    request = jsonrpc.add_members(request, reply_name=name)
    return converse_fifo(address.path, request, address.reply_dir + name, decode, deadline, address.namers)


def _carry_json(address: Union[JsonDatagram, JsonUdp, JsonTcp, JsonHttp], request: bytes, deadline: Deadline) -> bytes:
    if isinstance(address, JsonTcp):
        return exchange((address.host, address.port), request, lambda _data: None, deadline)
    if isinstance(address, JsonHttp):
        post = encode_post(address.host, address.port, address.path, request)
        return decode_response(exchange((address.host, address.port), post, message_length, deadline))
    if isinstance(address, JsonDatagram):
        return _carry_stored(address.path, request, deadline)
    return converse((address.host, address.port), request, len, deadline)


def _carry_stored(path: str, request: bytes, deadline: Deadline) -> bytes:
    """The reply to a call over datagrams, from a file: a datagram is too small for a long list.

    From Kamailio 5.7 on C(store_path) has the server write its reply to a file and answer that it did; before, it does
    not know the name and answers as ever (modules/jsonrpcs/jsonrpcs_sock.c).
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(private_folder(path))
        # The server's user writes it, and other users cannot know its name. What is read is the file that was made,
        # whatever has its name by then.
        stored = os.path.join(folder, secret_name()[:_NAME_BYTES])
        with exact_modes():
            handle = os.open(stored, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o622)
        reply = stack.enter_context(os.fdopen(handle, "r+b"))
        request = jsonrpc.add_members(request, store_path=stored)
        data = converse(path, request, len, deadline, os.path.join(folder, "r"))
        if jsonrpc.decode_reply(data).fault == (500, "Storing failed"):
            raise NoAnswerError("the server could not write its answer to %s" % stored, LOOK, path)
        if os.fstat(reply.fileno()).st_size > MOST:
            raise NoAnswerError("the reply has more than %d MiB" % (MOST >> 20), "", path)
        return reply.read(MOST) or data
