# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools

import pytest

from conformance import server


@functools.lru_cache(maxsize=None)
def _version(suite: str) -> str:
    return server.version_of(suite)


# The oldest one takes its tests at night, except for those with_every_version.
_PARAMS = [pytest.param("bullseye", marks=pytest.mark.nightly), *server.SUITES[1:]]


@pytest.fixture(params=_PARAMS)
def suite(request: pytest.FixtureRequest) -> str:
    """The name of a Debian suite, for each of those with a Kamailio to test with."""
    name: str = request.param
    return name


@pytest.fixture
def version(suite: str) -> str:
    """What kamailio -v prints there."""
    return _version(suite)
