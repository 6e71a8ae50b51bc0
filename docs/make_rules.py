# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/rules.md and docs/rules/ from the table of rules, docs/rules.yml and what validate says of its examples.

python docs/make_rules.py, with the Python of .work/venv.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple, Sequence

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / ".work" / "collections"))

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import DEFAULT_LIST, Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import Outcome, Policy, guard
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question, Site
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.refusals import (
    Said,
    TriedStart,
    parse_refusals,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import NOTHING_BESIDE, Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import LINE_BYTES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import DEFAULT_CONFIG
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES, SEVERITIES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import given_version

OVERVIEW = Path(__file__).with_name("rules.md")
FOLDER = OVERVIEW.with_suffix("")
SHORT = {DEFAULT_CONFIG: "kamailio.cfg", DEFAULT_LIST: "dispatcher.list"}
# Where an example says nothing else: nothing is found in these.
CONFIG = """\
loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 30)
modparam("dispatcher", "ds_probing_mode", 1)
"""
LIST = "1 sip:192.0.2.11:5060 8\n"
LISTEN = "listen=udp:192.0.2.1:5060"
# Findings that come along with others, and fail nothing.
USUAL = {"probing-until-first-answer", "interval-shorter-than-timeout"}


class Entry(NamedTuple):
    """What the code does not know of a rule; docs/rules.yml says what each of them is."""

    about: str
    behaviour: str
    why: str
    check: str
    starts: bool | None
    ignore: str = ""
    log: str = ""
    config: str = CONFIG
    list: str | None = LIST
    version: str = "6.1.5"
    also: Sequence[str] = ()
    host: dict[str, str] | None = None


def load_entries() -> dict[str, Entry]:
    """docs/rules.yml, by rule."""
    entries = yaml.safe_load(OVERVIEW.with_suffix(".yml").read_text())
    return {rule: Entry(**entry) for rule, entry in entries.items()}


def expand(text: str | None) -> str | None:
    """A list with its @LONG@ filled up to the bytes that the server reads of a line."""
    before, long, after = (text or "").partition("@LONG@")
    return before + "x" * (LINE_BYTES - len(before)) + after if long else text


def shown(config: str) -> str:
    """A configuration as the page has it, with the list where the server looks by itself."""
    return config.replace("@LIST@\n", "").replace("@LISTEN@", LISTEN).replace("@DIR@", "/etc/kamailio")


def judge(entry: Entry) -> Outcome:
    """What validate makes of an example."""
    host = _host(entry.host) if entry.host else None
    site = Site(given_version(entry.version), NOTHING_BESIDE, Evaluator(lambda _path: None, lambda _path: None), host)
    log = (entry.host or {}).get("refuses")
    dies = (entry.host or {}).get("dies")
    if log:
        site = site._replace(ask=lambda evaluation: Said(parse_refusals(log, evaluation)))
    if dies:
        site = site._replace(ask=lambda _evaluation: Said(start=TriedStart(False, dies)))
    listing = expand(entry.list)
    texts = {DEFAULT_CONFIG: shown(entry.config).encode()}
    return guard(Question(DEFAULT_CONFIG, texts, None, None if listing is None else listing.encode()), site, Policy())


def _host(said: dict[str, str]) -> Host:
    """A host that lacks a module or an address, or has a file that who starts the server, or runs it, cannot read."""

    def can_read(path: str, account: Account) -> bool:
        return not account.user or SHORT[path] != said["unreadable"]

    return Host(
        lambda load: load.name != said.get("lacks"),
        can_read,
        Account(said.get("started_by")),
        Account(said.get("switches_to")),
        lambda address: address.decode() != said.get("lacks_address"),
        False,
    )


def broken(outcome: Outcome, rule: str) -> list[str]:
    """The rules that are broken, without the findings that come along with others."""
    return sorted({finding.rule for finding in outcome.before.analysis.findings} - (USUAL - {rule}))


def message(rule: str, entry: Entry) -> str:
    """What validate prints, or for a note, of which it prints nothing, what it finds."""
    outcome = judge(entry)
    verdict = outcome.before
    findings = [finding for finding in verdict.analysis.findings if finding.rule == rule]
    text = outcome.refusal or render_findings(findings, verdict.texts)
    for path, short in SHORT.items():
        text = text.replace(path, short)
    return text


def make_pages() -> dict[Path, str]:
    """The text of docs/rules.md, and of a page for each rule."""
    entries = load_entries()
    parts = [INTRODUCTION % (_block("`kamailio.cfg`:", shown(CONFIG)), _block("`dispatcher.list`:", LIST))]
    for severity in SEVERITIES:
        rows = ["| rule | what it is about | server starts | `kamailio -c` |", "|---|---|---|---|"]
        rows += [_row(name, entries[name]) for name, rule in RULES.items() if rule.severity == severity]
        parts.append("## %ss\n\n%s\n" % (severity.capitalize(), "\n".join(rows)))
    pages = {FOLDER / (name + ".md"): _page(name, entries[name]) for name in RULES}
    return {OVERVIEW: "\n".join([*parts, EFFECT]), **pages}


def _row(name: str, entry: Entry) -> str:
    starts = {True: "yes", False: "**no**", None: "not known"}[entry.starts]
    return "| [`%s`](rules/%s.md) | %s | %s | %s |" % (name, name, entry.about, starts, entry.check)


def _page(name: str, entry: Entry) -> str:
    rule = RULES[name]
    starts = {
        True: "the server starts",
        False: "**the server does not start**",
        None: "only the server knows whether it starts",
    }[entry.starts]
    check = "" if entry.check == "n/a" else ", `kamailio -c` " + entry.check
    if entry.starts is False and entry.check == "passes":
        check = ", though `kamailio -c` passes"
    parts = [MADE, "# %s\n" % name, "%s: %s%s.\n" % (rule.severity.capitalize(), starts, check), "## Example\n"]
    if entry.config != CONFIG:
        parts.append(_block("`kamailio.cfg`:", shown(entry.config)))
    if entry.list not in (LIST, None):
        parts.append(_block("`dispatcher.list`:", str(entry.list).replace("@LONG@", "xxx…xxx")))
    parts.append(_block("`validate` says, for Kamailio %s:" % entry.version, message(name, entry)))
    parts.append("## What the server does\n\n%s\n" % entry.behaviour)
    if entry.log:
        parts.append("In the log: `%s`\n" % entry.log)
    parts.append("## Why it matters\n\n%s\n" % entry.why)
    parts.append("## What to do\n\n%s.\n" % rule.remedy)
    parts.append("## When to ignore it\n\n%s\n" % (entry.ignore or NEVER_IGNORED))
    return "\n".join(parts)


def _block(title: str, text: str) -> str:
    return "%s\n\n```text\n%s\n```\n" % (title, text.rstrip("\n"))


MADE = "<!-- Made by docs/make_rules.py: change docs/rules.yml, and run that. -->\n"
NEVER_IGNORED = "Never: the server does not start, and `will_start` stays false."
INTRODUCTION = (
    MADE
    + """
# What is found

`validate` reports these rules, `dispatcher_list` with `config` refuses by them, and `dispatcher_list_info` reports
those about the list alone. `page` in a finding is the page of its rule.

Severities: an `error` keeps the server from starting or loses destinations, a `warning` is probing that cannot work or
text that the server does not take as it was meant, a `note` never fails a task. Each rule is confirmed by servers of
Kamailio 5.4, 5.6, 6.0 and 6.1 in `tests/conformance`.

With `fail_on: error` a warning fails no task either. A rule that you know and want as it is goes into `ignore`: it is
neither found nor corrected, and `will_start` still says what the server does.

```yaml
- name: Nothing that would not start, and nothing that loses destinations but those of IPv6
  sipfleet.kamailio.validate:
    fail_on: error
    ignore: [ipv6-not-listened]
```

Each rule has a page of its own with an example that breaks it, what `validate` says of that, what the server does, why
it matters, what to do, and when to ignore it; a note, which is only in the result, is shown
as it would be printed. Servers of these versions run the examples in `tests/conformance`, except for those that only a
host shows. Where a file of an example is not given, it is this one, or nothing reads it:

%s
%s"""
)
EFFECT = """\
## The effect on a destination

`probing` in the result has an `effect` for each destination, for one that answers:

| `ds_probing_mode` | `continuously` | `until_first_answer` | `never` |
|---|---|---|---|
| 0 (default) | | flag 8 | no flag 8 |
| 1 | with or without flag 8 | | |
| 2 | | flags 1 and 8 together | all others |
| 3 | flag 8 | | no flag 8 |

In every mode it is `never` with flag 4 (disabled), with flags 16 or 32 from Kamailio 6.0 on, and where `tm` or the
interval is missing. A destination that loses its P flag with its first ping or answer is not watched any more: who
writes 8 nearly always wants `ds_probing_mode` 1 or 3.

It is `never` as well for a destination that is to be probed and to which no ping can be sent (`ping-cannot-be-sent`,
`transport-not-listened`), and which is marked as down; for one that the server skips; and for all of them where it
reads a database, or does not start.

One answer is enough for a destination that is not inactive. One with flag 1 loses its P flag in the modes 0 and 2 when
it has given as many as `ds_inactive_threshold` says, which is one where it is not set.

Where the same URI stands twice in a set, a server before Kamailio 6.1 takes all answers for those of the first one: the
one with the highest priority, of equal ones the last in the file. The others keep their P flag, so that in the modes 0
and 2 they are probed `continuously` instead of `until_first_answer`. From 6.1 on each gets its own answers.
"""

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    pages = make_pages()
    for old in {*FOLDER.iterdir()} - {*pages}:
        old.unlink()
    for path, text in pages.items():
        path.write_text(text)
