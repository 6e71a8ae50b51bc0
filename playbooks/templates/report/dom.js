// Copyright (c) 2026, sipfleet.kamailio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// Elements, whose text is always text.

const SVG = "http://www.w3.org/2000/svg";

function el(name, attributes, ...children) {
  const made = document.createElement(name);
  return filled(made, attributes, children);
}

function svg(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) {
    if (child !== null && child !== undefined) made.append(typeof child === "object" ? child : visible(String(child)));
  }
  return made;
}

// What an element says, as data: attributes with these names behind "data-".
function asData(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => ["data-" + name.replaceAll("_", "-"), value]));
}

// Control characters, those that cannot be seen and those that turn the direction of text would hide what a file says.
function visible(text) {
  return text.replace(/(?![\t\n])[\p{C}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0).toString(16);
    return code.length > 4 ? "\\U" + code.padStart(8, "0") : "\\u" + code.padStart(4, "0");
  });
}
