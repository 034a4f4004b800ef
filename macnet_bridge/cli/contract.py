"""`macnet-bridge asyncapi` and `macnet-bridge schema`"""

from __future__ import annotations

import json
from typing import Any

import click

from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.asyncapi import asyncapi_document
from macnet_bridge.contract.json_schema import schema_document


@click.command(
    short_help="Print all topics and commands as AsyncAPI 3.",
    epilog="Example: macnet-bridge asyncapi > asyncapi.json",
)
@log_options
def asyncapi(log_format: str, log_level: str) -> None:
    """Print the AsyncAPI 3 document of all topics, commands and payloads, as JSON.

    JSON is YAML, too: tools that ask for asyncapi.yaml take it as it is.
    """
    set_up_logging(log_format, log_level)
    click.echo(shown(asyncapi_document(VERBS.values())))


@click.command(
    short_help="Print the JSON Schemas of all payloads.",
    epilog="Example: macnet-bridge schema > schema.json",
)
@log_options
def schema(log_format: str, log_level: str) -> None:
    """Print the JSON Schemas (draft 2020-12) of all payloads, and which topic carries which."""
    set_up_logging(log_format, log_level)
    click.echo(shown(schema_document(VERBS.values())))


def shown(document: dict[str, Any]) -> str:
    """A document in lines, the same each time."""
    return json.dumps(document, indent=1, ensure_ascii=False)
