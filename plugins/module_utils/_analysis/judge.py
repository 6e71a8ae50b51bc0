# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A verdict on the files of a server: what its configuration says, what is wrong, and what is probed."""

from __future__ import annotations

from types import MappingProxyType
from typing import Callable, Collection, Dict, Mapping, NamedTuple, Optional, Tuple

from .._change import Change
from .._config.evaluate import Evaluator
from .._config.model import Evaluation, Invocation
from .._versions import Version
from .analyse import Analysis, Host, Listing, analyse, list_path
from .refusals import Said, not_asked

_NO_TEXTS: Mapping[str, bytes] = MappingProxyType({})


class Question(NamedTuple):
    """What is judged: a configuration and its list.

    C(texts) stand in for files, by path (that of an included file normalised), and C(list_text) for the list.
    C(listing) is the path of the list, None for the one that the configuration names. Findings of the rules in
    C(ignore) are left out.
    """

    config: str
    texts: Mapping[str, bytes] = _NO_TEXTS
    listing: Optional[str] = None
    list_text: Optional[bytes] = None
    ignore: Collection[str] = ()


class Site(NamedTuple):
    """For what server it is judged, and with what its files are read and evaluated.

    C(host) is None where it cannot be asked anything; C(ask) gives what C(kamailio -c) says of a configuration.
    """

    version: Version
    invocation: Invocation
    evaluator: Evaluator
    host: Optional[Host] = None
    ask: Callable[[Evaluation], Said] = not_asked

    def evaluate(self, question: Question, texts: Mapping[str, bytes] = _NO_TEXTS) -> Evaluation:
        """Evaluate the configuration of a question, with more texts. Raises KamailioError."""
        return self.evaluator(question.config, self.version, self.invocation, {**question.texts, **texts})


class Verdict(NamedTuple):
    """The answer to a question."""

    question: Question
    evaluation: Evaluation
    listing: Listing
    analysis: Analysis

    @property
    def texts(self) -> Dict[str, bytes]:
        """What the findings are about, by the names of the files."""
        return {**self.evaluation.files, self.listing.path: self.listing.data or b""}

    def changes_to(self, after: Verdict) -> Tuple[Change, ...]:
        """Return the files, and the texts, that change: those of the configuration, then the list."""
        files = [Change(path, data, after.evaluation.files[path]) for path, data in self.evaluation.files.items()]
        files.append(Change(after.listing.path, self.listing.data, after.listing.data or b""))
        return tuple(change for change in files if change.before is not None and change.changed)


def judge(question: Question, site: Site) -> Verdict:
    """Judge the files of a server. Raises KamailioError where there is nothing to judge."""
    evaluation = site.evaluate(question)
    listing = _listing(question, evaluation, site.evaluator)
    analysis = analyse(evaluation, listing, site.version, site.host, site.ask(evaluation))
    kept = tuple(finding for finding in analysis.findings if finding.rule not in question.ignore)
    return Verdict(question, evaluation, listing, analysis._replace(findings=kept))


def _listing(question: Question, evaluation: Evaluation, evaluator: Evaluator) -> Listing:
    path = question.listing or list_path(evaluation)
    given = question.listing is not None or question.list_text is not None
    data = question.list_text
    if data is None and path and (given or evaluation.load("dispatcher")):
        # A folder that the user gives as the list is a mistake; the server takes one for an empty list.
        read = evaluator.read_list if question.listing is None else evaluator.read
        data = question.texts[path] if path in question.texts else read(path)
    return Listing(path, data, given)
