# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""The host of a module as a place where files are judged."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Union

from ._errors import Problem
from ._exit import SEEN
from ._guard import Site
from ._host.facts import host_of, host_version
from ._host.files import read_include
from ._host.service import as_config, beside_of


def site_of(module: Any, params: Mapping[str, Any], read: Callable[[str], Optional[bytes]]) -> Site:
    """The site of an AnsibleModule, by its C(params) with the configuration filled in. Raises KamailioError.

    Where the user says which version to judge for, or how another Kamailio is run, this host tells nothing of modules
    and users.
    """
    service, invocation = beside_of(params["defines"], params["instance"], params["config"])
    version = params["kamailio_version"] or host_version(module, params["kamailio_command"])
    SEEN.read(as_config(invocation))

    def seen(path: str) -> Optional[bytes]:
        data = read(path)
        SEEN.read(data)
        return data

    def seen_include(path: str) -> Union[bytes, Problem, None]:
        data = read_include(path)
        SEEN.read(data if isinstance(data, bytes) else None)
        return data

    elsewhere = params["kamailio_version"] or params["kamailio_command"]
    return Site(version, invocation, seen, seen_include, None if elsewhere else host_of(service))
