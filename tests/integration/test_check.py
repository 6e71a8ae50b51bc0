# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository of configurations, checked without Ansible."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from integration.playbook import run_tasks

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "extensions" / "check" / "kamailio-check"
GOOD = """loadmodule "tm.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")
modparam("dispatcher", "ds_ping_interval", 30)
modparam("dispatcher", "ds_probing_mode", 1)
include_file "routes.inc"
"""
LIST = "1 sip:127.0.0.1:5070 8\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two servers: one is well, and the other would not start."""
    for name, text in (("good", GOOD), ("bad", GOOD.replace('loadmodule "tm.so"\n', "\n"))):
        folder = tmp_path / "servers" / name / "etc" / "kamailio"
        folder.mkdir(parents=True)
        (folder / "kamailio.cfg").write_text(text)
        (folder / "routes.inc").write_text("request_route { exit; }\n")
        (folder / "dispatcher.list").write_text(LIST)
    return tmp_path


def check(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it as somebody who has neither Ansible nor the packages of this environment."""
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "LC_ALL": "C"}
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "python3").unlink(missing_ok=True)
    (folder / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    line = [str(PROGRAM), "--kamailio-version", "6.0.1", *words]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def config(name: str) -> str:
    """The configuration of a server."""
    return f"servers/{name}/etc/kamailio/kamailio.cfg"


def test_text_and_exit_status(repository: Path) -> None:
    good = check(repository, "--root", "servers/good", config("good"))
    assert (good.returncode, good.stdout, good.stderr) == (0, f"{config('good')}: nothing found\n", "")
    bad = check(repository, "--list", "dispatcher.list", config("good"), config("bad"))
    assert bad.returncode == 1 and f"{config('bad')}: 1 error" in bad.stdout, bad.stdout
    assert "error: interval-without-tm\n  %s:4:1: " % config("bad") in bad.stdout
    assert '      | modparam("dispatcher", "ds_ping_interval", 30)' in bad.stdout
    assert check(repository, "--list", "dispatcher.list", "--fail-on", "never", config("bad")).returncode == 0


def test_where_a_list_is_looked_for(repository: Path) -> None:
    absent = check(repository, "--root", "servers", config("good"))
    assert absent.returncode == 1 and "servers/etc/kamailio/dispatcher.list" in absent.stdout
    (repository / "servers/good/etc/kamailio/dispatcher.list").write_text("1 sip:127.0.0.1:5070 AP\n")
    flags = check(repository, "--root", "servers/good", "--fail-on", "warning", config("good"))
    assert flags.returncode == 1 and "servers/good/etc/kamailio/dispatcher.list:1:" in flags.stdout, flags.stdout


def test_it_finds_what_validate_finds(repository: Path) -> None:
    (repository / "servers/bad/etc/kamailio/dispatcher.list").write_text(LIST + "1 sip:127.0.0.1:5071 AP\n2\n")
    words = ["--list", "dispatcher.list", "--format", "sarif", config("bad")]
    (run,) = json.loads(check(repository, *words).stdout)["runs"]
    (result,) = run_tasks(
        repository,
        [
            {
                "sipfleet.kamailio.validate": {
                    "config": str(repository / config("bad")),
                    "dispatcher_list": str(repository / "servers/bad/etc/kamailio/dispatcher.list"),
                    "kamailio_version": "6.0.1",
                    "on_violation": "report",
                }
            }
        ],
    )
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    found = [
        (one["ruleId"], one["level"], str(repository / place["artifactLocation"]["uri"]), place["region"]["startLine"])
        for one, place in zip(run["results"], places)
    ]
    assert len(found) > 2
    assert found == [(one["rule"], one["severity"], one["file"], one["line"]) for one in result["findings"]]


def test_sarif(repository: Path) -> None:
    report = repository / "report.sarif"
    words = ["--list", "dispatcher.list", "--format", "sarif", "--output", str(report)]
    done = check(repository, *words, config("good"), config("bad"))
    log = json.loads(report.read_text())
    assert (done.returncode, done.stdout, log["version"]) == (1, "", "2.1.0")
    (run,) = log["runs"]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "interval-without-tm" and result["level"] == "error"
    page = (ROOT / "docs" / "rules.md").read_text()
    assert re.search(r"^#+ %s$" % rule["helpUri"].partition("#")[2], page, re.M)
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": config("bad"), "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 1}
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_junit(repository: Path) -> None:
    done = check(repository, "--list", "dispatcher.list", "--format", "junit", config("good"), config("bad"), "no.cfg")
    suites = ElementTree.fromstring(done.stdout)  # noqa: S314 - it is our own
    counts = [tuple(one.get(name) for name in ("name", "tests", "failures", "errors")) for one in suites]
    assert counts == [(config("good"), "1", "0", "0"), (config("bad"), "1", "1", "0"), ("no.cfg", "1", "0", "1")]
    failure = suites.find("testsuite/testcase[@name='interval-without-tm']/failure")
    assert failure is not None and f"{config('bad')}:4:1" in str(failure.get("message"))


def test_what_cannot_be_judged(repository: Path) -> None:
    done = check(repository, "--list", "dispatcher.list", "servers", "no.cfg", config("bad"))
    assert done.returncode == 2 and "interval-without-tm" in done.stdout
    assert "servers: is a directory" in done.stderr and "no.cfg: is not there" in done.stderr
    for words in ((), ("--define", "a b", config("good")), ("--ignore", "no-rule", config("good"))):
        wrong = check(repository, *words)
        assert wrong.returncode == 2 and "Traceback" not in wrong.stderr, wrong.stderr


def test_nothing_in_a_file_breaks_a_report(repository: Path) -> None:
    path = repository / "servers/good/etc/kamailio/dispatcher.list"
    path.write_bytes(b'1 sip:127.0.0.1:5070;x=]]><a&"\x01\x1b[31m\xff 9999999999\r\n1 sip:\xed\xa0\x80 8\n')
    for kind in ("junit", "sarif", "text"):
        done = check(repository, "--list", "dispatcher.list", "--format", kind, config("good"))
        assert done.returncode == 1 and "Traceback" not in done.stderr and "\x1b" not in done.stdout, done.stderr
        if kind == "junit":
            assert ElementTree.fromstring(done.stdout).find(".//failure") is not None  # noqa: S314
        if kind == "sarif":
            assert json.loads(done.stdout)["runs"][0]["results"]


def test_a_password_is_in_no_report(repository: Path) -> None:
    path = repository / config("bad")
    path.write_text(path.read_text() + 'modparam("dispatcher", "db_url", "mysql://k:s3cret@localhost/k") x\n')
    for kind in ("junit", "sarif", "text"):
        done = check(repository, "--list", "dispatcher.list", "--format", kind, config("bad"))
        assert done.returncode and "s3cret" not in done.stdout + done.stderr


def test_the_hook_of_pre_commit(repository: Path) -> None:
    """What pre-commit does with a hook of this kind: it runs the entry out of a clone, in the repository."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    page = (ROOT / "docs" / "check.md").read_text()
    (block,) = re.findall(r"^# \.pre-commit-config\.yaml\n(.*?)^```", page, re.M | re.S)
    (used,) = yaml.safe_load(block)["repos"][0]["hooks"]
    assert used["id"] == hook["id"] and hook["language"] == "script" and not hook["pass_filenames"]
    clone = repository / "clone"
    for name in ("extensions", "plugins"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([str(clone / hook["entry"]), *used["args"]], cwd=repository, check=False, capture_output=True)
    assert done.returncode == 1 and b"interval-without-tm" in done.stdout, done.stderr
    assert all(re.search(hook["files"], name) for name in ("a/dispatcher.list", "kamailio.cfg", "routes.inc"))


def test_the_examples_of_the_guide(repository: Path) -> None:
    page = (ROOT / "docs" / "check.md").read_text()
    tool = repository / "sipfleet.kamailio"
    tool.symlink_to(ROOT)
    commands = re.findall(r"^ *(sipfleet\.kamailio/extensions/check/kamailio-check(?:.*\\\n)*.*)$", page, re.M)
    assert len(commands) == 3
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=repository, capture_output=True, text=True, check=False, env=dict(os.environ)
        )
        assert done.returncode == 1 and not done.stderr, (command, done.stdout, done.stderr)
    assert (repository / "kamailio.sarif").exists() and (repository / "kamailio.xml").exists()
