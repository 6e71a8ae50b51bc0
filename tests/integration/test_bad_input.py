# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are something else than they should be: a clear answer, and never a traceback."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.playbook import run_tasks

MODULE = "sipfleet.kamailio.validate"
GOOD = b'loadmodule "tm.so"\nloadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "@LIST@")\n'
LIST = b"1 sip:10.0.0.1 0\n"
# name: the file, and the rules that tell what is wrong with it
CONFIGS = {
    "empty": (b"", ["config-empty"]),
    "comments": (b"# nothing\n", ["config-empty"]),
    "html": (b"<html><body>404</body></html>\n", ["config-syntax"]),
    "utf_16": ('loadmodule "tm.so"\n'.encode("utf-16"), ["config-syntax"]),
    "zip": (gzip.compress(GOOD * 50, mtime=0), ["config-syntax"]),
    "template": (b"{% if tls %}\n" + GOOD + b"{% endif %}\n", ["config-syntax"]),
    "template_value": (GOOD + b'modparam("dispatcher", "ds_ping_interval", {{ interval }})\n', ["config-syntax"]),
    "opensips": (b"socket=udp:127.0.0.1:5060\n" + GOOD, ["config-syntax"]),
    "a_list": (b"1 sip:10.0.0.1:5060 8 0 duid=a\n2 sip:10.0.0.2\n", ["config-syntax"]),
    "yaml": (b"---\nkamailio:\n  modules: [tm]\n", ["config-syntax"]),
    "cut_off": (GOOD + b"request_route {\n  if (1) {\n", ["config-syntax"]),
    "includes_itself": (b'include_file "kamailio.cfg"\n' + GOOD, ["config-syntax"]),
}
LISTS = {
    "rpc_dump": (b"{\n\tNRSETS: 1\n\tRECORDS: {\n\t\tSET: {\n\t\t\tID: 1\n", "setid-not-a-number"),
    "json": (b'{"jsonrpc": "2.0", "result": {"NRSETS": 1}}\n', "setid-not-a-number"),
    "csv": (b"1,sip:10.0.0.1,8\n", "setid-not-a-number"),
    "template": (b"{% for gateway in gateways %}\n1 sip:{{ gateway }} 8\n{% endfor %}\n", "setid-not-a-number"),
    "a_configuration": (GOOD, "setid-not-a-number"),
    "utf_16": (LIST.decode().encode("utf-16"), "setid-not-a-number"),
    "zip": (gzip.compress(LIST * 50, mtime=0), "setid-not-a-number"),
    "html": (b"<html><body>404</body></html>\n", "setid-not-a-number"),
    "empty": (b"", "list-empty"),
}


def test_configurations_that_are_none(tmp_path: Path) -> None:
    tasks = []
    for name, (data, _rules) in CONFIGS.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "kamailio.cfg").write_bytes(data.replace(b"@LIST@", str(folder / "l").encode()))
        (folder / "l").write_bytes(LIST)
        tasks.append({MODULE: {"config": str(folder / "kamailio.cfg"), "kamailio_version": "6.1.5"}})
    for (name, (_data, rules)), result in zip(CONFIGS.items(), run_tasks(tmp_path, tasks)):
        assert result["failed"] and result["will_start"] is False, name
        assert {finding["rule"] for finding in result["findings"] if finding["severity"] == "error"} >= set(rules), name
        assert "%s/kamailio.cfg:" % (tmp_path / name) in result["msg"] and result["msg"].count("\n") < 50, name


def test_lists_that_are_none(tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_bytes(GOOD)
    tasks = []
    for name, (data, _rule) in LISTS.items():
        (tmp_path / (name + ".list")).write_bytes(data)
        plain = {"config": str(config), "dispatcher_list": str(tmp_path / (name + ".list"))}
        tasks.append({MODULE: {**plain, "kamailio_version": "6.1.5"}})
    for (name, (_data, rule)), result in zip(LISTS.items(), run_tasks(tmp_path, tasks)):
        assert rule in {finding["rule"] for finding in result["findings"]}, (name, result["findings"])
        assert result["failed"] is (rule != "list-empty"), name


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    config, listing = tmp_path / "kamailio.cfg", tmp_path / "list"
    config.write_bytes(GOOD.replace(b"@LIST@", str(listing).encode()))
    listing.write_bytes(LIST)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "includes").write_bytes(b'include_file "pipe"\n' + config.read_bytes())
    expected = {
        "pipe": "pipe: is not a regular file",
        "/dev/zero": "/dev/zero: is not a regular file",
        ".": ": is a directory",
        "loop": "loop: is a symbolic link that leads to itself",
        "dangling": "dangling: is not there",
        "list/x": "list/x: is not there: a part of its path is not a directory",
    }
    names = [str(tmp_path / name) for name in expected]
    given = {"config": str(config), "kamailio_version": "6.1.5"}
    tasks = [{MODULE: {**given, "config": name}} for name in names]
    tasks += [{MODULE: {**given, "dispatcher_list": name}} for name in names]
    tasks.append({MODULE: {**given, "config": str(tmp_path / "includes")}})
    results = run_tasks(tmp_path, tasks)
    for name, text in [*expected.items()] * 2:
        result = results.pop(0)
        wanted = text.replace("dangling: is not there", "dangling: ")
        assert result["failed"] and wanted in result["msg"] and "Traceback" not in result["output"], (
            name,
            result["msg"],
        )
    assert "an included file cannot be judged" in results[0]["msg"] and "pipe" in results[0]["msg"]


BIG = """
import resource, sys
limit = {limit} << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.path.insert(0, {path!r})
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import Policy, guard
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question, Site
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
question = Question("/k.cfg", {{"/k.cfg": ({config}).encode()}}, None, ({listing}).encode())
nothing = Evaluator(lambda path: None, lambda path: None)
outcome = guard(question, Site(Version(6, 1, 5), Invocation(), nothing), Policy())
print(len(outcome.refusal or ""), outcome.after.analysis.will_start)
"""
TEXT = 'loadmodule "tm.so"\\nloadmodule "dispatcher.so"\\n'
SIZES: dict[str, tuple[str, str]] = {
    "comments": (f"'{TEXT}' + '# as people write them\\n' * 4500000", "'1 sip:a\\n'"),
    "one_line": ("'x' * 100000000", "'1 sip:a\\n'"),
    "zeros": ("'\\0' * 100000000", "'1 sip:a\\n'"),
    "zeros_as_a_list": (f"'{TEXT}'", "'\\0' * 100000000"),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_hundred_megabytes_take_no_more_than_some_times_their_size(name: str) -> None:
    config, listing = SIZES[name]
    path = str(Path(__file__).parents[2] / ".work" / "collections")
    code = BIG.format(limit=1500, path=path, config=config, listing=listing)
    done: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    length = int(done.stdout.split()[0])
    assert 0 <= length < 5000
