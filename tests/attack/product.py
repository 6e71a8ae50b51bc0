# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product, run by root many times in one process, so that a race costs milliseconds.

This file is also the program: it reads its task as JSON and prints a line of JSON for each run.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from integration.module import MODULES, command, environment

# How often a race is run.
TRIES = int(os.environ.get("SIPFLEET_TRIES", "40"))
# How long a race may last without an end of the product.
_HANGS = 60 + TRIES * 2


def call_many(
    kind: str, place: list[str], tries: int, deadline: float, seconds: float = _HANGS
) -> list[dict[str, Any]]:
    """Call a server at an address again and again; returns outcome, text and seconds of each call."""
    return _run({"kind": kind, "place": place, "tries": tries, "deadline": deadline}, seconds)


def run_many(module: str, files: list[Path], tries: int) -> list[dict[str, Any]]:
    """Run a module again and again, with the arguments of one file after the other; returns the results."""
    return _run({"module": module, "files": [str(path) for path in files], "tries": tries}, _HANGS)


def arguments_file(folder: Path, name: str, **arguments: Any) -> Path:
    """A file with the arguments of a module."""
    return Path(command(folder, name, {"_ansible_diff": True, **arguments})[-1])


def _run(task: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
    env = environment()
    env["PYTHONPATH"] += os.pathsep + str(Path(__file__).parents[1])
    line = [sys.executable, "-B", __file__, json.dumps(task)]
    with tempfile.TemporaryFile("w+") as printed, subprocess.Popen(line, stdout=printed, env=env) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        printed.seek(0)
        found = [json.loads(text) for text in printed if text.endswith("\n")]
    assert len(found) == task["tries"], "a run does not end, number %d: %s" % (len(found), found[-1:])
    return found


def _call(task: dict[str, Any]) -> dict[str, Any]:
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import addresses
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call

    address = getattr(addresses, task["kind"])(*task["place"])
    began = time.monotonic()
    try:
        outcome, text = "result", str(call(address, "core.version", (), task["deadline"]))
    except KamailioError as reason:
        outcome, text = "KamailioError", reason.render()
    except Exception as reason:
        outcome, text = type(reason).__name__, str(reason)
    return {"outcome": outcome, "text": text, "seconds": time.monotonic() - began}


def _module(name: str, file: str) -> dict[str, Any]:
    """A module in a process of its own, without the time that its imports take."""
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if not child:
            status = 1
            with contextlib.suppress(BaseException):
                os.dup2(printed.fileno(), 1)
                sys.argv = [name, file]
                try:
                    runpy.run_path(str(MODULES / (name + ".py")), run_name="__main__")
                finally:
                    sys.stdout.flush()
                status = 0
            os._exit(status)
        os.waitpid(child, 0)
        printed.seek(0)
        text = printed.read().decode(errors="replace").strip()
    result: dict[str, Any] = json.loads(text) if text.startswith("{") else {"failed": True, "msg": "", "broken": text}
    return {**result, "printed": text}


def _main(task: dict[str, Any]) -> None:
    # On the processor of the attackers, which so run between any two steps of it.
    from attack.attacker import PROCESSOR

    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {PROCESSOR})
    if "module" in task:
        import importlib

        importlib.import_module("ansible_collections.sipfleet.kamailio.plugins.modules." + task["module"])
    for number in range(task["tries"]):
        files = task.get("files")
        done = _module(task["module"], files[number % len(files)]) if files else _call(task)
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
