# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation must not forget, and that what it shows is what is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from fleet.night import sections

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES
from unit.test_layers import LAYERS

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))

from check import expected_pages, problems_of
from make_rules import CONFIG, DEFAULT_CONFIG, LIST, USUAL, broken, judge, load_entries, make_pages
from reference import Page, finish, guides_of, main_first, make_index

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ENTRIES = load_entries()
BIN = Path(sys.executable).parent
PLUGINS = {"module": "modules", "filter": "filter", "test": "test"}
ROLES = {path.name for path in (ROOT / "roles").iterdir()}
BOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
GROUPS = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"].keys()
NAMES = (
    ROLES | BOOKS | GROUPS | {path.stem for kind in PLUGINS.values() for path in (ROOT / "plugins" / kind).glob("*.py")}
)
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("rules/*.md")])
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "demo" / "README.md", *ROOT.glob("roles/*/*.md")]


class Block(NamedTuple):
    """A fenced block of YAML: its page, the line on which it begins, its text and what that comes to."""

    page: str
    line: int
    text: str
    value: Any

    def is_play(self) -> bool:
        """Whether it is a playbook."""
        return isinstance(self.value, list) and all(
            {"hosts", "ansible.builtin.import_playbook"} & {*play} for play in self.value
        )

    def is_tasks(self) -> bool:
        """Whether it is tasks."""
        return isinstance(self.value, list) and all("name" in task for task in self.value) and not self.is_play()


def blocks_of(path: Path) -> list[Block]:
    """The blocks of a page."""
    text = path.read_text()
    found = []
    for fence in re.finditer(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, fence.start()) + 2
        found.append(Block(str(path.relative_to(ROOT)), line, fence[1], yaml.safe_load(fence[1])))
    return found


BLOCKS = [block for path in [*PAGES, ROOT / "README.md"] for block in blocks_of(path)]


def without_header(path: Path) -> str:
    """A playbook from its first play on, which is what a page shows of it."""
    text = path.read_text()
    return text[text.index("\n- ") + 1 :]


def ansible(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible with this collection."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections")}
    return subprocess.run(
        [BIN / program, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=DOCS / "playbooks",
        check=False,
    )


def test_pages_are_what_the_table_and_the_examples_make() -> None:
    pages = make_pages()
    assert {path for path in pages if path.parent != DOCS} == {*(DOCS / "rules").iterdir()}, "run: make rules"
    assert [path.name for path, text in pages.items() if path.read_text() != text] == [], "run: make rules"


def test_every_rule_has_an_entry_and_every_entry_a_rule() -> None:
    assert list(ENTRIES) == list(RULES)


@pytest.mark.parametrize("rule", ENTRIES)
def test_example_breaks_its_rule_and_no_other(rule: str) -> None:
    entry = ENTRIES[rule]
    outcome = judge(entry)
    assert broken(outcome, rule) == sorted({rule, *entry.also})
    assert outcome.after.analysis.will_start is entry.starts
    assert (entry.starts is False) is RULES[rule].stops
    assert entry.ignore or entry.starts is False
    assert entry.check in ("passes", "fails", "n/a")


@pytest.mark.parametrize("rule", ENTRIES)
def test_findings_about_a_line_of_the_configuration_have_its_column(rule: str) -> None:
    verdict = judge(ENTRIES[rule]).before
    for finding in verdict.analysis.findings:
        if finding.file == DEFAULT_CONFIG and finding.line:
            line = verdict.texts[finding.file].decode().splitlines()[finding.line - 1]
            begins = (
                "#!",
                "/*",
                "loadm",
                "modparam(",
                "incl",
                "listen",
                "ds_",
                "sql_",
                "tcp_",
                '"4"',
                "user",
                ");",
                "route(",
                "t_on_",
            )
            assert finding.column and line[finding.column - 1 :].startswith(begins)


def test_nothing_is_found_in_the_files_that_an_example_leaves_out() -> None:
    entry = next(iter(ENTRIES.values()))._replace(config=CONFIG, list=LIST)
    assert judge(entry).before.analysis.findings == ()
    assert set(RULES) > USUAL


def test_every_play_of_a_page_is_a_playbook_that_is_run() -> None:
    books = {
        without_header(path) for folder in ("docs", "demo") for path in (ROOT / folder / "playbooks").glob("*.yml")
    }
    plays = [block for block in BLOCKS if block.is_play()]
    assert [block[:2] for block in plays if block.text not in books] == []
    assert len(plays) > 10


def test_every_playbook_is_shown_on_a_page_or_linked() -> None:
    shown = {block.text for block in BLOCKS}
    texts = "".join(path.read_text() for path in TEXTS)
    paths = (DOCS / "playbooks").glob("*.yml")
    assert [
        path.name for path in paths if without_header(path) not in shown and "playbooks/" + path.name not in texts
    ] == []


def test_the_table_of_the_night_counts_the_commands_of_its_sections() -> None:
    rows = re.findall(r"^\| \[(\d+)\. (.*)\]\((#.*)\) \| (\d+) \| \d+ \|", (DOCS / "night.md").read_text(), re.M)
    found = sections()
    assert [(int(number), title, int(count)) for number, title, _link, count in rows] == [
        (section.number, section.title, len(section.commands)) for section in found
    ]
    assert [section.number for section in found] == [*range(1, 14)]
    words = [word for section in found for command in section.commands for word in shlex.split(command)]
    books = {path.name for path in (DOCS / "playbooks").glob("*.yml")}
    assert [word for word in words if word.endswith(".yml") and word not in books] == []


def test_every_block_is_a_play_or_tasks_or_variables() -> None:
    others = [
        block[:2] for block in BLOCKS if not (block.is_play() or block.is_tasks() or isinstance(block.value, dict))
    ]
    # Lists that other tools read are those of the check.
    assert [place for place in others if place[0] != "docs/check.md"] == []


def test_tasks_of_the_pages_are_tasks(tmp_path: Path) -> None:
    tasks = [block for block in BLOCKS if block.is_tasks()]
    play = {"hosts": "localhost", "gather_facts": False}
    book = tmp_path / "book.json"
    book.write_text(json.dumps([{**play, "name": "%s:%d" % block[:2], "tasks": block.value} for block in tasks]))
    done = ansible("ansible-playbook", "--syntax-check", "-i", "localhost,", book)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(tasks) > 10


def unknown_options(given: Any, options: dict[str, Any], place: str) -> list[str]:
    """The options of a task that the documentation of its module does not have, and choices that are none."""
    found = []
    for entry in given if isinstance(given, list) else [given]:
        for name, value in (entry or {}).items() if isinstance(entry, dict) else ():
            option = options.get(name)
            if option is None:
                found.append("%s: %s" % (place, name))
                continue
            values = value if isinstance(value, list) else [value]
            plain = [choice for choice in values if not isinstance(choice, (dict, bool)) and "{{" not in str(choice)]
            found += [
                "%s: %s: %s" % (place, name, choice) for choice in plain if choice not in option.get("choices", plain)
            ]
            if option.get("suboptions"):
                found += unknown_options(value, option["suboptions"], place)
    return found


def test_tasks_of_the_pages_give_options_that_there_are() -> None:
    names = ["sipfleet.kamailio." + path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")]
    done = ansible("ansible-doc", "--json", *names)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout)
    seen, found = 0, []

    def look(value: Any, place: str) -> None:
        nonlocal seen
        for entry in value if isinstance(value, list) else [value]:
            for name, given in entry.items() if isinstance(entry, dict) else ():
                if name in modules and place:
                    seen += 1
                    found.extend(unknown_options(given, modules[name]["doc"]["options"], place))
                elif name in ("tasks", "handlers", "block"):
                    look(given, place)

    for block in BLOCKS:
        if isinstance(block.value, list):
            look(block.value, "%s:%d" % block[:2])
    assert found == [] and seen > 20


def test_variables_of_the_pages_are_those_of_the_roles_and_playbooks() -> None:
    known: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for role in ROLES:
        specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
        known.update(specs["argument_specs"]["main"]["options"])
    for book in BOOKS:
        text = (ROOT / "playbooks" / (book + ".yml")).read_text()
        told.update((name, {}) for name in re.findall(r"^#   (\w+) {2,}", text, re.M))
    known.update(told)
    prefixes = tuple(name + "_" for name in ROLES | BOOKS)
    found = []
    for block in BLOCKS:
        if isinstance(block.value, dict):
            given = {name: value for name, value in block.value.items() if str(name).startswith(prefixes)}
            found += ["%s:%d: %s" % (*block[:2], name) for name in given.keys() - known.keys()]
            for name in given.keys() & known.keys():
                options = known[name].get("options")
                found += unknown_options(given[name], options, "%s:%d" % block[:2]) if options else []
    named = {name for path in TEXTS for name in re.findall(r"`((?:%s)\w+)" % "|".join(prefixes), path.read_text())}
    found += sorted(
        name for name in named - known.keys() if name not in NAMES and not name.startswith("dispatcher_plan")
    )
    assert found == [] and len(known) > 40
    assert sorted(told.keys() - named) == [], "variables of a playbook that no page names"


def test_names_of_the_collection_are_those_that_there_are() -> None:
    named = {(path.name, name) for path in TEXTS for name in re.findall(r"sipfleet\.kamailio\.(\w+)", path.read_text())}
    assert {name for name in named if name[1] not in NAMES} == set()
    assert sorted(NAMES - {name for _path, name in named}) == []


def anchor_of(heading: str) -> str:
    """The anchor that GitHub gives a heading, and the site as well."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)|`", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def prose_of(path: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(path)):
        if re.match(r"\w+:", link):
            continue
        name, _hash, anchor = link.partition("#")
        target = path.parent / name if name else path
        places = re.findall(r"^#+ (.*)$", prose_of(target), re.M) if anchor and target.exists() else []
        if not target.exists() or anchor not in {anchor_of(heading) for heading in places} | {""}:
            found.append(link)
    assert found == []


def test_every_page_is_in_the_tree_of_the_site_and_on_its_start_page() -> None:
    tree = re.findall(r"<?(\w[\w/-]*)>?$", (DOCS / "site" / "toctree.md").read_text(), re.M)
    start = (DOCS / "index.md").read_text()
    pages = [path.stem for path in PAGES if path.parent == DOCS and path.stem != "index"]
    assert [name for name in pages if tree.count(name) != 1] == []
    assert [name for name in pages if "](%s.md" % name not in start] == []


def test_rooms_of_the_design_are_those_that_there_are() -> None:
    rows = re.findall(r"^\| (`_.*?) \|", (DOCS / "design.md").read_text(), re.M)
    assert [name for row in rows for name in re.findall(r"`(_\w+)`", row)] == LAYERS


def test_compatibility_names_what_is_pinned() -> None:
    (core,) = re.findall(r"^ansible-core==(\d+\.\d+)", (ROOT / "requirements-dev.txt").read_text(), re.M)
    page = (DOCS / "compatibility.md").read_text()
    assert re.search(r"^\| %s \|" % re.escape(core), page, re.M)
    oldest = re.findall(r">=(\d+\.\d+)", (ROOT / "meta" / "runtime.yml").read_text())
    assert [oldest[0] in line for line in page.splitlines() if "`meta/runtime.yml`" in line] == [True]
    assert min(re.findall(r"^\| (\d+\.\d+) \|", page, re.M), key=lambda core: int(core.split(".")[1])) == oldest[0]


HEAD = """\
loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 9)
modparam("dispatcher", "ds_probing_mode", 1)
"""
# A list or a configuration, the version, the rule that finds what is wrong with it, and the code in the row of
# docs/reading.md about it, empty where the row has none.
READ = [
    ("x sip:192.0.2.1\n", "6.1.5", "setid-not-a-number", ""),
    ("1\n", "6.1.5", "list-line-incomplete", ""),
    ("1 sip:192.0.2.1 AP\n", "6.1.5", "flags-not-a-number", "AP"),
    ("1 sip:192.0.2.1 0x8\n", "5.6.3", "flags-not-a-number", "0x8"),
    ("1 sip:192.0.2.1 8junk\n", "6.1.5", "flags-not-a-number", "8junk"),
    ("1 sip:192.0.2.1 8 -1\n", "6.1.5", "priority-not-a-number", "-1"),
    ("99999999999 sip:192.0.2.1 8\n", "6.1.5", "number-overflow", ""),
    ('1 sip:192.0.2.1 8 0 a="b c"\n', "6.1.5", "text-ignored", ""),
    ("1 sip:192.0.2.1 8 0 weight=50,duid=a\n", "6.1.5", "attrs-comma", ""),
    ("1 sip:192.0.2.1 8 0 duid=;a=1\n", "6.1.5", "attrs-broken", "duid=;a=1"),
    ("1 sip:192.0.2.1 8 0 weight=101\n", "6.1.5", "weight-out-of-range", ""),
    ("1 sip:192.0.2.1 8\n1 sip:192.0.2.1 8\n", "6.1.5", "destination-twice", ""),
    (HEAD + "/* see /etc/*.cfg */\n", "6.1.5", "comment-unclosed", "/* see /etc/*.cfg */"),
    (HEAD + "#!ifdef X\n#!else # note\n#!endif\n", "6.1.5", "directive-not-recognised", "#!else # note"),
    (HEAD + "#!ifdef X\n#!endif # note\n", "6.1.5", "config-syntax", "#!endif # note"),
    (HEAD + "#!ifexp 1 > 0\nx=1\n#!endif\n", "5.6.3", "directive-not-recognised", "#!ifexp"),
    (HEAD + "route[A] {\n$var(a) = $(var(a){\ns.len});\n}\n", "6.1.5", "config-syntax", "$(var(a){"),
    (HEAD + "#!ifdef !X\n#!endif\n", "6.1.5", "directive-not-recognised", "#!ifdef !NAME"),
    (HEAD + "#!ifdef \nX\n#!endif\n", "6.1.5", "directive-not-recognised", "#!ifdef"),
    (HEAD + "".join("#!define D%d\n" % number for number in range(513)), "6.1.5", "config-syntax", ""),
    (HEAD + "#!define X 1\n#!define X 2\n", "6.1.5", "config-syntax", ""),
    (HEAD + 'include_file "/x.cfg"\n', "6.1.5", "include-missing", "include_file"),
    (HEAD + 'loadmodule "tm.so"\n', "6.1.5", "module-twice", ""),
    ('loadmodule("tm.so")\n', "5.6.3", "config-syntax", 'loadmodule("tm.so")'),
]


def rows_of_reading() -> list[tuple[set[str], set[str]]]:
    """The code in each row of docs/reading.md that names rules, and these rules."""
    lines = (DOCS / "reading.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ") and "](rules/" in line]
    return [({*re.findall(r"`([^`]+)`", row)}, {*re.findall(r"rules/([\w-]+)\.md", row)}) for row in rows]


@pytest.mark.parametrize(("text", "version", "rule", "code"), READ, ids=["%s-%s" % case[2:] for case in READ])
def test_rows_about_reading_name_the_rule_that_finds_it(text: str, version: str, rule: str, code: str) -> None:
    entry = next(iter(ENTRIES.values()))._replace(config=HEAD, list=LIST, version=version)
    is_config = "loadmodule" in text
    outcome = judge(entry._replace(config=text) if is_config else entry._replace(list=text))
    assert rule in {finding.rule for finding in outcome.before.analysis.findings}
    named = [rules for codes, rules in rows_of_reading() if code in codes] if code else [{rule}]
    assert named and all(rule in rules for rules in named)


def test_every_thing_that_is_read_otherwise_has_its_row() -> None:
    rows = Counter(rule for _codes, rules in rows_of_reading() for rule in rules)
    assert Counter(case[2] for case in READ) - rows == Counter()


GUIDE = "Use sipfleet.kamailio.validate here."


def test_pages_of_plugins_get_a_short_title_and_the_way_back() -> None:
    title = "sipfleet.kamailio.validate module -- Refuse"
    text = "%s\n%s\n\n.. contents::\n   :local:\n\nSynopsis\n" % (title, "+" * len(title))
    page = Page("validate_module", "validate", "module", "Refuse")
    assert guides_of(page, {"a": GUIDE, "b": "sipfleet.kamailio.validated"}) == ["a"]
    done = finish(text, page, ["a"])
    assert done.startswith("sipfleet.kamailio.validate\n++++++++++++++++++++++++++\n\nRefuse.\n")
    assert "contents::" not in done and done.endswith("* :doc:`/a`\n")
    role = Page("server_role", "server", "role", "A server")
    index = make_index([page, role])
    assert "| [`validate`](validate_module.rst) | Refuse |" in index and "role server <server_role>" in index


def test_the_main_entry_point_of_a_role_comes_first() -> None:
    entries = [".. _x__entrypoint-%s:\n\n%s\n\n" % (name, name) for name in ("apply", "main", "preflight")]
    text = "head\n\n%s.. Extra links\nlinks\n" % "".join(entries)
    assert re.findall(r"^\w+$", main_first(text), re.M) == ["head", "main", "apply", "preflight", "links"]


def test_a_site_with_broken_links_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<p id="a"><a href="b.html#x">b</a> <a href="#a">a</a> <a href="https://x.org">x</a>'
    )
    (tmp_path / "b.html").write_text(
        '<p id="x"><a href="index.html#b">b</a><a href="c.html">c</a><script src="//cdn.org/x">'
    )
    assert problems_of(tmp_path, ["index.html", "d.html"]) == [
        "d.html is not there",
        "b.html: index.html#b has no such place",
        "b.html: c.html leads nowhere",
        "b.html: //cdn.org/x is fetched from elsewhere",
    ]
    assert {"rules.html", "reference/validate_module.html", "reference/server_role.html"} <= {*expected_pages()}
