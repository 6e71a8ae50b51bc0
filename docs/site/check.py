# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a site that was built: every link within it leads somewhere, and nothing is fetched from elsewhere.

python check.py FOLDER
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOP = Path(__file__).resolve().parents[2]
# Elements that make a browser fetch something, and their attribute.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors of a page, its links, and what it makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {"", "top"}
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what matters of an element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif given.get(FETCHED.get(tag, "")):
            self.fetched.append(given[FETCHED[tag]])


def expected_pages() -> list[str]:
    """A page for each guide, plugin and role."""
    found = ["%s.html" % path.stem for path in (TOP / "docs").glob("*.md")]
    found += ["rules/%s.html" % path.stem for path in (TOP / "docs/rules").glob("*.md")]
    for kind, folder, pattern in (
        ("module", "plugins/modules", "*.py"),
        ("filter", "plugins/filter", "*.py"),
        ("test", "plugins/test", "*.py"),
        ("role", "roles", "*"),
    ):
        names = [path.stem for path in (TOP / folder).glob(pattern) if not path.name.startswith("__")]
        found += ["reference/%s_%s.html" % (name, kind) for name in names]
    return sorted(found)


def problems_of(folder: Path, expected: list[str]) -> list[str]:
    """What is wrong with a site, a line for each."""
    pages = {path.resolve(): Page(path.read_text()) for path in sorted(folder.rglob("*.html"))}
    found = ["%s is not there" % name for name in expected if not (folder / name).is_file()]
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for link in page.links + page.fetched:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.fetched and parts.scheme != "data":
                    found.append("%s: %s is fetched from elsewhere" % (name, link))
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append("%s: %s leads nowhere" % (name, link))
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append("%s: %s has no such place" % (name, link))
    return found


def main(folder: Path) -> int:
    """Print what is wrong, and how many pages there are."""
    found = problems_of(folder, expected_pages())
    print("\n".join(found) or "%s: %d pages" % (folder, len(list(folder.rglob("*.html")))))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
