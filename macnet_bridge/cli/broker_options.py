"""How a command that is a client of the broker reaches it: a bridge's file, and options over it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click
from msgspec import structs

from macnet_bridge.app.broker_access import access
from macnet_bridge.app.config import MqttSection
from macnet_bridge.app.load import load, password
from macnet_bridge.broker import IN_CONFIGURATION, BrokerSettings, SettingNames
from macnet_bridge.errors import ConfigError
from macnet_bridge.topics import ROOT_IN_WORDS, is_root

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """What was given; None where nothing was.

    Attributes:
        password_env: name of the environment variable that holds the password.
    """

    path: str | None
    url: str | None
    username: str | None
    password_env: str | None
    root: str | None


def broker_options(command: F) -> F:
    """Add `-c`, `--url`, `--username`, `--password-env` and `--root`; BrokerOptions takes their values."""
    options = [
        click.option(
            "-c",
            "--config",
            "path",
            envvar="MACNET_CONFIG",
            show_envvar=True,
            metavar="PATH",
            help="Take broker, user and root from a bridge's configuration.",
        ),
        click.option(
            "--url",
            envvar="MACNET_MQTT_URL",
            show_envvar=True,
            metavar="URL",
            help="Broker, mqtt://host[:port] or mqtts://host[:port].  [default: mqtt://127.0.0.1:1883]",
        ),
        click.option(
            "--username",
            envvar="MACNET_MQTT_USERNAME",
            show_envvar=True,
            metavar="NAME",
            help="User at the broker.",
        ),
        click.option(
            "--password-env", metavar="NAME", help="Environment variable that holds the user's password."
        ),
        click.option(
            "--root",
            envvar="MACNET_MQTT_ROOT",
            show_envvar=True,
            metavar="TOPIC",
            help="First level of all topics.  [default: macnet]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def reach(
    options: BrokerOptions, purpose: str, environment: Mapping[str, str] = os.environ
) -> tuple[BrokerSettings, str]:
    """Settings and topic root.

    Args:
        purpose: part of the client's name at the broker.

    Raises:
        ConfigError: the file or the password is not there, or something in them or in the options is wrong.
    """
    mqtt, secret = MqttSection(), ""
    if options.path is not None:
        config = load(options.path, environment)
        mqtt, secret = config.mqtt, password(config, environment)
    given = {"url": options.url, "username": options.username, "root": options.root}
    mqtt = structs.replace(mqtt, **{key: value for key, value in given.items() if value is not None})
    if options.password_env is not None:
        if options.password_env not in environment:
            raise ConfigError(f"--password-env: the environment has no {options.password_env}")
        secret = environment[options.password_env]
    # Another with the same name would be thrown out by the broker.
    client_id = f"macnet-{purpose}-{secrets.token_hex(4)}"
    settings = replace(access(mqtt, client_id, secret), session_expiry_s=0, names=names_of(options))
    _ = settings.endpoint  # a wrong URL is told now
    return settings, _root(mqtt.root.strip("/"))


def _root(text: str) -> str:
    if not is_root(text):
        raise ConfigError(f"--root: {text!r} is no root: {ROOT_IN_WORDS}")
    return text


def names_of(options: BrokerOptions) -> SettingNames:
    """What errors call the settings: keys of the file where they come from there, else our options."""
    if options.path is None:
        # There are no options for these.
        files = {key: f"mqtt.{key} in a file for -c" for key in ("ca_file", "cert_file", "key_file")}
        return SettingNames(url="--url", username="--username", **files)
    given = {"url": options.url, "username": options.username}
    return replace(IN_CONFIGURATION, **{key: f"--{key}" for key, value in given.items() if value is not None})
