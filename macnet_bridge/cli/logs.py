"""Logging options that all commands share."""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO, TypeVar, get_args

import click
import msgspec

from macnet_bridge.payloads.arguments import LogLevelName

F = TypeVar("F", bound=Callable[..., Any])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry).decode()


class TextFormatter(logging.Formatter):
    """Time in UTC, level and message, for people."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")


def log_options(command: F) -> F:
    """Add `--log-format` and `--log-level` to a command; `set_up_logging` takes their values."""
    command = click.option(
        "--log-level",
        type=click.Choice(get_args(LogLevelName)),
        default="info",
        show_default=True,
        envvar="MACNET_LOG_LEVEL",
    )(command)
    return click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        envvar="MACNET_LOG_FORMAT",
    )(command)


def set_up_logging(log_format: str, log_level: str, stream: TextIO | io.TextIOBase | None = None) -> None:
    """Log to stderr, so that stdout carries results only, or to another stream."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=log_level.upper(), handlers=[handler], force=True)
