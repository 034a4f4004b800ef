"""The AsyncAPI document as AsyncAPI's own parser reads it: valid, references too.

It does not compare examples with their schemas; test_documents does.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_documents import ASYNCAPI

FOLDER = os.environ.get("MACNET_ASYNCAPI_PARSER", "")
NODE = shutil.which("node")
ERROR = 0
NEWER_VERSION = "asyncapi-latest-version"

pytestmark = pytest.mark.skipif(
    not NODE or not FOLDER,
    reason="needs node, and MACNET_ASYNCAPI_PARSER: the folder where npm installed @asyncapi/parser",
)


def parsed(document: dict[str, Any]) -> dict[str, Any]:
    script = Path(__file__).with_name("parse_asyncapi.mjs")
    text = json.dumps(document).encode()
    assert NODE is not None
    run = subprocess.run([NODE, str(script), FOLDER], input=text, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_the_parser_finds_nothing_wrong() -> None:
    found = parsed(ASYNCAPI)
    assert [each for each in found["diagnostics"] if each["code"] != NEWER_VERSION] == []
    assert found["version"] == "3.0.0"
    assert found["operations"] == len(ASYNCAPI["operations"])
    assert found["messages"] == len(ASYNCAPI["components"]["messages"])


def test_the_parser_would_see_a_reference_that_leads_nowhere() -> None:
    document = copy.deepcopy(ASYNCAPI)
    document["components"]["messages"]["Reading"]["payload"]["$ref"] += "s"
    assert any(each["severity"] == ERROR for each in parsed(document)["diagnostics"])
