# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data in a page of the audit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)


def data_of(path: Path) -> dict[str, Any]:
    """The data in a page."""
    found = _DATA.search(path.read_text())
    assert found
    data: dict[str, Any] = json.loads(found.group(2))
    return data


def with_hosts(path: Path, hosts: dict[str, Any], to: Path) -> Path:
    """The same page with other hosts, as the template writes them."""
    text, data = path.read_text(), json.dumps({**data_of(path), "hosts": hosts}, separators=(",", ":"))
    for char in "&<>":
        data = data.replace(char, "\\u%04x" % ord(char))
    to.write_text(_DATA.sub(lambda found: found.group(1) + data + found.group(3), text))
    return to
