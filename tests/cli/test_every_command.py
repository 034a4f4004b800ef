"""What all commands of the command line have in common."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from macnet_bridge.cli import cli


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_help_an_example_and_logs(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    for words in (f"macnet-bridge {name}", "Example", "--log-format [text|json]", "--log-level"):
        assert words in click.unstyle(shown.output)


@pytest.mark.parametrize("name", ["asyncapi", "schema"])
def test_a_document_has_no_logs_in_it(name: str) -> None:
    plain = CliRunner().invoke(cli, [name])
    talkative = CliRunner().invoke(cli, [name, "--log-level", "debug", "--log-format", "json"])
    assert (talkative.exit_code, talkative.stdout) == (0, plain.stdout)


def test_the_list_of_commands_is_read_in_80_columns() -> None:
    shown = CliRunner().invoke(cli, ["--help"], terminal_width=80)
    assert "..." not in shown.output.partition("Commands:")[2]
