# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the guides that need hosts with systemd, run in the order in which the guides have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.fleet import Fleet

from fleet.rollout import EACH_VERSION, GOOD, MORE, ROOT, Proxies, until

# The gateways of the guides are those of the lab.
GATEWAYS = [GOOD, MORE]
# One of each version.
SERVERS = EACH_VERSION
FROM_TEMPLATE = f"# gateways of the inventory\n1 {GOOD} 8 0 duid=d1\n1 {MORE} 8 0 duid=d2\n"
PROBING = re.compile(r'modparam\("dispatcher", "ds_p.*\n')


class Documented(Proxies):
    """A fleet on which the playbooks of the documentation are run as they are."""

    def inventory(self, **hosts: dict[str, Any]) -> dict[str, Any]:
        """The inventory with three of the servers, and with the group of the README as well."""
        found = super().inventory(**hosts)
        found["all"]["children"] |= {"kamailio": {"hosts": all_hosts({})}}
        return found

    def run_book(self, name: str, *arguments: str, **variables: Any) -> tuple[int, str]:
        """Run a playbook of the documentation; what is probed each second here is so each ten in the guides."""
        return self.play(*arguments, book="../docs/playbooks/" + name, **{"ping_interval": 1, **variables})

    def good(self, name: str, *arguments: str, **variables: Any) -> tuple[dict[str, int], str]:
        """Run one that has to succeed: how many tasks changed each host, and what it printed."""
        status, printed = self.run_book(name, *arguments, **variables)
        assert status == 0, printed
        return {
            host: int(count) for host, count in re.findall(r"^(k\d) +: ok=\d+ +changed=(\d+)", printed, re.M)
        }, printed


@pytest.fixture
def docs(fleet: Fleet, tmp_path: Path) -> Documented:
    """A host of each version as it was installed, with its server running."""
    (tmp_path / "plays").mkdir()
    return Documented(fleet, tmp_path / "plays", SERVERS)


def variables_of(page: str) -> dict[str, Any]:
    """The variables that a page of the documentation has in its one block that sets variables of the role."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.M | re.S)
    (found,) = [block for block in blocks if re.search(r"^dispatcher_\w+:", block, re.M)]
    variables: dict[str, Any] = yaml.safe_load(found)
    return variables


def all_hosts(value: Any) -> dict[str, Any]:
    """The same for every server."""
    return dict.fromkeys(SERVERS, value)


def test_the_tutorial(docs: Documented) -> None:
    by_hand = f"1 {GOOD} 8\n1 {MORE} 8\n"
    for host in SERVERS:
        docs.write(host, "/etc/kamailio/kamailio.cfg", PROBING.sub("", docs.configs[host]))
        docs.write(host, "/etc/kamailio/dispatcher.list", by_hand)
        docs.must(host, "systemctl", "restart", "kamailio")
    until(lambda: all(docs.runs(host) == GATEWAYS for host in SERVERS))
    # Refused, and not touched.
    status, printed = docs.run_book("guard.yml")
    assert status != 0 and printed.count("warning: probing-without-interval") >= 3, printed
    assert all(docs.files(host)[1] == by_hand for host in SERVERS)
    status, printed = docs.play(book="audit.yml")
    assert status == 0 and len(re.findall(r'"k\d .* runs +0 +2 +0 +2 +0 +0"', printed)) == 3, printed
    # Repaired, after a look.
    before = {host: docs.files(host) for host in SERVERS}
    _counts, printed = docs.good("repair.yml", "--check", "--diff")
    assert printed.count('+modparam("dispatcher", "ds_ping_interval", 1)') == 3, printed
    assert {host: docs.files(host) for host in SERVERS} == before
    assert docs.good("repair.yml")[0] == all_hosts(2)
    assert docs.good("guard.yml")[0] == all_hosts(2)
    assert all(docs.files(host)[1] == FROM_TEMPLATE for host in SERVERS)
    # From a template to data: the same destinations are no change.
    assert docs.good("destinations.yml")[0] == all_hosts(0)
    # One host, and then all of them.
    wanted = variables_of("tutorial.md")
    assert docs.good("dispatcher.yml", "--limit", "k1", **wanted)[0] == {"k1": 1}
    status, shown = docs.play("--check", "--diff", **wanted)
    assert status == 0 and shown.count("would change (reload)") == 2 and 'k1: nothing to do"' in shown, shown
    _counts, printed = docs.good("rollout.yml", **wanted)
    assert printed.count('changed (reload)"') == 2 and 'k1: nothing to do"' in printed, printed
    assert all(docs.runs(host) == sorted([*GATEWAYS, MORE]) for host in SERVERS)
    assert docs.good("nightly.yml")[0] == all_hosts(0)
    docs.write("k5", "/etc/kamailio/dispatcher.list", by_hand)
    status, printed = docs.run_book("nightly.yml")
    assert status != 0 and printed.count("FAILED!") == 1, printed


@pytest.mark.nightly
def test_the_guard_of_templates_and_the_way_from_them(docs: Documented) -> None:
    before = {host: docs.files(host) for host in SERVERS}
    status, printed = docs.run_book("guard_templates.yml", ping_interval=0)
    assert status != 0 and printed.count("warning: probing-without-interval") >= 3, printed
    assert {host: docs.files(host) for host in SERVERS} == before
    # Both files, and both handlers.
    assert docs.good("guard_templates.yml")[0] == all_hosts(3)
    written = {host: docs.files(host) for host in SERVERS}
    assert all(files[1] == FROM_TEMPLATE for files in written.values())
    # Nothing changes on the day on which the templates go.
    for book in ("migrate_list.yml", "migrate_role.yml", "migrate_config.yml"):
        assert docs.good(book)[0] == all_hosts(0), book
    assert {host: docs.files(host) for host in SERVERS} == written
    # The list is the module's, and so is what the fleet sets in the configuration.
    docs.write("k1", "/etc/kamailio/dispatcher.list", FROM_TEMPLATE.replace(" 8 ", " 0 "))
    assert docs.good("migrate_list.yml", "--limit", "k1,gateways")[0] == {"k1": 1}
    assert docs.files("k1")[1] == FROM_TEMPLATE
    docs.write("k3", "/etc/kamailio/dispatcher.list", f"1 {MORE} 8 0 duid=d2\n")
    assert docs.good("migrate_role.yml", "--limit", "k3,gateways")[0] == {"k3": 1}
    assert docs.runs("k3") == GATEWAYS
    assert docs.good("migrate_config.yml", "--limit", "k5", ping_interval=2)[0] == {"k5": 2}
    assert docs.files("k5")[0] == written["k5"][0].replace('"ds_ping_interval", 1', '"ds_ping_interval", 2')


@pytest.mark.nightly
def test_templates_that_stay(docs: Documented) -> None:
    assert docs.good("deploy_templates.yml")[0] == all_hosts(1)
    written = {host: docs.files(host) for host in SERVERS}
    assert all(files[1] == FROM_TEMPLATE for files in written.values())
    assert docs.good("deploy_templates.yml")[0] == all_hosts(0)
    # One that the server would not start with is written nowhere.
    status, printed = docs.run_book("deploy_templates.yml", ping_interval="-c")
    assert status != 0 and "Nothing has been changed" in printed, printed
    assert {host: docs.files(host) for host in SERVERS} == written
    assert all(docs.runs(host) == GATEWAYS for host in SERVERS)
    for host in SERVERS:
        docs.must(host, "systemctl", "stop", "kamailio")
    assert docs.good("deploy_templates.yml")[0] == all_hosts(1)
    assert all(docs.runs(host) == GATEWAYS for host in SERVERS)


@pytest.mark.nightly
def test_the_verification_of_a_role(docs: Documented) -> None:
    limit = ("--limit", "kamailio")
    assert docs.good("molecule_verify.yml", *limit)[0] == all_hosts(0)
    docs.write("k1", "/etc/kamailio/dispatcher.list", f"1 {GOOD} AP\n")
    docs.write("k3", "/etc/kamailio/dispatcher.list", f"1 {MORE} 8\n")
    docs.must("k5", "systemctl", "stop", "kamailio")
    status, printed = docs.run_book("molecule_verify.yml", *limit)
    failed = re.findall(r"^(k\d) .* failed=[1-9]", printed, re.M)
    assert status != 0 and failed == ["k1", "k3", "k5"] and "flags-not-a-number" in printed, printed


def test_the_play_of_the_readme(docs: Documented) -> None:
    docs.write("k1", "/etc/kamailio/dispatcher.list", "1 sip:10.0.0.12:5060\n")
    docs.good("probed.yml")
    line = "1 sip:10.0.0.11:5060 8 10 weight=50;duid=a\n"
    assert all(docs.files(host)[1].replace("# gateways\n", "") == line for host in SERVERS)
    assert docs.good("probed.yml")[0] == all_hosts(0)
