# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""C(kamailio -c) on files that are about to be written, before they are.

The server resolves includes by the folder of the including file, so a candidate is checked beside the file that it
will replace, and what includes it is checked as a copy that includes the candidate. The check loads the modules that
the files name: it runs their code.
"""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._analysis.guard import is_text
from .._analysis.judge import Question
from .._analysis.refusals import Said, parse_refusals
from .._caller import Caller
from .._config.model import Account, Evaluation, Invocation
from .._errors import KamailioError, error
from .._patch import Patch, apply_patches
from .._secrets import mask_secrets
from .._text import named
from .._trust import WRITE, FilePlace, find_place
from .facts import find_kamailio, identity_of
from .files import staging_prefix
from .process import Ended, run_program
from .runner import account_for, require_own_code
from .service import Service, arguments_of, read_service, starts
from .staging import keep_attributes

CHECK_SECONDS = 60
# The folder of a server that is stopped may be gone, and the server's user cannot make it: any that is there will do.
_ANYWHERE = ("-Y", "/")
_PASSED = ("PATH", "LANG", "LC_ALL")


class Checked(NamedTuple):
    """Whether the server accepts the files, and what it says if not, with the paths of the real files.

    C(message) has what tells of errors, C(log) all of it.
    """

    accepted: bool
    message: str
    log: str = ""


class CheckSite(NamedTuple):
    """Where a check runs: the server's C(command), the C(account) that starts the server, and what it is given.

    C(follow) says that links made by other users are followed wherever they lead.
    """

    command: str
    account: Account
    invocation: Invocation
    follow: bool


def site_of(module: Caller, evaluations: Sequence[Evaluation], invocation: Invocation) -> Optional[CheckSite]:
    """Return the site of an AnsibleModule for checks of a configuration, None if its host has no Kamailio.

    C(evaluations) are all that are checked there. Raises KamailioError.
    """
    command = find_kamailio(module)
    if not command:
        return None
    account = starter_of(module, read_service(module.params["instance"]), evaluations)
    return CheckSite(command, account, invocation, module.params["follow"])


def starter_of(module: Caller, service: Optional[Service], evaluations: Sequence[Evaluation]) -> Account:
    """Return the account whose rights the code of a configuration may have: that of the unit that starts it.

    Where no unit does, it is by who can change what C(evaluations) read and load. Raises KamailioError.
    """
    if service and not service.dynamic and starts(service, evaluations[0].path):
        return service.started_by
    return account_for(module.params, evaluations)


def check_in_place(
    site: CheckSite, evaluation: Evaluation, before: Mapping[str, bytes], texts: Mapping[str, bytes]
) -> Checked:
    """Check the configuration of C(evaluation) with C(texts) in the place of its files; leaves nothing behind.

    C(before) are the files as they are, by path.

    Raises KamailioError if it cannot be checked.
    """
    copies: Dict[str, _Copy] = {}
    with contextlib.ExitStack() as stack:
        for path in _concerned(evaluation, texts):
            now = before.get(path) if path in texts else evaluation.files[path]
            copies[path] = _reserve(stack, path, now, site.follow)
        for path, copy in copies.items():
            moved = os.path.dirname(copy.path) != os.path.dirname(os.path.realpath(path))
            targets = {
                include: copies[include.target].path if include.target in copies else include.target
                for include in evaluation.includes
                if include.place.path == path and (moved or include.target in copies)
            }
            patches = [
                _include_patch(evaluation.files[path], include.place.start, include.place.end, target)
                for include, target in targets.items()
            ]
            _fill(copy, apply_patches(evaluation.files[path], dict.fromkeys(patches)), path)
        main = copies[evaluation.path].path if evaluation.path in copies else os.path.abspath(evaluation.path)
        done = _run(site, [site.command, "-c", "-f", main, *_ANYWHERE, *arguments_of(site.invocation)])
    message = mask_secrets(done.printed + done.complaint).decode("utf-8", "replace")
    for path, copy in copies.items():
        message = message.replace(copy.path, path)
    return Checked(done.status == 0, _errors_of(message), message)


def asker_of(module: Caller, question: Question, invocation: Invocation) -> Callable[[Evaluation], Said]:
    """Return what asks C(kamailio -c) about the configuration of a question, and about what becomes of it.

    C(module) is an AnsibleModule with the options of validate. What cannot be checked safely is not run.
    """
    known: List[Tuple[Evaluation, Said]] = []

    def ask(evaluation: Evaluation) -> Said:
        for other, said in known:
            if other is evaluation:
                return said
        # The first one is that of the files as they are.
        before = known[0][0] if known else evaluation
        known.append((evaluation, _ask(module, question, invocation, before, evaluation)))
        return known[-1][1]

    return ask


def _ask(
    module: Caller, question: Question, invocation: Invocation, before: Evaluation, evaluation: Evaluation
) -> Said:
    params = module.params
    if not params["check"]:
        return Said((), "check is false")
    if params["kamailio_version"] or params["kamailio_command"]:
        return Said((), "kamailio_version or kamailio_command is given, so this host may have another one")
    if any(is_text(question, path) for path in evaluation.files):
        return Said((), "files were given as text")
    changed = {path: data for path, data in evaluation.files.items() if before.files.get(path) != data}
    try:
        require_own_code(params, [before, evaluation])
        site = site_of(module, [evaluation, before], invocation)
        if site is None:
            return Said((), "Kamailio is not installed on this host")
        checked = check_in_place(site, evaluation, before.files, changed)
    except KamailioError as exc:
        return Said((), exc.problems[0].text)
    return Said() if checked.accepted else Said(parse_refusals(checked.log, evaluation))


def _concerned(evaluation: Evaluation, texts: Mapping[str, bytes]) -> List[str]:
    """The files that change, and those that include one of them, directly or not."""
    concerned = dict.fromkeys(texts)
    while True:
        more = {include.place.path for include in evaluation.includes if include.target in concerned} - set(concerned)
        if not more:
            return list(concerned)
        concerned.update(dict.fromkeys(sorted(more)))


class _Copy(NamedTuple):
    handle: int
    path: str


def _reserve(stack: contextlib.ExitStack, path: str, now: Optional[bytes], follow: bool) -> _Copy:
    """Make an empty file next to a file with the bytes C(now), and have it removed at the end. Raises KamailioError.

    Where the folder of a new file is missing, it is made in the one above.
    """
    folder = os.path.dirname(path)
    if now is None and not os.path.lexists(folder):
        return _reserve(stack, os.path.join(os.path.dirname(folder), os.path.basename(path)), None, follow)
    try:
        place = stack.enter_context(find_place(path, WRITE, follow))
        handle, copy = place.create(staging_prefix(place.name))
        stack.callback(_forget, handle, copy)
        # The user that starts the server must be able to read it, as the file itself.
        keep_attributes(place, handle, now)
    except OSError as exc:
        text = "cannot be checked, since its folder cannot be written: %s" % exc.strerror
        raise error(text, "Nothing has been changed", path) from exc
    return _Copy(handle, copy.path)


def _forget(handle: int, copy: FilePlace) -> None:
    os.close(handle)
    with contextlib.suppress(OSError):
        copy.remove()


def _fill(copy: _Copy, data: bytes, path: str) -> None:
    try:
        with os.fdopen(copy.handle, "wb", closefd=False) as file:
            file.write(data)
    except OSError as exc:
        raise error("cannot be checked: %s" % exc.strerror, "Nothing has been changed", path) from exc


def _include_patch(data: bytes, start: int, end: int, target: str) -> Patch:
    name = data.find(b'"', start, end)
    return Patch(name if name >= 0 else end, end, b'"%s"' % os.fsencode(target))


def _run(site: CheckSite, line: List[str]) -> Ended:
    become = _becoming(site.account)
    # What the environment of the task holds is not for code of another user.
    ours = os.environ if become is None else {name: os.environ[name] for name in _PASSED if name in os.environ}
    given = {name: value for name, value in (site.invocation.environment or {}).items() if value is not None}
    try:
        # An include is looked for in the current folder first, which is the root folder where systemd starts a server.
        done = run_program(line, CHECK_SECONDS, {**ours, **given}, "/", become)
    except OSError as exc:
        raise error("%s cannot be run: %s" % (line[0], exc.strerror), "Nothing has been changed") from exc
    if done.status is None:
        text = "kamailio -c has not ended after %d seconds" % CHECK_SECONDS
        raise error(text, "Nothing has been changed", line[3])
    return done


def _becoming(account: Account) -> Optional[Callable[[], None]]:
    """Return what makes a process one of the account, None if it is the current one.

    The files name modules whose code the check runs, and whoever can change them must not have root run it. Raises
    KamailioError if this host does not know the account.
    """
    if account.user is None or os.geteuid() != 0:
        return None
    try:
        user = identity_of(account)
    except KeyError:
        text = "kamailio -c runs as the user that starts the server, and this host does not know %s"
        who = named(":".join(filter(None, account)))
        raise error(text % who, "Correct User and Group of the unit, or create them first") from None

    def become() -> None:
        if user.name:
            os.initgroups(user.name, user.group)
        else:
            os.setgroups([])
        os.setgid(user.group)
        os.setuid(user.user)

    return become


def _errors_of(message: str) -> str:
    """What tells of errors in the log of a check, a screen of it at most."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR" in line or "CRITICAL" in line]
    return "\n".join((telling or lines)[:20])


def require_restartable(
    module: Caller,
    evaluation: Evaluation,
    before: Mapping[str, bytes],
    texts: Mapping[str, bytes],
    invocation: Invocation,
) -> None:
    """Refuse a configuration that a restart would die of, on the host of an AnsibleModule. Raises KamailioError."""
    site = site_of(module, [evaluation], invocation)
    checked = check_in_place(site, evaluation, before, texts) if site else Checked(True, "")
    if not checked.accepted:
        text = "kamailio -c refuses the configuration:\n%s" % checked.message
        raise error(text, "Nothing has been changed", evaluation.path)


def require_accepted(
    module: Caller,
    evaluation: Evaluation,
    before: Evaluation,
    texts: Mapping[str, bytes],
    invocation: Invocation,
) -> str:
    """A warning where the server refuses the files, as it did before the change; empty where it accepts them.

    C(module) is an AnsibleModule with the option C(follow). Nothing is checked where its host has no Kamailio. Raises
    KamailioError where the server refuses the files and accepted the ones before.
    """
    site = site_of(module, [evaluation, before], invocation) if texts else None
    if not site:
        return ""
    after = check_in_place(site, evaluation, before.files, texts)
    if after.accepted:
        return ""
    if check_in_place(site, before, before.files, {}).accepted:
        text = "kamailio -c refuses what would be written:\n%s" % after.message
        raise KamailioError(error(text, "", evaluation.path).problems)
    return "kamailio -c refuses %s, before the change as well: %s" % (evaluation.path, after.message)
