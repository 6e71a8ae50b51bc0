# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The journal of a change of a host: what stood there before, kept until the change is confirmed or taken back.

It is a folder of its own, made beside its place and renamed, so that it is there as a whole or not at all. A change
is begun with it before the first file is touched, and whoever finds one whose process is gone knows how to go back.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import uuid
from typing import Any, Dict, Final, Iterator, List, Literal, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._change import Change
from .._compare.before import State
from .._errors import KamailioError, error
from .._host.attributes import FileAttributes, attributes_of
from .._host.files import flush_folder, keep_private, read_private, require_private
from .._host.staging import inode_of, missing_folders, real_path
from .._memory import KEPT_BYTES, MIB
from .._trust import make_folders
from .boot import boot_of_host, forget_boot
from .state import parse_state

Phase = Literal["prepared", "writing", "applying", "unconfirmed"]
PREPARED: Final = "prepared"
WRITING: Final = "writing"
APPLYING: Final = "applying"
UNCONFIRMED: Final = "unconfirmed"
# What brings a change to the server.
Action = Literal["none", "reload", "restart", "start"]
NONE: Final = "none"
RELOAD: Final = "reload"
RESTART: Final = "restart"
# Of a server that did not run before.
START: Final = "start"
# The command that loads the list, and after which states are put back.
LIST_RELOAD: Final = "dispatcher.reload"
_STATE = "state.json"
_LOOK_SECONDS = 0.05
# The watch holds a change for the moment of a look.
HOLD_SECONDS = 5.0


class Entry(NamedTuple):
    """A file of a change: its real path, its bytes before and the digest of the new ones, None where there is no file.

    C(attributes) are those of the file before, None where the change keeps them. C(inode) is that of the file with the
    new bytes, None until they are staged. C(old_inode) is that of the file of before, which stays where the new bytes
    are written in place. They tell the file of this change from one with the same bytes that another run has written,
    or that its owner has put there.
    """

    path: str
    before: Optional[bytes]
    digest: Optional[str]
    attributes: Optional[FileAttributes] = None
    inode: Optional[int] = None
    old_inode: Optional[int] = None


class Journal(NamedTuple):
    """A change that is under way.

    C(phase) is C(prepared) until its watch has started and its files are staged: nothing has been changed before that.
    It is C(writing) while a process writes its files, C(applying) while it brings them to the server, and
    C(unconfirmed) until it is confirmed, before C(deadline) in seconds since 1970. C(action) is what it takes to bring
    them there; a reload by C(calls), each a command with its arguments; C(options) are those of the module, which it
    takes to roll back. C(boot) is that of the host in which it was begun. C(folders) are those that it makes for its
    files. C(states) are those of the destinations that were out of service. C(reason) is why it is being rolled back,
    empty as long as it is not.
    """

    folder: str
    change: str
    phase: Phase
    deadline: float
    action: Action
    calls: List[List[str]]
    options: Dict[str, Any]
    boot: str
    entries: List[Entry]
    folders: List[str]
    states: List[State]
    reason: str

    @property
    def sign(self) -> str:
        """The path of a file that exists for as long as this change, and not with another one."""
        return os.path.join(self.folder, self.change)

    def wrote(self, entry: Entry, data: Optional[bytes], inode: Optional[int]) -> bool:
        """Whether a file is as this change has made it, by its bytes and its inode as they are now."""
        if entry.digest is None:
            return inode is None
        return data is not None and digest_of(data) == entry.digest and self.is_at(entry, inode)

    def is_at(self, entry: Entry, inode: Optional[int]) -> bool:
        """Whether a file can be the one that this change has written, by its inode."""
        known = (entry.inode, entry.old_inode) if self.options["unsafe_writes"] else (entry.inode,)
        # Not every file system keeps them over a boot.
        return (inode is not None and inode in known) or self.boot != boot_of_host()


def digest_of(data: bytes) -> str:
    """What tells one content of a file from another."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def begin(
    folder: str,
    changes: Sequence[Change],
    action: Action,
    options: Mapping[str, Any],
    states: Sequence[State],
    deadline: float,
    follow: bool = False,
    calls: Sequence[List[str]] = (),
) -> Iterator[Journal]:
    """A context manager that writes the journal of a change which is about to begin, and holds the change.

    C(follow) says that links made by other users are followed to the files of the change, C(calls) are the commands of
    a reload.

    Raises KamailioError if it cannot be written, and then nothing is left.
    """
    parent = os.path.dirname(folder)
    staging = ".%s." % os.path.basename(folder)
    entries = [_entry_of(change, follow) for change in changes]
    change = uuid.uuid4().hex
    journal = Journal(
        folder=folder,
        change=change,
        phase=PREPARED,
        deadline=deadline,
        action=action,
        calls=list(calls),
        options=dict(options),
        boot=boot_of_host(),
        entries=entries,
        folders=missing_folders([change.path for change in changes if change.after is not None], follow),
        states=list(states),
        reason="",
    )
    with contextlib.ExitStack() as stack:
        try:
            state = _render(journal)
            require_private(parent)
            make_folders(parent, 0o700)
            _sweep(folder, staging)
            made = tempfile.mkdtemp(prefix=staging, dir=parent)
            stack.callback(shutil.rmtree, made, ignore_errors=True)
            for index, entry in enumerate(entries):
                if entry.before is not None:
                    keep_private(_before_of(made, index), entry.before)
            keep_private(os.path.join(made, change), b"")
            keep_private(os.path.join(made, _STATE), state)
            # Whoever finds it finds it held.
            if not stack.enter_context(Hold(made)).held:
                raise error("nothing can be locked on this file system")
            os.rename(made, folder)
            flush_folder(parent)
        except (OSError, KamailioError) as exc:
            reason, remedy = (exc.strerror, "") if isinstance(exc, OSError) else _first(exc)
            text = "a change cannot be prepared here: %s" % reason
            raise error(text, "Nothing has been changed" + (". " + remedy if remedy else ""), parent) from None
        yield journal


def _entry_of(change: Change, follow: bool) -> Entry:
    path = real_path(change.path, follow)
    attributes = attributes_of(path, follow) if change.rights or change.after is None else None
    digest = None if change.after is None else digest_of(change.after)
    return Entry(path, change.before, digest, attributes, None, inode_of(path))


def _first(exc: KamailioError) -> Tuple[str, str]:
    return exc.problems[0].text, exc.problems[0].remedy


def _sweep(folder: str, staging: str) -> None:
    """Take away what runs have left that were killed before the beginning of a change, or after its end."""
    parent, name = os.path.split(folder)
    if os.path.isdir(folder) and not os.path.exists(os.path.join(folder, _STATE)):
        shutil.rmtree(folder, ignore_errors=True)
    # Behind the name of a change there can be the rest of the name of another configuration.
    mine = re.compile(r"(?:%s[a-z0-9_]{8}|%s\.[0-9a-f]{32})\Z" % (re.escape(staging), re.escape(name)))
    for leftover in filter(mine.match, os.listdir(parent)):
        path = os.path.join(parent, leftover)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)


def _render(journal: Journal) -> bytes:
    """Return the state of a change as it is kept. Raises KamailioError for one that could not be read back."""
    state = {
        "change": journal.change,
        "phase": journal.phase,
        "deadline": journal.deadline,
        "action": journal.action,
        "calls": journal.calls,
        "options": journal.options,
        "boot": journal.boot,
        "entries": [
            {
                "path": entry.path,
                "new": entry.before is None,
                "digest": entry.digest,
                "attributes": entry.attributes and _render_attributes(entry.attributes),
                "inode": entry.inode,
                "old_inode": entry.old_inode,
            }
            for entry in journal.entries
        ],
        "folders": journal.folders,
        "states": [_render_state(state) for state in journal.states],
        "reason": journal.reason,
    }
    data = json.dumps(state, indent=1).encode()
    text = "the state of the change cannot be kept, and the change could not be rolled back: %s"
    if len(data) > KEPT_BYTES:
        size = "%d bytes, more than the limit of %d MiB, with %d destinations out of service"
        remedy = "Look at what the server shows of its destinations (dispatcher.list)"
        raise error(text % (size % (len(data), KEPT_BYTES // MIB, len(journal.states))), remedy)
    try:
        parse_state(data)
    except ValueError as reason:
        remedy = "Look at the options, and at the destinations that the server shows"
        raise error(text % reason, remedy) from reason
    return data


def _render_attributes(attributes: FileAttributes) -> List[Any]:
    extended = [[name, base64.b64encode(data).decode()] for name, data in attributes.extended]
    return [attributes.user, attributes.group, attributes.mode, extended]


def _attributes(kept: List[Any]) -> FileAttributes:
    user, group, mode, extended = kept
    return FileAttributes(user, group, mode, tuple((name, base64.b64decode(data)) for name, data in extended))


def _render_state(state: State) -> List[Any]:
    uri, duid = (text and text.decode("utf-8", "surrogateescape") for text in (state.uri, state.duid))
    return [state.setid, uri, duid, state.letters]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def load(folder: str) -> Optional[Journal]:
    """Return the journal of a change that is under way, None if there is none.

    Raises KamailioError if it cannot be read, or cannot be trusted.
    """
    path = os.path.join(folder, _STATE)
    while True:
        data = read_private(path)
        if data is None:
            return None
        try:
            return _parse(folder, data)
        except KamailioError:
            # It can have been over, or another one, before all of it was read.
            if read_private(path) == data:
                raise


def _parse(folder: str, data: bytes) -> Journal:
    try:
        state = parse_state(data)
    except ValueError as reason:
        text = "this is not the journal of a change: %s" % reason
        raise error(text, "Look at the files in it, and remove the folder", folder) from reason
    entries = [
        Entry(
            path=entry["path"],
            before=None if entry["new"] else _before(folder, index),
            digest=entry["digest"],
            attributes=entry["attributes"] and _attributes(entry["attributes"]),
            inode=entry["inode"],
            old_inode=entry["old_inode"],
        )
        for index, entry in enumerate(state.pop("entries"))
    ]
    states = [
        State(setid, _bytes(uri), duid and _bytes(duid), letters) for setid, uri, duid, letters in state.pop("states")
    ]
    if read_private(os.path.join(folder, _STATE)) != data:
        raise error("the journal of a change is not the same any more", "", folder)
    return Journal(folder=folder, entries=entries, states=states, **state)


def _before(folder: str, index: int) -> bytes:
    data = read_private(_before_of(folder, index))
    if data is None:
        raise error("the journal of a change lacks a file", "Look at the files in it, and remove the folder", folder)
    return data


def _before_of(folder: str, index: int) -> str:
    return os.path.join(folder, "%d.before" % index)


def with_inodes(entries: Sequence[Entry], inodes: Mapping[str, int]) -> List[Entry]:
    """Return the entries with the inodes of the files that hold the new bytes, by path."""
    return [entry._replace(inode=inodes.get(entry.path)) for entry in entries]


def proceed(journal: Journal, **fields: Any) -> Journal:
    """The same with other fields, kept. Raises KamailioError, and then the kept fields are those of before."""
    after = journal._replace(**fields)
    keep_private(os.path.join(journal.folder, _STATE), _render(after))
    return after


def close(journal: Journal, outcome: Mapping[str, Any]) -> None:
    """End a change, and keep what came of it. From the rename on it is over, whatever is left of the folder.

    Raises KamailioError, and then it is not over.
    """
    gone = "%s.%s" % (journal.folder, journal.change)
    try:
        os.rename(journal.folder, gone)
    except OSError as exc:
        raise error("the change cannot be ended: %s" % exc.strerror, "", journal.folder) from exc
    # Before anybody can begin another one here.
    forget_boot(journal.folder)
    flush_folder(os.path.dirname(gone))
    shutil.rmtree(gone, ignore_errors=True)
    kept = dict(outcome, change=journal.change, at=int(time.time()))
    with contextlib.suppress(KamailioError):
        keep_private(journal.folder + ".last", json.dumps(kept, indent=1).encode())


def last_outcome(folder: str) -> Dict[str, Any]:
    """What came of the last change: C(change), C(at) in seconds since 1970, C(confirmed) and C(reason)."""
    try:
        found = json.loads((read_private(folder + ".last") or b"{}").decode())
    except (ValueError, KamailioError):
        return {}
    return found if isinstance(found, dict) else {}


def is_orphan(journal: Journal) -> bool:
    """Whether a change that nobody holds has to be taken back: its process has died, or its time is up."""
    return bool(journal.reason) or journal.phase != UNCONFIRMED or time.time() > journal.deadline


class Hold:
    """A context manager that holds a change while it is worked on: C(held) is False if another process does.

    C(seconds) is how long to wait for a process that only looks at it, as the watch does.
    """

    def __init__(self, folder: str, seconds: float = 0) -> None:
        self._folder = folder
        self._seconds = seconds
        self._handle: Optional[int] = None
        self.held = False

    def __enter__(self) -> Hold:
        deadline = time.monotonic() + self._seconds
        try:
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            while not self.held:
                try:
                    fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.held = True
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        break
                    time.sleep(_LOOK_SECONDS)
        except OSError:
            self.held = False
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
