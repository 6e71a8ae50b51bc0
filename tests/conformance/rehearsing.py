# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rehearsals in the root file systems of the suites.

This file is also the program that runs there: it reads cases as JSON, and prints what came of each.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

_PACKAGE = "ansible_collections/sipfleet/kamailio/plugins/module_utils"
if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.layers import Candidate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import (
    read_service,
    service_of_arguments,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.rehearsal import Start, rehearse
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import parse_version

# The root as a mount of its own, as that of a host is; /proc and /sys as a host has them.
_IN_ROOT = """
set -e
mount --bind "$1" "$1"
cd "$1"
mount --bind "$2" "$1$2"
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
root=$1; shift 2
exec chroot "$root" "$@"
"""


def in_host(root: Path, *command: str) -> list[str]:
    """The command line that runs a command in a root file system as on a host, with the folder for temporary files."""
    line = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _IN_ROOT, "sh"]
    return [*line, str(root), tempfile.gettempdir(), *command]


def copy_code(folder: Path) -> Path:
    """Copy the code of the collection to where a root file system can see it."""
    source = Path(__file__).parents[2] / "plugins" / "module_utils"
    shutil.copytree(source, folder / "code" / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(__file__, folder / "code")
    return folder / "code"


def rehearse_all(root: Path, code: Path, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What comes of the rehearsals of cases, each a dict for C(_rehearse), in a root file system."""
    command = in_host(root, "python3", "-B", str(code / Path(__file__).name), str(code))
    done = subprocess.run(command, input=json.dumps(cases), stdout=subprocess.PIPE, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _rehearse(case: Dict[str, Any], version: Any) -> Dict[str, Any]:
    """Rehearse the start of a unit (C(unit)), or of a server with C(arguments) and the C(user), with C(files) written.

    Files are texts by path, None for one that is not there. The server is ended after C(seconds).
    """
    if case.get("unit"):
        service = read_service(case["unit"])
        assert service
    else:
        service = service_of_arguments(case["arguments"])._replace(
            program="/usr/sbin/kamailio", arguments=tuple(case["arguments"]), started_by=Account(case.get("user"))
        )
    texts = {path: text.encode("utf-8", "surrogateescape") for path, text in case.get("files", {}).items() if text}
    files = {
        path: Candidate(texts[path], *case.get("owner", (None, None, None))) if text is not None else None
        for path, text in case.get("files", {}).items()
    }
    evaluation = Evaluator(read_file, read_include)(service.config, version, service.invocation, texts)
    given = {name: value for name, value in (service.invocation.environment or {}).items() if value}
    start = Start(service.program, service.arguments, service.started_by, given, service.settings)
    found = rehearse(start, files, evaluation, case.get("seconds", 20.0))
    destinations = None
    if found.destinations is not None:
        destinations = [[each.setid, each.uri.decode(), each.letters] for each in found.destinations]
    return dict(found._asdict(), destinations=destinations)


def _main() -> None:
    printed = subprocess.run(["kamailio", "-v"], stdout=subprocess.PIPE, check=True).stdout.decode()
    version = parse_version(printed)
    found: List[Dict[str, Any]] = [_rehearse(case, version) for case in json.load(sys.stdin)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    _main()
