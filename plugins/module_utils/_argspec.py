# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Options that a module and an action plugin share."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ._errors import error

# 30 days. Sums of them are far from what the functions of time and the journal of a change take.
_MOST_SECONDS = 30 * 24 * 3600


def require_seconds(params: Mapping[str, Any], *names: str) -> None:
    """Refuse options that are not a time to wait: C(timeout) is above 0, others can be 0. Raises KamailioError."""
    for name in names:
        least = "above 0 and up" if name == "timeout" else "from 0"
        # Neither holds for what is not a number.
        if not 0 <= params[name] <= _MOST_SECONDS or (name == "timeout" and not params[name]):
            raise error("%s is %.10g" % (name, params[name]), "Give a number %s to %d seconds" % (least, _MOST_SECONDS))


def require_percent(params: Mapping[str, Any]) -> None:
    """Refuse a C(healthy_percent) that is none. Raises KamailioError."""
    if not 0 <= params["healthy_percent"] <= 100:
        raise error("healthy_percent is %g" % params["healthy_percent"], "Give a percentage")


def judging_spec() -> Dict[str, Dict[str, Any]]:
    """What is done about findings, and what must be known to judge."""
    return {
        "on_violation": {"type": "str", "choices": ["refuse", "correct", "report"], "default": "refuse"},
        "correction": {"type": "str", "choices": ["load_tm", "clear_probing"], "default": "load_tm"},
        "ping_interval": {"type": "int", "default": 10},
        "probing_mode": {"type": "int", "choices": [1, 3]},
        "fail_on": {"type": "str", "choices": ["error", "warning"], "default": "warning"},
        "ignore": {"type": "list", "elements": "str", "default": []},
        "kamailio_command": {"type": "list", "elements": "str"},
        "kamailio_version": {"type": "str"},
        **beside_spec(),
    }


def beside_spec() -> Dict[str, Dict[str, Any]]:
    """What the server gets beside its configuration."""
    return {"defines": {"type": "raw", "default": "auto"}, "instance": {"type": "str"}}


def links_spec() -> Dict[str, Dict[str, Any]]:
    """Which symbolic links are followed."""
    return {"follow": {"type": "bool", "default": False}}


def server_spec() -> Dict[str, Dict[str, Any]]:
    """Where a running server is found."""
    return {
        "config": {"type": "path"},
        "socket": {"type": "str"},
        "timeout": {"type": "float", "default": 10},
        **beside_spec(),
    }


def gate_spec() -> Dict[str, Dict[str, Any]]:
    """How the answers of destinations are waited for."""
    return {
        "healthy_timeout": {"type": "float", "default": 0},
        "healthy_percent": {"type": "float", "default": 100},
        "healthy_probe": {"type": "bool", "default": True},
    }


def reload_spec() -> Dict[str, Dict[str, Any]]:
    """The argument specification of sipfleet.kamailio.dispatcher_reload."""
    return {
        **server_spec(),
        "keep_state": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        "record": {"type": "path", "default": "/var/lib/sipfleet-kamailio"},
        "reload_timeout": {"type": "float", "default": 60},
        **gate_spec(),
        "healthy_since": {"type": "float"},
        "healthy_piece": {"type": "float", "default": 0},
        "down_before": {
            "type": "list",
            "elements": "dict",
            "options": {"setid": {"type": "int", "required": True}, "uri": {"type": "str", "required": True}},
        },
    }


def _file_spec() -> Dict[str, Dict[str, Any]]:
    """A file that a task brings, and a tree of files."""
    return {
        "path": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "content": {"type": "str"},
        "src": {"type": "str"},
        "template": {"type": "str"},
        "tree": {"type": "str"},
        "purge": {"type": "bool", "default": False},
        "encoded": {"type": "str"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "raw"},
    }


def deploy_spec() -> Dict[str, Dict[str, Any]]:
    """The argument specification of sipfleet.kamailio.deploy."""
    return {
        **server_spec(),
        "state": {"type": "str", "choices": ["present", "confirmed", "reverted"], "default": "present"},
        "change": {"type": "str"},
        "modules": {"type": "list", "elements": "dict", "default": []},
        "destinations": {"type": "list", "elements": "dict"},
        "purge": {"type": "str", "choices": ["none", "set", "file"], "default": "none"},
        "attrs_mode": {"type": "str", "choices": ["replace", "merge"], "default": "replace"},
        "ensure_order": {"type": "bool", "default": False},
        "files": {"type": "list", "elements": "dict", "default": [], "options": _file_spec()},
        "fail_on": {"type": "str", "choices": ["error", "warning"], "default": "warning"},
        "ignore": {"type": "list", "elements": "str", "default": []},
        "keep_state": {"type": "bool", "default": True},
        "record": {"type": "path", "default": "/var/lib/sipfleet-kamailio"},
        "reload_timeout": {"type": "float", "default": 60},
        "rehearse": {"type": "str", "choices": ["auto", "required", "never"], "default": "auto"},
        "restart_timeout": {"type": "float", "default": 60},
        "restart": {"type": "str", "choices": ["needed", "due", "never"], "default": "needed"},
        "restart_command": {"type": "list", "elements": "str"},
        **gate_spec(),
        "confirm": {"type": "bool", "default": True},
        "confirm_timeout": {"type": "float", "default": 30},
        "backup": {"type": "bool", "default": False},
        "unsafe_writes": {"type": "bool", "default": False},
        **links_spec(),
    }


def validate_spec() -> Dict[str, Dict[str, Any]]:
    """The argument specification of sipfleet.kamailio.validate."""
    return {
        "config": {"type": "path"},
        "config_content": {"type": "str"},
        "dispatcher_list": {"type": "path"},
        "dispatcher_content": {"type": "str"},
        "included_content": {"type": "dict", "default": {}},
        "check": {"type": "bool", "default": True},
        "rehearse": {"type": "str", "choices": ["auto", "required", "never"], "default": "never"},
        "modules_available": {"type": "list", "elements": "str"},
        **judging_spec(),
        "backup": {"type": "bool", "default": False},
        "unsafe_writes": {"type": "bool", "default": False},
        **links_spec(),
    }
