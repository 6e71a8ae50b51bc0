# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What leaves a task: results, messages and logs without secrets, and without characters that a terminal obeys."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ._everywhere import (
    beginnings_of,
    has_hint,
    hints_in,
    mask_beginnings,
    mask_text,
    secret_values,
    spellings,
    tellable,
    url_passwords,
)
from ._secrets import MASK, is_secret, is_secret_value, mask_assigned
from ._text import CUT, readable_bytes, visible

# The texts of whole files that validate returns to be written back: they stay exact, with the secrets in them.
_EXACT = ("corrected",)
# What a dict with a name has under it, as in {"name": "DB_PASS", "value": "..."}.
_VALUES = ("value", "all_values")
# Playbooks find what modules return under such names, so these stay, even if a secret is the same word.
_FIELD = re.compile(r"[a-z][a-z_]*\Z")


class Seen:
    """What a task has been given and has read; its secrets are masked wherever they occur in what leaves the task."""

    def __init__(self) -> None:
        self._texts: Dict[bytes, None] = {}
        self._options: Optional[Mapping[str, Any]] = None
        self._named: Set[str] = set()

    def read(self, *texts: Optional[bytes]) -> None:
        """Remember texts; None is a file that is not there."""
        self._texts.update(dict.fromkeys(text for text in texts if text))

    def take(self, options: Mapping[str, Any]) -> None:
        """Remember the options of the task. To take the same ones again costs nothing."""
        if options is self._options:
            return
        self._options = options
        found = _strings_of(options)
        assigned = {text: mask_assigned(text) for text in found.elements}
        self._named |= found.secrets
        self._named |= {text[len(masked) - len(_MASK) :] for text, masked in assigned.items() if text != masked}
        telling = [text for text in found.texts | found.free_names() if "/" in text or has_hint(text)]
        self.read(*(readable_bytes(text) for text in telling if "\n" in text))
        # One text of what can be thousands of attributes.
        self.read(readable_bytes("\n".join(sorted(text for text in telling if "\n" not in text))))

    def clean(self, value: Any) -> Any:
        """The value with all secrets masked and every character printable; a copy if that changes anything."""
        exact = {name: value[name] for name in _EXACT if name in value} if isinstance(value, dict) else {}
        if exact:
            return {**self.clean({name: member for name, member in value.items() if name not in exact}), **exact}
        found = _strings_of(value)
        changed = self._changed(found)
        if not changed and not found.secrets:
            return value
        return _rewritten(
            value, changed, {name: changed[name] for name in found.free_names() if name in changed}, False
        )

    def _changed(self, found: _Strings) -> Dict[str, str]:
        """The texts that change, and what each becomes."""
        # What holds for all of them at once is looked at first: there can be hundreds of thousands.
        names = found.free_names()
        texts = found.texts | names if names else found.texts
        joined = "\n".join(texts)
        hints = hints_in(joined)
        telling = [text for text in texts if has_hint(text, hints)] if hints else []
        masked = {
            text: mask_assigned(mask_text(text)) if text in found.elements else mask_text(text) for text in telling
        }
        known = self._secrets(found, telling)
        secrets = [secret for secret in known if secret in joined]
        beginnings = beginnings_of(known) if CUT in joined else set()
        if not secrets and not beginnings and joined.replace("\n", "").isprintable():
            return {original: text for original, text in masked.items() if original != text}
        changed = {}
        for original in texts:
            text = masked.get(original, original)
            for secret in secrets:
                text = text.replace(secret, _MASK)
            if beginnings and CUT in text:
                text = mask_beginnings(text, beginnings)
            text = visible(text)
            if text != original:
                changed[original] = text
        return changed

    def _secrets(self, found: _Strings, telling: Sequence[str]) -> List[str]:
        """The values to mask wherever they occur."""
        sources = [secret_values(text) for text in self._texts]
        sources += [url_passwords(readable_bytes(text)) for text in telling if "@" in text]
        sources += [spellings(readable_bytes(secret) for secret in group) for group in (found.secrets, self._named)]
        # If they are too many, those of destinations are too many.
        values = [value for source in sorted(sources, key=len) for value in sorted(source)]
        return tellable(values, list(self._texts))


# Of this process, which is one task.
SEEN = Seen()
_MASK = MASK.decode()


class _Strings(NamedTuple):
    """The strings of a value: those that are secret by their name, all others, those in lists; and the names.

    C(shapes) are the names of the dicts that were met, each with whether any of them is secret.
    """

    secrets: Set[str]
    texts: Set[str]
    elements: Set[str]
    names: Set[Any]
    shapes: Dict[Tuple[Any, ...], bool]

    def free_names(self) -> Set[str]:
        """Those of the names that are not fields of the collection's results."""
        return {name for name in self.names if isinstance(name, str) and not _FIELD.match(name)}


def _strings_of(value: Any) -> _Strings:
    found = _Strings(set(), set(), set(), set(), {})
    _gather(value, found, False)
    return found


# Most of a large result is of these, or a str; Ansible gives its own subclasses of them to action plugins.
_PLAIN = frozenset([int, float, bool, type(None)])


def _gather(value: Any, found: _Strings, secret: bool) -> None:
    if isinstance(value, dict):
        shape = tuple(value)
        if shape not in found.shapes:
            found.names.update(shape)
            found.shapes[shape] = any(is_secret(str(name)) for name in shape)
        if found.shapes[shape] or secret or "name" in value:
            for name, member in value.items():
                _gather(member, found, secret or _is_secret_in(value, name))
            return
        for member in value.values():
            kind = type(member)
            if kind is str:
                found.texts.add(member)
            elif kind not in _PLAIN:
                _gather(member, found, False)
    elif isinstance(value, (list, tuple)):
        for member in value:
            if isinstance(member, str) and not secret:
                found.texts.add(member)
                found.elements.add(member)
            else:
                _gather(member, found, secret)
    elif isinstance(value, str):
        (found.secrets if secret and is_secret_value(value) else found.texts).add(value)
    elif secret and is_secret_value(str(value)):
        found.secrets.add(str(value))


def _is_secret_in(value: Mapping[Any, Any], name: Any) -> bool:
    """Whether what a dict has under a name is secret, by this name or as the value of a pair of name and value."""
    return is_secret(str(name)) or (name in _VALUES and is_secret(str(value.get("name"))))


def _rewritten(value: Any, changed: Mapping[str, str], names: Mapping[str, str], secret: bool) -> Any:
    if isinstance(value, dict):
        return {
            shown: _rewritten(member, changed, names, secret or _is_secret_in(value, name))
            for shown, (name, member) in zip(_renamed(value, names), value.items())
        }
    if isinstance(value, (list, tuple)):
        return [_rewritten(member, changed, names, secret) for member in value]
    if secret and is_secret_value(str(value)):
        return _MASK
    return changed.get(value, value) if isinstance(value, str) else value


def _renamed(names: Iterable[Any], changed: Mapping[str, str]) -> Iterable[Any]:
    """The names of a dict as they are shown, with a number where several differ in a secret only."""
    if not changed:
        return names
    shown: Dict[Any, int] = {}
    for name in names:
        new = first = changed.get(name, name)
        while new in shown:
            shown[first] += 1
            new = "%s (%d)" % (first, shown[first])
        shown[new] = 1
    return shown
