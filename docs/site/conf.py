# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Sphinx. docs/site/build runs it on a copy of docs/*.md beside the reference of the plugins."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from pygments.lexers.shell import BashLexer
from sphinx import addnodes
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from kamailio_lexer import KamailioLexer
from reference import KINDS

HERE = Path(__file__).parent
GALAXY = yaml.safe_load((HERE.parents[1] / "galaxy.yml").read_text())
CORE = "https://docs.ansible.com/ansible-core/devel/"
# Pages of ansible-core that the reference points to.
ELSEWHERE = {
    "action_plugins": CORE + "plugins/action.html",
    "common_return_values": CORE + "reference_appendices/common_return_values.html",
}
# Names in guides that have a page or a place of their own.
PLUGIN = re.compile(r"(?:sipfleet\.kamailio\.)?([a-z]+(?:_[a-z]+)*)")
PLAYBOOKS = {"rollout": ("rollout", ""), "audit": ("audit", "")}
# Kamailio and Ansible have words of their own that are the same.
WORDS = {"validate", "deploy", "loadmodule", "rpc", "dispatcher", "server", "probing", "rollout", "audit"}

project = "sipfleet.kamailio"
author = ", ".join(GALAXY["authors"])
copyright = "2026, " + author  # noqa: A001 - the name that Sphinx reads
version = release = GALAXY["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
antsibull_ext_color_scheme = "none"
myst_heading_anchors = 4
nitpicky = True
highlight_language = "text"

html_theme = "furo"
html_title = "sipfleet.kamailio " + version
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {"top_of_page_buttons": [], "navigation_with_keys": True}


def complete(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Give the start page and that of the rules their trees, and let links out of docs/ lead to the repository."""
    if docname == "index":
        source[0] += (HERE / "toctree.md").read_text()
    elif docname == "rules":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\nrules/*\n```\n"
    if "/" not in docname:
        source[0] = re.sub(r"\]\((\.\./|playbooks\))", _in_repository, source[0])


def _in_repository(link: re.Match[str]) -> str:
    """The beginning of a link to what the site does not have: a file beside docs/, or the folder of playbooks."""
    return "](%s/blob/main/%s" % (GALAXY["repository"], "" if link[1] == "../" else "docs/" + link[1])


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    """Let the name of a plugin, a role or a rule in a guide lead to its page."""
    here = app.env.docname
    for literal in list(doctree.findall(nodes.literal)):
        if any(isinstance(parent, (nodes.reference, addnodes.pending_xref, nodes.title)) for parent in _above(literal)):
            continue
        target = _target(app, literal.astext(), here)
        if target and target != here:
            link = addnodes.pending_xref(
                "", refdomain="std", reftype="doc", reftarget="/" + target, refexplicit=True, refwarn=True
            )
            literal.replace_self(link)
            link += literal


def _above(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _target(app: Sphinx, text: str, here: str) -> str | None:
    match = PLUGIN.fullmatch(text)
    if not match:
        return None
    name, whole = match[1], text.startswith("sipfleet.")
    if not whole and (name in WORDS or "/" in here):
        return None
    if whole and name in PLAYBOOKS:
        return PLAYBOOKS[name][0]
    pages = ("reference/%s_%s" % (name, kind) for kind in KINDS)
    return next((page for page in pages if page in app.env.found_docs), None)


def resolve_elsewhere(
    _app: Sphinx, _env: object, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Links to pages of ansible-core, without its inventory, which would take a network."""
    uri = ELSEWHERE.get(node["reftarget"])
    return nodes.reference("", "", content, refuri=uri, internal=False) if uri else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_lexer("cfg", KamailioLexer)
    # The commands stand there without a prompt.
    app.add_lexer("console", BashLexer)
    app.connect("source-read", complete)
    app.connect("doctree-read", link_names)
    app.connect("missing-reference", resolve_elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
