"""The page of error codes is the one that is made, and says what tests have seen."""

from __future__ import annotations

import re

from macnet_bridge.errors import COMMAND_CODES
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_RESULT_CODES
from reference.__main__ import ERRORS
from reference.error_meanings import MEANINGS
from reference.errors import error_page
from tests.commands.test_error_codes import PROVOKED


def test_the_committed_page_is_the_one_that_is_made() -> None:
    assert ERRORS.read_text("utf-8") == error_page(), "make it anew: python -m reference"


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(COMMAND_CODES)


def test_every_code_of_the_tester_has_a_line() -> None:
    results = {code for row in FUNCTIONS.values() for code, _ in row.results.values()}
    of_tester = error_page().split("## Of the tester")[1]
    codes = set(re.findall(r"^\| `([A-Z_]+)`", of_tester, re.MULTILINE))
    assert codes == results | ERROR_RESULT_CODES | {"FILE_ERROR", "NOT_IN_SCAN_LIST"}


def test_the_statuses_are_those_that_were_seen() -> None:
    for code, (status, _, _) in PROVOKED.items():
        assert status in MEANINGS[code].statuses
