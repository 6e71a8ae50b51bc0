# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tie the pages that antsibull-docs has made of the plugins to the guides: an index, and the way back from each page.

python reference.py SOURCE, where SOURCE has the guides and a folder reference.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

KINDS = {"module": "Modules", "role": "Roles", "filter": "Filters", "test": "Tests"}
# What a page begins with: its name, its kind and what it is about, underlined.
TITLE = re.compile(r"^sipfleet\.kamailio\.(\w+) (\w+) -- (.+)\n(\++)$", re.M)
# The theme has a table of contents beside each page.
CONTENTS = re.compile(r"^\.\. contents::\n(?: .*\n)+", re.M)
# Where an entry point of a role begins, and where the last one ends.
ENTRY = re.compile(r"^(?=\.\. _\S+__entrypoint-\w+:$)", re.M)
END = ".. Extra links\n"
INDEX = """\
# Modules, roles, filters and tests

Every option, every result. The same is shown by `ansible-doc sipfleet.kamailio.validate`, and by
`ansible-doc --type role sipfleet.kamailio.dispatcher` for a role.
"""


class Page(NamedTuple):
    """A page about a plugin: its file without suffix, the plugin, its kind and what it is about."""

    file: str
    name: str
    kind: str
    about: str

    @property
    def title(self) -> str:
        """What the page is called in lists and at its top."""
        return self.name if self.kind == "module" else "%s %s" % (self.kind, self.name)


def read_pages(folder: Path) -> list[Page]:
    """The pages of plugins and roles."""
    found = []
    for path in sorted(folder.glob("*.rst")):
        title = TITLE.search(path.read_text())
        if title:
            found.append(Page(path.stem, *title.groups()[:3]))
    return found


def make_index(pages: list[Page]) -> str:
    """The index, in Markdown."""
    parts = [INDEX]
    for kind, caption in KINDS.items():
        these = [page for page in pages if page.kind == kind]
        rows = ["| [`%s`](%s.rst) | %s |" % (page.name, page.file, page.about) for page in these]
        tree = ["%s <%s>" % (page.title, page.file) for page in these]
        parts.append("## %s\n\n| | |\n|---|---|\n%s\n" % (caption, "\n".join(rows)))
        parts.append("```{toctree}\n:hidden:\n:caption: %s\n\n%s\n```\n" % (caption, "\n".join(tree)))
    return "\n".join(parts)


def guides_of(page: Page, guides: dict[str, str]) -> list[str]:
    """The guides that use what a page is about."""
    used = re.compile(r"sipfleet\.kamailio\.%s\b" % page.name)
    return [name for name, text in guides.items() if used.search(text)]


def main_first(text: str) -> str:
    """The page of a role with the entry point in front that is used without a name."""
    body, end, rest = text.partition(END)
    head, *entries = ENTRY.split(body)
    return head + "".join(sorted(entries, key=lambda entry: "__entrypoint-main:" not in entry)) + end + rest


def finish(text: str, page: Page, guides: list[str]) -> str:
    """A page with a short title, without a table of contents of its own, and with the guides at its end."""
    title = "sipfleet.kamailio.%s" % page.name
    text = TITLE.sub(
        lambda _found: "%s\n%s\n\n%s." % (title, "+" * len(title), page.about), CONTENTS.sub("", text), count=1
    )
    text = main_first(text)
    listed = "".join("* :doc:`/%s`\n" % name for name in guides)
    return text + ("\nIn the guides\n-------------\n\n%s" % listed if guides else "")


def main(source: Path) -> None:
    """Write the index, and the guides that use a plugin into its page."""
    folder = source / "reference"
    pages = read_pages(folder)
    guides = {path.stem: path.read_text() for path in sorted(source.glob("*.md")) if path.stem != "index"}
    for page in pages:
        path = folder / (page.file + ".rst")
        path.write_text(finish(path.read_text(), page, guides_of(page, guides)))
    (folder / "index.md").write_text(make_index(pages))
    for name in ("index.rst", "environment_variables.rst"):
        (folder / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
