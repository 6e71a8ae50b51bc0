# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Other servers of a host that read the same list, or include the same files."""

from __future__ import annotations

import contextlib
from typing import Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._analysis.analyse import list_path
from .._analysis.guard import Policy, refusal_of
from .._analysis.judge import Question, Verdict, judge
from .._caller import Caller
from .._config.evaluate import Evaluator
from .._errors import KamailioError
from .._versions import Version
from .files import read_file, read_include
from .naming import could_change
from .service import Service, read_service, running_units, starts, trusted_path
from .site import site_of


class Reader(NamedTuple):
    """A server that runs as another unit, and what it shares.

    C(shared) has the path of each file that was asked for, by the name that the server has for it. C(listing) is such a
    name, that of its list, None if it does not share that. C(trusted) says whether everybody who can change its
    configuration could change those files otherwise: with any other they could keep a task from writing them.
    """

    unit: str
    config: str
    shared: Mapping[str, str]
    listing: Optional[str]
    trusted: bool


def readers_of(paths: Collection[str], config: str, version: Version) -> List[Reader]:
    """Return the other servers that read some of these files, in the order of their units.

    They are those whose units run now and start another configuration than C(config). A server whose unit or
    configuration cannot be read is left out.
    """
    wanted = {trusted_path(path): path for path in paths}
    found = []
    for unit in running_units():
        with contextlib.suppress(KamailioError):
            service = read_service(unit)
            if service and not starts(service, config):
                reader = _reader(unit, service, wanted, version)
                found += [reader] if reader.shared else []
    return found


def _reader(unit: str, service: Service, wanted: Mapping[str, str], version: Version) -> Reader:
    evaluation = Evaluator(read_file, read_include)(service.config, version, service.invocation, {})
    listing = list_path(evaluation) if evaluation.load("dispatcher") else None
    shared: Dict[str, str] = {}
    for name in [*evaluation.files, *([listing] if listing else [])]:
        real = trusted_path(name)
        if real in wanted:
            shared[name] = wanted[real]
    trusted = all(could_change(evaluation, path) for path in shared.values())
    return Reader(unit, service.config, shared, listing if listing in shared else None, trusted)


def refusal_of_readers(
    module: Caller, readers: Sequence[Reader], texts: Mapping[str, bytes], policy: Policy, ignore: Collection[str]
) -> Optional[str]:
    """Return why files cannot be written: what they would break in other servers that read them, None if nothing.

    C(texts) are the files as they will be. What was wrong with those servers before is left to their own tasks.
    """
    said = []
    for reader in readers:
        if not reader.trusted:
            continue
        own = {name: texts[path] for name, path in reader.shared.items() if path in texts}
        params = {"config": reader.config, "instance": reader.unit, "defines": "auto"}
        asked = dict(params, kamailio_version=None, kamailio_command=None)
        with contextlib.suppress(KamailioError):
            site = site_of(module, asked, read_file, read_include)
            before, after = (judge(Question(reader.config, given, ignore=ignore), site) for given in ({}, own))
            refusal = refusal_of(_only_new(before, after), policy)
            if refusal:
                said.append("%s starts %s, which reads this as well. %s" % (reader.unit, reader.config, refusal))
    return "\n\n".join(said) or None


def _only_new(before: Verdict, after: Verdict) -> Verdict:
    known = {(finding.rule, finding.destination, finding.text) for finding in before.analysis.findings}
    new = [each for each in after.analysis.findings if (each.rule, each.destination, each.text) not in known]
    return after._replace(analysis=after.analysis._replace(findings=tuple(new)))
