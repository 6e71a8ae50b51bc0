# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set-ups for servers that modules talk to while they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.module import command, result_of

from conformance.setups import Setup

FIFO = """loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "fifo_name", "@DIR@/fifo")
modparam("jsonrpcs", "fifo_reply_dir", "@DIR@/")
"""
TM = 'loadmodule "tm.so"\nmodparam("tm", "fr_timer", 1000)\n'
DISPATCHER = 'loadmodule "dispatcher.so"\n@LIST@\n'


def param(name: str, value: int) -> str:
    """A parameter of dispatcher that is a number."""
    return f'modparam("dispatcher", "{name}", {value})\n'


PROBED = FIFO + TM + DISPATCHER + param("ds_ping_interval", 1) + param("reload_delta", 1)
UNPROBED = FIFO + DISPATCHER + param("reload_delta", 1)


class Live(Setup):
    """A set-up, and modules that are given its configuration."""

    def __init__(self, folder: Path, body: str, listing: str, route: str = "exit;") -> None:
        super().__init__(folder, body, listing, route)
        self.record = folder / "record"

    def arguments(self, module: str, **options: Any) -> dict[str, Any]:
        """The arguments of a module for this server."""
        keeping = ("dispatcher_info", "dispatcher_reload", "dispatcher_runtime")
        kept = {"record": str(self.record)} if module in keeping else {}
        return {"config": str(self.config), "defines": [], **kept, **options}

    def call(self, module: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """What a module returns."""
        return result_of(self.folder, module, check_mode, **self.arguments(module, **options))

    def command(self, module: str, name: str, **options: Any) -> list[str]:
        """The command line that runs a module."""
        return command(self.folder, name, {"_ansible_diff": True, **self.arguments(module, **options)}, module)

    def reload(self, **options: Any) -> dict[str, Any]:
        """What dispatcher_reload returns."""
        return self.call("dispatcher_reload", **options)


def kinds(result: dict[str, Any]) -> list[tuple[str, int]]:
    """The kinds of drift, with their sets."""
    return [(difference["kind"], difference["setid"]) for difference in result["drift"]]


def warnings_of(result: dict[str, Any]) -> str:
    """The warnings of a module, whatever the form that ansible-core gives them."""
    return str(result.get("warnings", ""))
