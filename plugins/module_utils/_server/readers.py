# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What other servers of a host need, after a change of files that they read as well."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._caller import Caller
from .._dispatcher.document import parse_document
from .._errors import KamailioError
from .._host.files import read_list
from .._host.places import record_path
from .._host.readers import Reader
from .reload import judge_reload
from .server import load_list, reach


class Behind(NamedTuple):
    """Another server that reads the same files, and whether it needs a C(reload) or a C(restart) for them.

    C(due) is C(none) if it runs what the files say, and None if it does not answer.
    """

    reader: Reader
    due: Optional[str]


def compare_readers(module: Caller, readers: Sequence[Reader], texts: Mapping[str, bytes]) -> List[Behind]:
    """Compare what other servers run with the files that they read; C(texts) are those that will be written."""
    return [Behind(reader, _due(module, reader, texts)) for reader in readers]


def _due(module: Caller, reader: Reader, texts: Mapping[str, bytes]) -> Optional[str]:
    if any(path in texts and name != reader.listing for name, path in reader.shared.items()):
        return "restart"
    if reader.listing is None:
        return "none"
    task = copy.copy(module)
    task.params = dict(module.params, config=None, socket=None, instance=reader.unit, defines="auto")
    try:
        live = reach(task)
        before = read_list(reader.listing)
        after = texts.get(reader.shared[reader.listing], before)
        standing = None if after == before else parse_document(before or b"", live.version)
        record = record_path(module.params["record"], live.config)
        reasons = judge_reload(live, load_list(live, after), record, standing).reasons
    except KamailioError:
        return None
    return "reload" if reasons else "none"


def describe_readers(found: Sequence[Behind]) -> List[Dict[str, Any]]:
    """Describe other servers as a result of a module has them."""
    return [{"unit": each.reader.unit, "config": each.reader.config, "due": each.due} for each in found]


def render_behind(found: Sequence[Behind]) -> List[str]:
    """Return a warning for each server that runs without what its files say."""
    remedies = {
        "reload": "Reload it as well, with its unit in instance",
        "restart": "Restart it as well, by deploy with its unit in instance and restart=due",
    }
    return [
        "%s reads %s as well, and needs a %s for it. %s"
        % (each.reader.unit, ", ".join(sorted(each.reader.shared)), each.due, remedies[each.due])
        for each in found
        if each.due in remedies
    ]
