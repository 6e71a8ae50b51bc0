# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import (
    arguments_of,
    beside_of,
    config_of,
    invocation_of_defines,
    read_service,
    running_units,
)

UNIT = """[Unit]
Environment=NOT=this
[Service]
# Environment=NOR=this
Environment='CFGFILE=/etc/kamailio/kamailio.cfg' "WORD=two words"
Environment=MEMORY=64
EnvironmentFile=-@DIR@/default
EnvironmentFile=-@DIR@/default.d/*
ExecStart=/usr/sbin/kamailio -P /run/k.pid -f $CFGFILE \\
  # a comment
  -m ${MEMORY} $EXTRA
[Install]
ExecStart=/bin/false
"""
TEMPLATE = "[Service]\nExecStart=/usr/sbin/kamailio -f /etc/kamailio/kamailio-%i.cfg -A WITH_%i -A COST=$$5\n"


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Unit folders, the first of which wins."""
    names = [tmp_path / "etc", tmp_path / "lib"]
    for name in names:
        name.mkdir()
    (names[1] / "kamailio.service").write_text(UNIT.replace("@DIR@", str(tmp_path)))
    (names[1] / "kamailio@.service").write_text(TEMPLATE)
    return [str(name) for name in names]


def test_a_unit_with_its_files(folders: list[str], tmp_path: Path) -> None:
    (tmp_path / "default").write_text("# note\nCFGFILE=/etc/other.cfg\nEXTRA=\"-A ONE -A 'TWO=x y'\"\n")
    (tmp_path / "default.d").mkdir()
    (tmp_path / "default.d" / "more").write_text("MEMORY=128\n")
    service = read_service(None, folders)
    assert service and (service.path, service.config) == (folders[1] + "/kamailio.service", "/etc/other.cfg")
    assert service.invocation.defines == ("ONE", "TWO=x y")
    environment = service.invocation.environment or {}
    assert (environment["WORD"], environment["MEMORY"], environment["PATH"]) == ("two words", "128", None)
    assert service.started_by == service.switches_to == Account()
    assert "NOT" not in environment and "NOR" not in environment


def test_drop_ins_and_overrides(folders: list[str]) -> None:
    for folder, name, text in (
        (folders[1], "20-b.conf", "[Service]\nEnvironment=EXTRA=-AB\n"),
        (folders[0], "10-a.conf", "[Service]\nEnvironment=EXTRA=-AA\n"),
        (
            folders[0],
            "20-b.conf",
            "[Service]\nExecStart=\nExecStart=-/usr/sbin/kamailio --loadmodule=tm $EXTRA -L /lib -w /srv -l udp:lo\n",
        ),
    ):
        Path(folder, "kamailio.service.d").mkdir(exist_ok=True)
        Path(folder, "kamailio.service.d", name).write_text(text)
    service = read_service(None, folders)
    assert service and service.config == "/etc/kamailio/kamailio.cfg"
    assert service.invocation._replace(environment=None) == Invocation(
        ("A",), ("tm",), load_path="/lib", listens=("udp:lo",), folder="/srv"
    )


@pytest.mark.parametrize("instance", ["edge", "kamailio@edge", "kamailio@edge.service"])
def test_an_instance(instance: str, folders: list[str]) -> None:
    service = read_service(instance, folders)
    assert service and service.config == "/etc/kamailio/kamailio-edge.cfg"
    assert service.invocation.defines == ("WITH_edge", "COST=$5")


def test_no_unit(tmp_path: Path) -> None:
    assert read_service(None, [str(tmp_path)]) is None
    text = r"the host has no unit kamailio@edge\.service\. For a unit of its own, give its whole name: edge\.service"
    with pytest.raises(KamailioError, match=text):
        read_service("edge", [str(tmp_path)])
    with pytest.raises(KamailioError, match=r"the host has no unit edge\.service\. Give the name of an instance"):
        read_service("edge.service", [str(tmp_path)])
    with pytest.raises(KamailioError, match="is not the name of an instance"):
        read_service("../x", [str(tmp_path)])


def test_another_program(folders: list[str]) -> None:
    Path(folders[0], "proxy.service").write_text("[Service]\nExecStart=/usr/sbin/haproxy -f x\n")
    assert read_service("proxy.service", folders) is None


def test_a_command_line_that_is_not_understood(folders: list[str]) -> None:
    Path(folders[0], "kamailio.service").write_text("[Service]\nExecStart=/usr/sbin/kamailio --no-such-option\n")
    with pytest.raises(KamailioError, match=r"kamailio.service: .*no-such-option.* Give defines as a list"):
        read_service(None, folders)


def test_everything_comes_back_as_arguments(folders: list[str]) -> None:
    line = "-L /lib -A X=1 --loadmodule=pv --substdef=!A!b!g --modparam=tm:fr_timer:i:5 --modparam=tm:x:s:a:b"
    Path(folders[0], "kamailio.service").write_text("[Service]\nExecStart=/usr/sbin/kamailio " + line)
    service = read_service(None, folders)
    assert service and arguments_of(service.invocation) == line.split()
    assert service.invocation.params == (("tm", "fr_timer", 5), ("tm", "x", b"a:b"))


def test_defines_that_are_given() -> None:
    assert invocation_of_defines(["A", "B=1"]) == beside_of(["A", "B=1"], None, "/x")[1] == Invocation(("A", "B=1"))
    assert invocation_of_defines("auto") == Invocation()
    for wrong in ("-A X", ["1"], [1], {"A": 1}, ["-X"]):
        with pytest.raises(KamailioError, match="defines is neither auto nor a list"):
            invocation_of_defines(wrong)


def test_the_configuration_that_is_meant() -> None:
    assert config_of(None, None) == "/etc/kamailio/kamailio.cfg"
    assert config_of("/x", "edge") == "/x"


def test_who_a_server_is(folders: list[str], tmp_path: Path) -> None:
    unit = Path(folders[1]) / "kamailio.service"
    unit.write_text(UNIT.replace("@DIR@", str(tmp_path)).replace("[Service]", "[Service]\nUser=kamailio\nGroup=voip"))
    (tmp_path / "default").write_text('EXTRA="-u sip -g 30"\n')
    service = read_service(None, folders)
    assert service and service.started_by == Account("kamailio", "voip")
    assert service.switches_to == Account("sip", "30")


def test_units_that_run(tmp_path: Path) -> None:
    for name in (
        "invocation:kamailio.service",
        "invocation:kamailio@b.service",
        "invocation:run-x.scope",
        "log:a.service",
    ):
        (tmp_path / name).symlink_to("0123")
    assert running_units(str(tmp_path)) == ["kamailio.service", "kamailio@b.service"]
    assert running_units(str(tmp_path / "no-systemd")) == []
