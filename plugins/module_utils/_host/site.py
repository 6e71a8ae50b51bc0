# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""The host of a module as a place where files are judged."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from .._analysis.analyse import with_modules
from .._analysis.judge import Site
from .._caller import Caller
from .._config.evaluate import Evaluator
from .._config.preprocess import Reader
from .._versions import given_version
from .facts import host_of, host_version
from .files import reads_as_empty
from .service import beside_of


def site_of(module: Caller, params: Mapping[str, Any], read: Callable[[str], Optional[bytes]], include: Reader) -> Site:
    """Return the site of an AnsibleModule, by its C(params) with the configuration filled in. Raises KamailioError.

    Where the user says which version to judge for, or how another Kamailio is run, this host tells nothing of modules
    and users.
    """
    service, invocation = beside_of(params["defines"], params["instance"], params["config"])
    version = given_version(params["kamailio_version"] or host_version(module, params["kamailio_command"]))
    elsewhere = params["kamailio_version"] or params["kamailio_command"]

    def read_list(path: str) -> Optional[bytes]:
        return b"" if reads_as_empty(path) else read(path)

    host = None if elsewhere else host_of(service)
    if params.get("modules_available") is not None:
        host = with_modules(host, params["modules_available"])
    return Site(version, invocation, Evaluator(read, include, read_list), host)
