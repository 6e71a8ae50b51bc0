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
from junitparser import JUnitXml

from integration.playbook import run_tasks

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from make_rules import expand, load_entries, shown

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
    text = "Functions and pseudo-variables in routes, and what else only kamailio -c finds, were not checked: "
    text += "it is not run here."
    assert (good.returncode, good.stdout, good.stderr) == (0, f"{config('good')}: nothing found\n\n{text}\n", "")
    (report,) = json.loads(check(repository, "--root", "servers/good", "--format", "json", config("good")).stdout)[
        "files"
    ]
    assert report["not_checked"] == [text]
    bad = check(repository, "--list", "dispatcher.list", config("good"), config("bad"))
    assert bad.returncode == 1 and f"{config('bad')}: 1 error" in bad.stdout, bad.stdout
    assert "error: interval-without-tm\n  %s:4:1: " % config("bad") in bad.stdout
    assert '      | modparam("dispatcher", "ds_ping_interval", 30)' in bad.stdout
    assert check(repository, "--list", "dispatcher.list", "--fail-on", "never", config("bad")).returncode == 0


def test_it_fails_where_validate_does(repository: Path) -> None:
    """Probing that cannot work is a warning, and what this is for."""
    path = repository / config("bad")
    path.write_text(path.read_text().replace('modparam("dispatcher", "ds_p', "# "))
    words = ["--list", "dispatcher.list", config("bad")]
    done = check(repository, *words)
    assert done.returncode == 1 and "warning: probing-without-tm" in done.stdout, done.stdout
    assert check(repository, "--fail-on", "error", *words).returncode == 0
    assert check(repository, "--ignore", "probing-without-tm", *words).returncode == 0


def test_all_of_it_is_told(repository: Path) -> None:
    lines = "".join("1 sip:127.0.0.1:%d AP\n" % (5000 + number) for number in range(60))
    path = repository / "servers/good/etc/kamailio/dispatcher.list"
    path.write_bytes(lines.replace("\n", "\r\n").encode())
    done = check(repository, "--list", "dispatcher.list", config("good"))
    assert done.stdout.count("sip:127.0.0.1:") == 120 and "in findings" not in done.stdout, done.stdout


def test_a_list_by_itself(repository: Path) -> None:
    name = "servers/good/etc/kamailio/dispatcher.list"
    assert check(repository, name).stdout == f"{name}: nothing found\n"
    (repository / name).write_text("1 sip:127.0.0.1:5070 AP\n2\n")
    done = check(repository, "--format", "json", "--ignore", "flags-not-a-number", name, "no.list")
    first, second = json.loads(done.stdout)["files"]
    assert [finding["rule"] for finding in first["findings"]] == ["list-line-incomplete"] and first["problem"] is None
    assert done.returncode == 2 and second["problem"] == "no.list: is not there. Create it, or correct its name"


def test_a_configuration_without_dispatcher_needs_no_list(repository: Path) -> None:
    folder = repository / "servers/good/etc/kamailio"
    (folder / "dispatcher.list").unlink()
    (folder / "kamailio.cfg").write_text('loadmodule "sl.so"\nrequest_route { exit; }\n')
    done = check(repository, "--list", "dispatcher.list", config("good"))
    assert done.returncode == 0, done.stdout
    (folder / "dispatcher.list").write_text(LIST)
    done = check(repository, "--list", "dispatcher.list", config("good"))
    assert done.returncode == 1 and "dispatcher-not-loaded" in done.stdout


def test_where_a_list_is_looked_for(repository: Path) -> None:
    absent = check(repository, "--root", "servers", config("good"))
    assert absent.returncode == 1 and "servers/etc/kamailio/dispatcher.list" in absent.stdout
    (repository / "servers/good/etc/kamailio/dispatcher.list").write_text("1 sip:127.0.0.1:5070 AP\n")
    flags = check(repository, "--root", "servers/good", "--fail-on", "warning", config("good"))
    assert flags.returncode == 1 and "servers/good/etc/kamailio/dispatcher.list:1:" in flags.stdout, flags.stdout


@pytest.mark.parametrize(
    "include",
    [
        "/../../../../secret.cfg",
        "/etc/../../../../secret.cfg",
        "../../../../../secret.cfg",
        "link.cfg",
        "/etc/kamailio/link.cfg",
        "/links/secret.cfg",
        "loop.cfg",
    ],
)
def test_no_include_leads_out_of_the_root(include: str, repository: Path) -> None:
    (repository / "secret.cfg").write_text("secret_setting {\n")
    root = repository / "servers/good"
    folder = root / "etc/kamailio"
    (folder / "link.cfg").symlink_to("../../../../secret.cfg")
    (folder / "loop.cfg").symlink_to("loop.cfg")
    (root / "links").symlink_to(repository)
    (folder / "kamailio.cfg").write_text(f'import_file "{include}"\n' + (folder / "kamailio.cfg").read_text())
    done = check(repository, "--root", "servers/good", config("good"))
    assert "secret_setting" not in done.stdout + done.stderr and done.returncode in (0, 1), done.stdout + done.stderr
    assert "secret_setting" in check(repository, "--list", "dispatcher.list", "secret.cfg").stdout, (
        "it is read elsewhere"
    )


def test_a_checked_file_that_is_a_link_out_of_the_root_is_not_read(repository: Path) -> None:
    (repository / "secret.cfg").write_text("secret_setting {\n")
    path = repository / config("good")
    path.unlink()
    path.symlink_to(repository / "secret.cfg")
    done = check(repository, "--root", "servers/good", config("good"))
    assert "secret_setting" not in done.stdout + done.stderr and done.returncode == 2, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["/proc/self/environ", "../../../../secret.list"])
def test_a_checked_list_that_is_a_link_out_of_the_root_is_not_read(target: str, repository: Path) -> None:
    (repository / "secret.list").write_text("secret_setting=x\n")
    name = "servers/good/etc/kamailio/dispatcher.list"
    (repository / name).unlink()
    (repository / name).symlink_to(target)
    done = check(repository, "--root", "servers/good", name)
    assert done.returncode == 2 and "is not there" in done.stderr, done.stdout + done.stderr
    assert "PATH=" not in done.stdout + done.stderr and "secret_setting" not in done.stdout + done.stderr


def test_links_are_followed_within_the_root(repository: Path) -> None:
    root = repository / "servers/good"
    folder = root / "etc/kamailio"
    (root / "srv").mkdir()
    (root / "srv" / "kamailio.list").write_text("1 sip:127.0.0.1:5070 AP\n")
    (folder / "dispatcher.list").unlink()
    (folder / "dispatcher.list").symlink_to("/srv/kamailio.list")
    done = check(repository, "--root", "servers/good", config("good"))
    assert done.returncode == 1 and "servers/good/srv/kamailio.list:1:" in done.stdout, done.stdout


def test_it_finds_what_validate_finds(tmp_path: Path) -> None:
    """Over the configurations of the conformance tests, and the example of every rule."""
    fixtures = tmp_path / "fixtures"
    shutil.copytree(ROOT / "tests" / "conformance" / "fixtures", fixtures)
    (fixtures / "dispatcher.list").write_text(LIST + "1 sip:127.0.0.1:5071 AP\n2\n")
    versions = dict.fromkeys(sorted(fixtures.glob("*.cfg")), "6.0.1")
    for name, entry in load_entries().items():
        folder = tmp_path / "rules" / name
        folder.mkdir(parents=True)
        (folder / "kamailio.cfg").write_text(shown(entry.config))
        if entry.list is not None:
            (folder / "dispatcher.list").write_text(expand(entry.list) or "")
        versions[folder / "kamailio.cfg"] = entry.version
    # As texts, which the controller judges without a module for each: files only where one is missing or included.
    task = {
        "sipfleet.kamailio.validate": {
            "config": "{{ item.path }}",
            "config_content": "{{ item.config }}",
            "dispatcher_list": "{{ item.path | dirname }}/dispatcher.list",
            "dispatcher_content": "{{ item.list if item.list is string else omit }}",
            "kamailio_version": "{{ item.version }}",
            "defines": [],
            "on_violation": "report",
        },
        "loop": [
            {
                "path": str(path),
                "version": version,
                "config": path.read_bytes().decode(),
                "list": listing.read_text() if (listing := path.with_name("dispatcher.list")).exists() else None,
            }
            for path, version in versions.items()
        ],
    }
    (result,) = run_tasks(tmp_path, [task])
    # They name files in full, and the program as they are called from where it runs.
    text = json.dumps([item.get("findings", item.get("msg")) for item in result["results"]])
    said = dict(zip(versions, json.loads(text.replace("%s/" % tmp_path, ""))))
    # The program has the files at hand, and quotes them in its text alone.
    for found in said.values():
        for finding in found if isinstance(found, list) else ():
            assert finding.pop("source") is not None
    told: dict[Path, object] = {}
    for version in sorted(set(versions.values())):
        paths = [path for path, wanted in versions.items() if wanted == version]
        words = ["--kamailio-version", version, "--list", "dispatcher.list", "--format", "json"]
        files = json.loads(check(tmp_path, *words, *(str(path.relative_to(tmp_path)) for path in paths)).stdout)[
            "files"
        ]
        told.update(zip(paths, (file["problem"] or file["findings"] for file in files)))
    assert len(said) > 90 and {path: told[path] for path in said} == said
    assert len({finding["rule"] for found in said.values() for finding in found}) > 50


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
    assert (ROOT / rule["helpUri"].partition("/blob/main/")[2]).read_text().count("\n# %s\n" % rule["id"]) == 1
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": config("bad"), "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 1}
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_sarif_has_the_paths_of_the_repository(repository: Path) -> None:
    """From wherever it runs; a file outside of it has its own, and every result has the line that GitHub wants."""
    (repository / ".git").mkdir()
    folder = repository / "servers"
    words = ["--format", "sarif", "bad/etc/kamailio/kamailio.cfg"]
    (run,) = json.loads(check(folder, "--list", "dispatcher.list", *words).stdout)["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": config("bad"), "uriBaseId": "%SRCROOT%"}
    (run,) = json.loads(check(folder, "--list", "/nowhere/a b.list", *words).stdout)["runs"]
    (missing,) = [result for result in run["results"] if result["ruleId"] == "list-missing"]
    place = missing["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///nowhere/a%20b.list"}, "region": {"startLine": 1}}


def test_junit(repository: Path) -> None:
    done = check(repository, "--list", "dispatcher.list", "--format", "junit", config("good"), config("bad"), "no.cfg")
    suites = ElementTree.fromstring(done.stdout)  # noqa: S314 - it is our own
    read = JUnitXml.fromstring(done.stdout)
    assert [(suite.tests, suite.failures, suite.errors) for suite in read] == [(1, 0, 0), (1, 1, 0), (1, 0, 1)]
    counts = [tuple(suite.get(name) for name in ("name", "tests", "failures", "errors")) for suite in suites]
    assert counts == [(config("good"), "1", "0", "0"), (config("bad"), "1", "1", "0"), ("no.cfg", "1", "0", "1")]
    failure = suites.find("testsuite/testcase[@name='interval-without-tm']/failure")
    assert failure is not None and f"{config('bad')}:4:1" in str(failure.get("message"))


def test_junit_fails_where_the_check_does(repository: Path) -> None:
    (repository / "servers/good/etc/kamailio/dispatcher.list").write_text("1 sip:127.0.0.1:5070 AP\n")
    for level, failures, status in (("warning", "1", 1), ("error", "0", 0), ("never", "0", 0)):
        words = ["--list", "dispatcher.list", "--format", "junit", "--fail-on", level, config("good")]
        done = check(repository, *words)
        (suite,) = ElementTree.fromstring(done.stdout)  # noqa: S314 - it is our own
        assert (suite.get("failures"), done.returncode) == (failures, status), done.stdout


def test_columns_of_sarif_are_characters(repository: Path) -> None:
    path = repository / config("good")
    path.write_text(path.read_text() + '/* é */ include_file "no.cfg"\n/* ééé */ loadmodule tm\n')
    done = check(repository, "--list", "dispatcher.list", "--format", "sarif", config("good"))
    (run,) = json.loads(done.stdout)["runs"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in run["results"]]
    columns = {region.get("startColumn") for region in regions}
    assert run["columnKind"] == "unicodeCodePoints" and {9, 11} <= columns, regions


def test_a_list_that_is_elsewhere(repository: Path) -> None:
    assert "Say with --list or --root where it is in this repository" in check(repository, config("good")).stdout


def test_a_fault_of_its_own_is_no_finding(repository: Path) -> None:
    tool = repository / "tool"
    shutil.copytree(ROOT / "extensions", tool / "extensions")
    shutil.copytree(ROOT / "plugins", tool / "plugins")
    judge = tool / "plugins" / "module_utils" / "_analysis" / "judge.py"
    judge.write_text(judge.read_text() + "\n\ndef judge(*_words):\n    raise RuntimeError\n")
    line = [str(tool / "extensions/check/kamailio-check"), "--kamailio-version", "6.1.5", config("good")]
    done = subprocess.run(line, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "please report it" in done.stderr, done


def test_what_cannot_be_judged(repository: Path) -> None:
    done = check(repository, "--list", "dispatcher.list", "servers", "no.cfg", config("bad"))
    assert done.returncode == 2 and "interval-without-tm" in done.stdout
    assert "servers: is a directory" in done.stderr and "no.cfg: is not there" in done.stderr
    for words in (
        (),
        ("",),
        ("--define", "a b", config("good")),
        ("--ignore", "no-rule", config("good")),
        ("--kamailio-version", "new", config("good")),
        ("--output", "no/report", config("good")),
        ("--output", "servers", config("good")),
    ):
        wrong = check(repository, *words)
        assert wrong.returncode == 2 and wrong.stderr and "Traceback" not in wrong.stderr, (words, wrong.stderr)
    assert "the name of a file is empty" in check(repository, "").stderr


def test_a_file_is_judged_once(repository: Path) -> None:
    done = check(
        repository, "--list", "dispatcher.list", config("bad"), "./" + config("bad"), f"{repository}/{config('bad')}"
    )
    assert done.stdout.count("interval-without-tm") == 1, done.stdout


def test_nothing_in_a_file_breaks_a_report(repository: Path) -> None:
    path = repository / "servers/good/etc/kamailio/dispatcher.list"
    path.write_bytes(b'1 sip:127.0.0.1:5070;x=]]><a&"\x01\x1b[31m\xff 9999999999\r\n1 sip:\xed\xa0\x80 8\n')
    for kind in ("junit", "sarif", "json", "text"):
        done = check(repository, "--list", "dispatcher.list", "--format", kind, config("good"))
        assert done.returncode == 1 and "Traceback" not in done.stderr and "\x1b" not in done.stdout, done.stderr
        if kind == "junit":
            assert ElementTree.fromstring(done.stdout).find(".//failure") is not None  # noqa: S314
        if kind == "sarif":
            assert json.loads(done.stdout)["runs"][0]["results"]


def test_no_name_breaks_a_report(repository: Path) -> None:
    """Whoever opens a pull request chooses names, and CI systems take lines of a log for commands."""
    for name in (os.fsdecode(b"\xff"), "]]>&<\x1b[31m\n::error::x"):
        folder = repository / name
        shutil.copytree(repository / "servers" / "bad" / "etc" / "kamailio", folder)
        with (folder / "kamailio.cfg").open("a") as file:
            file.write('include_file "y\\n::error::z"\n')
        words = ["--list", "dispatcher.list", f"{name}/kamailio.cfg", f"{name}/no.cfg"]
        for kind in ("junit", "sarif", "json", "text"):
            done = check(repository, "--format", kind, *words)
            assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
            assert "include-missing" in done.stdout and "\x1b" not in done.stdout + done.stderr
            assert kind in ("junit", "sarif") or "\n::error" not in done.stdout
            assert "\n::error" not in done.stderr
            if kind == "junit":
                assert ElementTree.fromstring(done.stdout).find(".//failure") is not None  # noqa: S314
            elif kind != "text":
                assert json.loads(done.stdout)


def test_a_name_that_looks_like_an_option_is_one_line_of_an_error(repository: Path) -> None:
    done = check(repository, config("bad"), "--x\x1b[31m\n::error::x.cfg")
    assert done.returncode == 2 and "unrecognized arguments: --x" in done.stderr
    assert "\n::error" not in done.stderr and "\x1b" not in done.stderr


def test_a_password_is_in_no_report(repository: Path) -> None:
    path = repository / config("bad")
    path.write_text(path.read_text() + 'modparam("dispatcher", "db_url", "mysql://k:s3cret@localhost/k") x\n')
    for kind in ("junit", "sarif", "json", "text"):
        done = check(repository, "--list", "dispatcher.list", "--format", kind, config("bad"))
        assert done.returncode and "s3cret" not in done.stdout + done.stderr


def git(folder: Path, *words: str) -> str:
    """What git says; it has no settings but these."""
    who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    line = ["git", "-C", str(folder), *words]
    return subprocess.run(line, check=True, capture_output=True, text=True, env=environment).stdout


def commit(folder: Path) -> str:
    """A repository of all that is in a folder, and its commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "All")
    return git(folder, "rev-parse", "HEAD").strip()


def test_the_hook_of_pre_commit(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The example of the guide, run by pre-commit out of a clone of what is here, committed or not."""
    clone = tmp_path_factory.mktemp("clone")
    where = ["extensions/check", "plugins", ".pre-commit-hooks.yaml"]
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *where).split("\0")
    for name in names:
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    page = (ROOT / "docs" / "check.md").read_text()
    (block,) = re.findall(r"^# \.pre-commit-config\.yaml\n(.*?)^```", page, re.M | re.S)
    settings = yaml.safe_load(block)
    settings["repos"][0].update(repo=str(clone), rev=commit(clone))
    hook_of_page = settings["repos"][0]["hooks"][0]
    hook_of_page["args"] = [argument.replace("edge1", "bad") for argument in hook_of_page["args"]]
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(settings))
    bad = repository / config("bad")
    broken = bad.read_text()
    bad.write_text(GOOD)
    commit(repository)

    def hook() -> subprocess.CompletedProcess[str]:
        git(repository, "add", "--all")
        environment = {**os.environ, "PRE_COMMIT_HOME": str(clone / ".cache"), "GIT_CONFIG_GLOBAL": os.devnull}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        line = [str(Path(sys.executable).with_name("pre-commit")), "run", "--color", "never"]
        return subprocess.run(line, cwd=repository, check=False, capture_output=True, text=True, env=environment)

    (repository / "unrelated.txt").write_text("x")
    good = hook()
    assert good.returncode == 0 and "Passed" in good.stdout, good.stdout + good.stderr
    bad.write_text(broken)
    refused = hook()
    assert refused.returncode == 1 and "interval-without-tm" in refused.stdout, refused.stdout + refused.stderr
    bad.write_text(GOOD)
    # A file that goes is no file to pre-commit, and the configuration needs it all the same.
    for name, rule in (("dispatcher.list", "list-missing"), ("routes.inc", "include-missing")):
        path = bad.with_name(name)
        text = path.read_text()
        path.unlink()
        gone = hook()
        assert gone.returncode == 1 and rule in gone.stdout, gone.stdout + gone.stderr
        path.write_text(text)
    assert list(clone.rglob("__pycache__")) == []


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
