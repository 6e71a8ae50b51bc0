# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes from a host is text on the page, whatever it is."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from report.data import data_of
from report.fleets import BROKEN, EVIL, IMAGE, TEMPLATE, hostile
from report.view import View, hosts, opened, rows, until_at_set, until_hosts

# Characters that cannot be seen, or that change how others are seen, are named.
SHOWN = EVIL + r"a\u2028b\u2029c\u0000d\u202ee" + "\ufffd" + r"f\u007fg\u00adh\u180ei\U000e0041" + TEMPLATE


def title_of(path: Path) -> str:
    """The title of a page as it was written, which no script has changed."""
    return re.findall("<title>(.*?)</title>", path.read_text())[0]


def test_data_cannot_end_its_element(view: View) -> None:
    text = view.pages["hostile"].read_text()
    data = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[0]
    assert not set("<>&\u2028\u2029") & set(data) and "\\u003cimg src=x" in data
    assert len(re.findall("<script", text)) == 2 and len(re.findall("</script", text)) == 2
    found = data_of(view.pages["hostile"])["hosts"]
    assert set(found) == set(hostile())
    assert any(word == "sip:" + EVIL + BROKEN + TEMPLATE for word in found["evil" + IMAGE]["words"])


def test_every_text_is_shown_as_text(view: View) -> None:
    page = view.open("hostile")
    assert hosts(page) == ["__proto__", "evil" + IMAGE, "constructor"]
    entry = opened(page, "evil")
    finding = entry.locator(".finding").inner_text()
    for name in ("text", "remedy", "source", "destination", "file", "rule"):
        assert name + SHOWN in finding, name
    row = rows(entry)[0]
    assert row["uri"] == "sip:" + SHOWN and row["reason"] == "why" + EVIL
    assert row["attrs"] == 'duid="' + EVIL + "';" + SHOWN[len(EVIL) :]
    assert rows(entry, "drift")[0]["text"] == "text" + SHOWN
    assert "6.1" + IMAGE in entry.locator(".facts").inner_text()
    assert SHOWN in opened(page, "__proto__").locator(".facts").inner_text()
    page.locator(".picture a.cell").first.hover()
    assert ("evil" + IMAGE) in page.locator(".hint").inner_text()
    page.locator("input[name=text]").fill("<img src=x")
    until_hosts(page, 1)
    page.locator(".picture a.cell").first.click()
    until_at_set(page)
    page.emulate_media(media="print")
    assert page.locator("img").count() == 0 and page.locator("script").count() == 2
    assert page.title() == title_of(view.pages["hostile"])


def test_policy_lets_nothing_else_run(view: View) -> None:
    """Were there a hole, the browser would not run what comes through it."""
    text = view.pages["hostile"].read_text()
    policy = re.findall('http-equiv="Content-Security-Policy" content="(.*?)"', text)[0]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'" and "unsafe" not in policy
    for name, begin in (("style-src", "<style>"), ("script-src", "<script>")):
        inside = text.split(begin)[1].split("</" + begin[1:])[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert parts[name] == "'sha256-%s'" % digest
    page = view.open("hostile")
    blocked = page.evaluate(
        """async () => {
            const found = [];
            document.addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
            const box = document.createElement("div");
            box.innerHTML = "<img src='http://192.0.2.1/x' onerror='document.title=1'><p style='color: red'>x</p>";
            document.body.append(box);
            await new Promise((done) => setTimeout(done, 200));
            return found;
        }"""
    )
    assert {"script-src-elem", "img-src", "style-src-attr"} <= set(blocked) and page.title() == title_of(
        view.pages["hostile"]
    )
    assert all("Content Security Policy" in complaint for complaint in view.complaints) and view.complaints
    view.complaints.clear()
    view.requests[:] = [url for url in view.requests if url.startswith("file:")]
