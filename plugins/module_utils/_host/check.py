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
import subprocess
import tempfile
from typing import Dict, List, Mapping, NamedTuple, Optional

from .._config.model import Evaluation, Invocation
from .._errors import KamailioError, error
from .._patch import Patch, apply_patches
from .._secrets import mask_secrets
from .files import staging_prefix
from .service import arguments_of

CHECK_SECONDS = 60


class Checked(NamedTuple):
    """Whether the server accepts the files, and what it says if not, with the paths of the real files."""

    accepted: bool
    message: str


def check_in_place(command: str, evaluation: Evaluation, texts: Mapping[str, bytes], invocation: Invocation) -> Checked:
    """Check the configuration of C(evaluation) with C(texts) in the place of its files; leaves nothing behind.

    Raises KamailioError if it cannot be checked.
    """
    staged: Dict[str, str] = {}
    try:
        for path in _concerned(evaluation, texts):
            staged[path] = _reserve(path)
        for path, copy in staged.items():
            patches = [
                _include_patch(evaluation.files[path], one.place.start, one.place.end, staged[one.target])
                for one in dict.fromkeys(evaluation.includes)
                if one.place.path == path and one.target in staged
            ]
            _fill(copy, apply_patches(evaluation.files[path], dict.fromkeys(patches)), path)
        main = staged.get(evaluation.path, evaluation.path)
        done = _run([command, "-c", "-f", main, *arguments_of(invocation)], invocation)
    finally:
        for copy in staged.values():
            with contextlib.suppress(OSError):
                os.unlink(copy)
    message = mask_secrets(done.stdout + done.stderr).decode("utf-8", "replace")
    for path, copy in staged.items():
        message = message.replace(copy, path)
    return Checked(done.returncode == 0, _errors_of(message))


def _concerned(evaluation: Evaluation, texts: Mapping[str, bytes]) -> List[str]:
    """The files that change, and those that include one of them, directly or not."""
    concerned = dict.fromkeys(texts)
    while True:
        more = {one.place.path for one in evaluation.includes if one.target in concerned} - set(concerned)
        if not more:
            return list(concerned)
        concerned.update(dict.fromkeys(sorted(more)))


def _reserve(path: str) -> str:
    target = os.path.realpath(path)
    try:
        handle, copy = tempfile.mkstemp(prefix=staging_prefix(target), dir=os.path.dirname(target))
    except OSError as exc:
        raise error("cannot be checked beside it: %s" % exc.strerror, "Nothing has been changed", path) from exc
    os.close(handle)
    return copy


def _fill(copy: str, data: bytes, path: str) -> None:
    try:
        with open(copy, "wb") as file:
            file.write(data)
    except OSError as exc:
        raise error("cannot be checked beside it: %s" % exc.strerror, "Nothing has been changed", path) from exc


def _include_patch(data: bytes, start: int, end: int, target: str) -> Patch:
    name = data.find(b'"', start, end)
    return Patch(name if name >= 0 else end, end, b'"%s"' % os.fsencode(target))


def _run(line: List[str], invocation: Invocation) -> subprocess.CompletedProcess[bytes]:
    given = {name: value for name, value in (invocation.environment or {}).items() if value is not None}
    try:
        # run_command of a module knows no time limit.
        return subprocess.run(  # noqa: S603  # pylint: disable=ansible-bad-function
            line, capture_output=True, timeout=CHECK_SECONDS, check=False, env={**os.environ, **given}
        )
    except subprocess.TimeoutExpired as exc:
        text = "kamailio -c did not come to an end in %d seconds" % CHECK_SECONDS
        raise error(text, "Nothing has been changed", line[3]) from exc
    except OSError as exc:
        raise error("%s cannot be run: %s" % (line[0], exc.strerror), "Nothing has been changed") from exc


def _errors_of(message: str) -> str:
    """What tells of errors in the log of a check, a screen of it at most."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR" in line or "CRITICAL" in line]
    return "\n".join((telling or lines)[:20])


def require_restartable(
    command: Optional[str], evaluation: Evaluation, texts: Mapping[str, bytes], invocation: Invocation
) -> None:
    """Refuse what a restart would die of. C(command) is None where there is no Kamailio. Raises KamailioError."""
    checked = check_in_place(command, evaluation, texts, invocation) if command else Checked(True, "")
    if not checked.accepted:
        text = "the server needs a restart, and kamailio -c refuses its configuration:\n%s" % checked.message
        raise error(text, "Nothing has been changed", evaluation.path)


def require_accepted(
    command: Optional[str],
    evaluation: Evaluation,
    before: Evaluation,
    texts: Mapping[str, bytes],
    invocation: Invocation,
) -> str:
    """A warning where the server refuses the files, as it did before the change; empty where it accepts them.

    C(command) is None where there is no Kamailio: nothing is checked then. Raises KamailioError where it refuses the
    files and accepted the ones before.
    """
    if not command or not texts:
        return ""
    after = check_in_place(command, evaluation, texts, invocation)
    if after.accepted:
        return ""
    if check_in_place(command, before, {}, invocation).accepted:
        text = "kamailio -c refuses what would be written:\n%s" % after.message
        raise KamailioError(error(text, "", evaluation.path).problems)
    return "kamailio -c refuses %s, before the change as well: %s" % (evaluation.path, after.message)
