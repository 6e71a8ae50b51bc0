# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role server on a host that it has made, on one without the package, and on one with other files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from lab.fleet import Host

from fleet.server_role import CONFIG, LIST, OWN, REPACK, Lab, enter_fleet

pytestmark = pytest.mark.nightly
HOSTS = [
    Host("s2", "trixie", "198.51.100.32"),
    Host("bare", "trixie", "198.51.100.34"),
    Host("gate", "trixie", "198.51.100.41"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The hosts with the role."""
    with contextlib.ExitStack() as stack:
        yield Lab(enter_fleet(stack, HOSTS), tmp_path_factory.mktemp("role"))


@pytest.fixture(scope="module")
def served(lab: Lab) -> Lab:
    """A server, made by the role from the untouched package."""
    assert lab.applied("s2") == {"s2": 3}
    return lab


def test_a_change_restarts_once_and_check_mode_does_not(served: Lab) -> None:
    before = served.started("s2")
    status, printed = served.play("s2", "--check", "--diff", server_children=3)
    assert status == 0 and "+children=3" in printed, printed
    assert served.started("s2") == before
    # The configuration, and the handler.
    assert served.applied("s2", server_children=3) == {"s2": 2}
    assert served.started("s2") != before and served.runs("s2")
    assert served.applied("s2") == {"s2": 2}


@pytest.mark.nightly
def test_a_restart_that_a_run_was_cut_off_before(served: Lab) -> None:
    before = served.started("s2")
    served.must("s2", "touch", CONFIG)
    # What asks, and the handler.
    assert served.applied("s2") == {"s2": 2}
    assert served.started("s2") != before and served.runs("s2")
    assert served.applied("s2", "-e", "server_started=false") == {"s2": 1} and not served.runs("s2")
    served.must("s2", "touch", CONFIG)
    assert served.applied("s2", "-e", "server_started=false") == {"s2": 0}
    assert served.applied("s2") == {"s2": 1} and served.runs("s2")


# variables, and what is said about them
WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"server_manage_config": "maybe"},
        "value of server_manage_config must be one of: auto, always, never, got: maybe",
    ),
    ({"server_rpc_mode": "0666"}, "value of server_rpc_mode must be one of: 0600, 0660, got: 0666"),
    ({"server_children": "many"}, "argument 'server_children' is of type str"),
    ({"server_listen": "udp:10.0.0.1:5060"}, "With -e they are given as JSON"),
    ({"server_modules": [{"params": {}}]}, "missing required arguments: name found in server_modules"),
    ({"server_modules": [{"name": "tm", "modparams": {}}]}, "modparams"),
    ({"server_modules": [{"name": "tm"}, {"name": "ctl"}]}, "are both ctl"),
    ({"server_modules": [{"name": "tm", "params": {"fr_timr": 1}}]}, "has no parameter fr_timr"),
    ({"server_route": "request_route { no_such_function(); }"}, "no_such_function"),
    ({"server_config": "/etc/kamailio/other.cfg"}, "The service starts /etc/kamailio/kamailio.cfg"),
]


@pytest.mark.parametrize(
    ("variables", "message"), WRONG, ids=lambda case: "-".join(case) if isinstance(case, dict) else ""
)
def test_wrong_variables(served: Lab, variables: dict[str, Any], message: str) -> None:
    before = served.must("s2", "cat", CONFIG), served.started("s2")
    status, printed = served.play("s2", **variables)
    assert status != 0 and message in printed, printed
    assert (served.must("s2", "cat", CONFIG), served.started("s2")) == before


# What makes a host one with its own configuration, where the package's own is still there.
@pytest.mark.nightly
def test_a_package_configuration_that_was_changed_or_includes_more(lab: Lab) -> None:
    lab.shell("gate", 'echo "#!define WITH_DEBUG" >/etc/kamailio/kamailio-local.cfg')
    before = lab.must("gate", "cat", CONFIG)
    lab.applied("gate", server_started=False)
    assert lab.must("gate", "cat", CONFIG) == before
    lab.shell("gate", 'rm /etc/kamailio/kamailio-local.cfg; echo "# mine" >>"$1"', CONFIG)
    lab.applied("gate", server_started=False)
    assert lab.must("gate", "cat", CONFIG) == before + "# mine\n"


@pytest.mark.nightly
def test_a_configuration_elsewhere(lab: Lab) -> None:
    kept = lab.must("bare", "cat", "/etc/default/kamailio")
    lab.write("bare", "/etc/default/kamailio", "CFGFILE=/etc/kamailio/main.cfg\n")
    lab.write("bare", "/etc/kamailio/main.cfg", OWN)
    before = lab.must("bare", "cat", CONFIG)
    try:
        status, printed = lab.play("bare")
        assert status != 0 and "The service starts /etc/kamailio/main.cfg" in printed, printed
        lab.applied("bare", server_config="/etc/kamailio/main.cfg")
        assert lab.runs("bare")
        assert (lab.must("bare", "cat", CONFIG), lab.must("bare", "cat", "/etc/kamailio/main.cfg")) == (before, OWN)
    finally:
        lab.write("bare", "/etc/default/kamailio", kept)
        lab.shell("bare", "systemctl stop kamailio; rm /etc/kamailio/main.cfg")


# The host is left without the package.
REPOSITORY = (
    REPACK
    + """
DEBIAN_FRONTEND=noninteractive apt-get purge --yes kamailio
deluser kamailio || true
rm -rf /etc/kamailio /var/lib/apt/lists/*
"""
)


@pytest.fixture(scope="module")
def packages(lab: Lab) -> Lab:
    """The fleet with a host that has the package in its repository, and not installed."""
    lab.shell("bare", REPOSITORY)
    return lab


@pytest.mark.nightly
def test_a_host_without_the_package(packages: Lab) -> None:
    lab = packages
    lab.shell("bare", "dpkg --purge kamailio; rm -rf /etc/kamailio; deluser kamailio || true")
    assert lab.fleet.run("bare", "sh", "-c", "command -v kamailio || id kamailio").returncode
    status, printed = lab.play("bare", "--check", "--diff")
    assert status == 0 and f"{CONFIG} and {LIST} would be written" in printed, printed
    assert lab.fleet.run("bare", "sh", "-c", "command -v kamailio || ls /etc/kamailio").returncode
    status, printed = lab.play("bare", "--check", server_user="sip", server_group="sip")
    assert status == 0, printed
    starts = ["journalctl", "-u", "kamailio", "--no-pager", "-o", "cat"]
    before = lab.must("bare", *starts).count("Started kamailio")
    # The package, the list, the configuration and the service, which does not run with another before.
    assert lab.applied("bare") == {"bare": 4}
    assert lab.runs("bare") and lab.answers_options("bare")
    assert lab.must("bare", *starts).count("Started kamailio") == before + 1
    assert lab.modes("bare", CONFIG, LIST) == ["root:kamailio 640"] * 2
    assert lab.applied("bare") == {"bare": 0}


@pytest.mark.nightly
def test_a_host_without_the_package_and_with_a_configuration(packages: Lab) -> None:
    lab = packages
    lab.shell("bare", "dpkg --purge kamailio")
    lab.shell("bare", 'mkdir -p /etc/kamailio; cat >"$1"', CONFIG, stdin=OWN)
    lab.applied("bare")
    assert lab.must("bare", "cat", CONFIG) == OWN
    assert lab.runs("bare")
