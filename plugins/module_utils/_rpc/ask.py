# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Calls that find the transport that carries their answer.

What was measured with C(dispatcher.list) of 1, 1,000 and 10,000 destinations on Kamailio 5.6.3, 6.0.1 and 6.1.5:

- FIFO of jsonrpcs: all of it, 10,000 in less than a second on all versions; so does its TCP socket (from 5.7 on).
- ctl, streams and Unix datagrams: as many as one likes in all, but 1,024 in one set: an array has 8 KiB
  (C(binrpc_struct_max_body_size)), of which a member takes 8 bytes beside what is in it. With one more it answers at
  once C(500 Internal error creating dest). To raise the limit costs as much memory for every struct of a reply. The
  "reply too big" of kamcmd is a limit of kamcmd. Whoever does not read for 10 ms while the buffer of a stream is full,
  gets a reply with a hole and then the end of the connection: on a busy host it can help to give the address twice.
- Unix datagrams of jsonrpcs: from 5.7 on all of it, through a file that the call names (C(store_path)). Before that
  128 KiB (350 destinations): the server logs C(Message too long) and does not answer, so only the time tells.
- HTTP: what the private memory of a process holds several times. With 4 MiB (C(-M 4)) 1,000, with 8 MiB 10,000 on 5.6
  and not on 6.1, with 32 MiB all of it, but for an answer that is cut off now and then. Where memory is short the
  server logs C(could not allocate private memory) and does not answer.
- UDP: datagrams get lost from some hundreds of destinations on.

Asking for less: C(dispatcher.list short) (all three versions) leaves out the attributes, a third of the text remains;
the limit of ctl stays. C(dispatcher.oclist SET) (6.0 and newer) gives one set with URI, flags as a number and priority,
and passes through ctl with up to 16,384 destinations: C(binrpc_max_body_size), 32 KiB, at 2 bytes each. No command
takes a range.
"""

from __future__ import annotations

from typing import List, Sequence

from .._errors import KamailioError, Problem
from .._memory import uncollected
from .addresses import CTL, Address
from .clock import Deadline
from .errors import NoAnswerError, ServerError, UnreachableError
from .transport import call
from .values import NOT_A_SERVER, Param, Value

LOAD = 'Add loadmodule "jsonrpcs.so" and modparam("jsonrpcs", "transport", 6) to its configuration'
CARRIES_ALL = (
    "A FIFO carries answers of any size: %s, with the fifo_reply_dir that the server and we can write (default /tmp/)"
    % LOAD
)


@uncollected()
def ask(
    addresses: Sequence[Address],
    method: str,
    params: Sequence[Param] = (),
    deadline: float = 10.0,
    safe: bool = False,
) -> List[Value]:
    """Call a server over the first of its addresses that works, and give the result (see C(values)).

    C(deadline) is the seconds for all of them. After C(UnreachableError) nothing was executed, and the next address is
    tried. C(safe) says that the command may be executed twice, as those that only show something; then the next one is
    also tried after C(NoAnswerError), for which an address gets half of the time that is left, and after an answer that
    did not fit. Raises what C(call) does: an error that the server answers at once, C(UnreachableError) if none of the
    addresses works, C(NoAnswerError) if the command may have been executed.
    """
    until = Deadline(deadline)
    earlier: List[Problem] = []
    executed = False
    for index, address in enumerate(addresses):
        last = index == len(addresses) - 1 or not safe
        try:
            return call(address, method, params, until.left() if last else until.left() / 2)
        except UnreachableError as reason:
            failed: KamailioError = reason
        except NoAnswerError as reason:
            failed, executed = reason, True
        except MemoryError:
            failed, executed = NoAnswerError("the answer takes more memory than there is", NOT_A_SERVER), True
        except ServerError as reason:
            if not safe or not does_not_fit(address, reason):
                raise
            failed, executed = reason, True
        earlier.extend(failed.problems)
        if until.passed() or (executed and not safe):
            break
    if not earlier:
        raise UnreachableError("the configuration opens no way to call the server", LOAD)
    if not executed:
        raise UnreachableError("no address of the server can be reached", "", None, earlier)
    raise NoAnswerError(
        "the server was called with %s, and its answer did not arrive" % method, CARRIES_ALL, None, earlier
    )


def does_not_fit(address: Address, reason: ServerError) -> bool:
    """Whether a server says that its answer is too large for ctl.

    The commands say it in words of their own, since they only see that they could not add a value to their reply.
    """
    return isinstance(address, CTL) and reason.code == 500 and reason.text.lower().startswith("internal")
