# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The expressions of C(#!ifexp) and C(#!defexp).

The operators, their ranks and what they do with strings are those of Kamailio's src/core/utils/snexpr.h, which counts
with 32-bit floats. What is rare there (assignments, commas, macros) is not read here.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Callable, Dict, List, NamedTuple, Optional, Union

Result = Union[float, bytes]

_TOKEN = re.compile(
    rb"""
    (?P<space>[ \t\r\x08]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?![0-9.A-Za-z_]))
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?![@\[\]{}`~\\$\#\x80-\xff]))
    | (?P<operator>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!()])
    | (?P<comment>\#.*\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
# Longer ones are not read here, since every operator is a step of the recursion.
MOST_OPERATORS = 200
_RANKS: Dict[bytes, int] = {
    **dict.fromkeys((b"-u", b"!u", b"^u"), 1),
    **dict.fromkeys((b"**", b"*", b"/", b"%"), 2),
    **dict.fromkeys((b"+", b"-"), 3),
    **dict.fromkeys((b"<<", b">>"), 4),
    **dict.fromkeys((b"<", b"<=", b">", b">=", b"==", b"!="), 5),
    b"&": 6,
    b"|": 7,
    b"^": 8,
    b"&&": 9,
    b"||": 10,
}
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class UndecidedError(Exception):
    """The expression, or a define in it, is known to the server only."""


class CrashError(Exception):
    """The server, its check included, dies of a segmentation fault while it evaluates this."""


class _Node(NamedTuple):
    operator: bytes
    operands: List[_Operand]


_Operand = Union[float, bytes, str, _Node]


def evaluate_expression(text: bytes, value_of: Callable[[str], Result]) -> Optional[Result]:
    """A number, a string, or None where the server finds no value, which is false.

    C(value_of) gives 0 for a name that is not defined, 1 for one without a value, else its text. Raises UndecidedError
    and CrashError.
    """
    tree = _parse(text)
    return None if tree is None else _evaluate(tree, value_of)


def holds(result: Optional[Result]) -> bool:
    """Whether C(#!ifexp) takes it for true."""
    return bool(result)


def render_result(result: Result) -> bytes:
    """What C(#!defexp) makes of it."""
    if isinstance(result, bytes):
        return result
    if math.isnan(result) or math.isinf(result):
        raise UndecidedError
    return b"%d" % int(result)


def _parse(text: bytes) -> Optional[_Operand]:
    """The server's own way: one stack of operators and one of operands. None for an empty expression."""
    operators: List[bytes] = []
    operands: List[_Operand] = []
    wants_operand = True
    at = count = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            raise UndecidedError
        at = token.end()
        count += token.lastgroup == "operator"
        if count > MOST_OPERATORS:
            raise UndecidedError
        kind, word = token.lastgroup, token.group()
        if kind in ("space", "comment"):
            continue
        if kind == "operator" and word == b")":
            if wants_operand:
                raise UndecidedError
            while operators and operators[-1] != b"(":
                _bind(operators.pop(), operands)
            if not operators:
                raise UndecidedError
            operators.pop()
        elif kind == "operator" and wants_operand:
            if word != b"(" and word + b"u" not in _RANKS:
                raise UndecidedError
            operators.append(word if word == b"(" else word + b"u")
        elif kind == "operator":
            if word not in _RANKS:
                raise UndecidedError
            while operators and operators[-1] != b"(" and _binds_first(operators[-1], word):
                _bind(operators.pop(), operands)
            operators.append(word)
            wants_operand = True
        elif not wants_operand:
            raise UndecidedError
        else:
            operands.append(_operand(kind or "", word))
            wants_operand = False
    if wants_operand and (operators or operands):
        raise UndecidedError
    while operators:
        if operators[-1] == b"(":
            raise UndecidedError
        _bind(operators.pop(), operands)
    return operands[0] if operands else None


def _operand(kind: str, word: bytes) -> _Operand:
    if kind == "number":
        return _float32(float(word))
    if kind == "word":
        return word.decode()
    return re.sub(rb"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(1)), word[1:-1], flags=re.DOTALL)


def _binds_first(waiting: bytes, new: bytes) -> bool:
    if new == b"**":
        return _RANKS[new] > _RANKS[waiting]
    return _RANKS[new] >= _RANKS[waiting]


def _bind(operator: bytes, operands: List[_Operand]) -> None:
    count = 1 if operator.endswith(b"u") else 2
    taken = operands[-count:]
    del operands[-count:]
    operands.append(_Node(operator, taken))


def _float32(number: float) -> float:
    try:
        rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError as exc:
        raise UndecidedError from exc
    return rounded


def _integer(number: float) -> int:
    if math.isinf(number) or abs(number) > 0x7FFFFFFF:
        raise UndecidedError
    return 0 if math.isnan(number) else int(number)


def _evaluate(tree: _Operand, value_of: Callable[[str], Result]) -> Optional[Result]:
    if isinstance(tree, str):
        return value_of(tree)
    if not isinstance(tree, _Node):
        return tree
    operator = tree.operator
    left = _evaluate(tree.operands[0], value_of)
    if operator in (b"&&", b"||"):
        if bool(_truth(left)) == (operator == b"||"):
            return left or 0.0
        return _truth(_evaluate(tree.operands[1], value_of)) or 0.0
    if left is None:
        return None
    if len(tree.operands) == 1:
        return _unary(operator, left)
    right = _evaluate(tree.operands[1], value_of)
    if right is None:
        return None
    if operator in _COMPARISONS or operator == b"+":
        return _mixed(operator, left, right)
    if isinstance(left, bytes) or isinstance(right, bytes):
        return None
    return _arithmetic(operator, left, right)


def _truth(value: Optional[Result]) -> float:
    """What the server makes of an operand of && or ||: of a string it reads the pointer, of no value nothing good."""
    if value is None:
        raise CrashError
    if isinstance(value, bytes):
        raise UndecidedError
    return value


def _unary(operator: bytes, value: Result) -> Optional[Result]:
    if isinstance(value, bytes):
        return None
    if operator == b"-u":
        return -value
    return float(not value) if operator == b"!u" else _float32(float(~_integer(value)))


_COMPARISONS: Dict[bytes, Callable[[int], bool]] = {
    b"<": lambda order: order < 0,
    b"<=": lambda order: order <= 0,
    b">": lambda order: order > 0,
    b">=": lambda order: order >= 0,
    b"==": lambda order: order == 0,
    b"!=": lambda order: order != 0,
}


def _mixed(operator: bytes, left: Result, right: Result) -> Result:
    """The left side decides whether texts or numbers are compared or added."""
    if isinstance(left, bytes):
        text = right if isinstance(right, bytes) else _text_of(right)
        if operator == b"+":
            return left + text
        return float(_COMPARISONS[operator]((left > text) - (left < text)))
    number = _number_of(right) if isinstance(right, bytes) else right
    if operator == b"+":
        return _float32(left + number)
    if math.isnan(left) or math.isnan(number):
        return float(operator == b"!=")
    return float(_COMPARISONS[operator]((left > number) - (left < number)))


def _text_of(number: float) -> bytes:
    if math.isnan(number) or math.isinf(number):
        raise UndecidedError
    return b"%d" % int(number) if number == int(number) else b"%.4g" % number


def _number_of(text: bytes) -> float:
    if not re.match(rb"(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z", text):
        return math.nan
    return _float32(float(text))


def _arithmetic(operator: bytes, left: float, right: float) -> Optional[Result]:
    if operator == b"/":
        return _float32(left / right) if right else None
    if operator in (b"-", b"*"):
        return _float32(left - right if operator == b"-" else left * right)
    if operator == b"%":
        return _float32(math.fmod(left, right)) if right and not math.isinf(left) else math.nan
    if operator == b"**":
        try:
            return _float32(math.pow(left, right))
        except (OverflowError, ValueError) as exc:
            raise UndecidedError from exc
    first, second = _integer(left), _integer(right)
    if operator in (b"<<", b">>"):
        if not 0 <= second < 31 or first < 0 or (operator == b"<<" and first << second > 0x7FFFFFFF):
            raise UndecidedError
        return _float32(float(first << second if operator == b"<<" else first >> second))
    return _float32(
        float(first & second if operator == b"&" else first | second if operator == b"|" else first ^ second)
    )
