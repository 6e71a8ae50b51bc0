# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package of one release is replaced by that of another one, on hosts whose servers run.

The hosts have the system of trixie, with the package of bookworm made anew and installed: its program needs no library
that trixie does not have. The package of trixie is in their repository.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Host

from fleet.rollout import GOOD, Proxies, until
from fleet.server_role import REPACK, enter_fleet

OLD, NEW = "5.6.3", "6.0.1"
UPGRADED = ("u1", "u2")
HOSTS = [
    Host("u1", "trixie", "198.51.100.61"),
    Host("u2", "trixie", "198.51.100.62"),
    Host("b1", "bookworm", "198.51.100.63"),
    Host("d1", "trixie", "198.51.100.21"),
    Host("d2", "trixie", "198.51.100.22"),
]
# Its own packages go, and that of bookworm comes, which names two libraries that none of its modules here needs.
DOWNGRADE = """
apt-get purge --yes 'kamailio*' >/dev/null
sed -i 's/^Depends:.*/Depends: adduser, python3/' /root/old/DEBIAN/control
dpkg-deb -Zgzip -z1 --build /root/old /root/old.deb >/dev/null
dpkg --install /root/old.deb >/dev/null
systemctl stop kamailio
cd /srv/repository
cp /root/old.deb .
{
    echo
    cat /root/old/DEBIAN/control
    echo Filename: ./old.deb
    echo Size: "$(stat -c %s old.deb)"
    echo SHA256: "$(sha256sum old.deb | cut -d ' ' -f 1)"
} >>Packages
"""


class Upgrades(Proxies):
    """Two hosts with the old release, behind a balancer that hands calls to both."""

    def inventory(self, **hosts: dict[str, Any]) -> dict[str, Any]:
        """The inventory, with the balancer in a group of its own."""
        found = self.fleet.inventory()
        children = found["all"]["children"]
        children["kamailio"] = {"hosts": {host: hosts.get(host, {}) for host in UPGRADED}}
        children["balancers"] = {"hosts": {"b1": {}}}
        return found

    def upgrade(self, *arguments: str, **variables: Any) -> tuple[int, str]:
        """Run the play of the documentation."""
        return self.play(*arguments, book="../docs/playbooks/upgrade.yml", release=NEW, **variables)

    def version(self, host: str) -> str:
        """The release that the server of a host runs."""
        found = re.search(r"kamailio (\S+)", self.must(host, "kamcmd", "core.version"))
        assert found
        return found[1]

    def flags(self, host: str) -> dict[str, str]:
        """The flags of the destinations that a server runs."""
        return dict(re.findall(r"URI: (\S+)\s+FLAGS: (\w+)", self.must(host, "kamcmd", "dispatcher.list")))

    def starts(self, host: str) -> str:
        """When the server of a host was started."""
        return self.must(host, "systemctl", "show", "-p", "ExecMainStartTimestampMonotonic", "kamailio")


@pytest.fixture(scope="module")
def upgrades(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrades]:
    """The hosts, with the old release running."""
    with contextlib.ExitStack() as stack:
        fleet = enter_fleet(stack, HOSTS)
        folder: Path = tmp_path_factory.mktemp("upgrade")

        def shell(host: str, script: str, stdin: str = "") -> str:
            done = fleet.run(host, "sh", "-ec", script, stdin=stdin, seconds=300)
            assert done.returncode == 0, (host, done.stdout, done.stderr)
            return done.stdout

        packed = shell("b1", REPACK + "tar --create --gzip --directory /root/package . | base64")
        for host in UPGRADED:
            shell(host, "apt-get purge --yes 'kamailio-*' >/dev/null\n" + REPACK)
            shell(host, "mkdir /root/old; base64 --decode | tar --extract --gzip --directory /root/old", packed)
            shell(host, DOWNGRADE)
        yield Upgrades(fleet, folder, [*UPGRADED, "b1"])


def balanced(upgrades: Upgrades) -> None:
    """Let the balancer have both hosts as its destinations."""
    targets = "".join(f"1 sip:{upgrades.fleet.hosts[host].address}:5060 8\n" for host in UPGRADED)
    upgrades.write("b1", "/etc/kamailio/dispatcher.list", targets)
    upgrades.must("b1", "systemctl", "restart", "kamailio")
    until(lambda: len(upgrades.runs("b1")) == 2)


@pytest.mark.nightly
def test_a_fleet_gets_another_release_host_by_host(upgrades: Upgrades) -> None:
    balanced(upgrades)
    assert [upgrades.version(host) for host in UPGRADED] == [OLD, OLD]
    # Two gateways, of which one is disabled by hand.
    more = GOOD.replace(":5060", ":5061")
    for host in UPGRADED:
        upgrades.write(host, "/etc/kamailio/dispatcher.list", f"1 {GOOD} 8\n1 {more} 8\n")
        upgrades.must(host, "kamcmd", "dispatcher.reload")
        upgrades.must(host, "kamcmd", "dispatcher.set_state", "dx", "1", more)
    # What the new release would not start with is found before any package is touched.
    config = upgrades.configs["u2"]
    bad = config.replace("request_route", 'loadmodule "app_sqlang.so"\nrequest_route', 1)
    upgrades.write("u2", "/etc/kamailio/kamailio.cfg", bad)
    started = [upgrades.starts(host) for host in UPGRADED]
    status, printed = upgrades.upgrade()
    assert status != 0 and "app_sqlang" in printed, printed
    upgrades.write("u2", "/etc/kamailio/kamailio.cfg", config)
    installed = [upgrades.must(host, "kamailio", "-v").split()[2] for host in UPGRADED]
    assert installed == [OLD, OLD] and [upgrades.starts(host) for host in UPGRADED] == started

    status, printed = upgrades.upgrade()
    assert status == 0, printed
    assert [upgrades.version(host) for host in UPGRADED] == [NEW, NEW]
    for host in UPGRADED:
        assert upgrades.files(host)[0] == upgrades.configs[host] and not upgrades.pending(host)
        assert upgrades.flags(host)[more].startswith("D"), upgrades.flags(host)
        log = upgrades.must(host, "journalctl", "-u", "kamailio", "-o", "cat", "--no-pager")
        assert "error" not in log.rpartition("Started kamailio")[2].lower(), log
    assert set(upgrades.flags("b1").values()) <= {"AP", "AX"}, upgrades.flags("b1")
    started = [upgrades.starts(host) for host in UPGRADED]
    status, again = upgrades.upgrade()
    assert status == 0 and [upgrades.starts(host) for host in UPGRADED] == started, again
    # One of them goes back.
    old = ["kamailio=%s-2" % OLD]
    back = upgrades.play("--limit", "u1", book="../docs/playbooks/upgrade_back.yml", old_packages=old, patience=20)
    assert back[0] == 0 and [upgrades.version(host) for host in UPGRADED] == [OLD, NEW], back[1]
    assert upgrades.flags("u1")[more].startswith("D")
