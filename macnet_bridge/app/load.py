"""Reads the configuration: the file, then `MACNET_*` environment variables over it.

Every mistake becomes one line that names the place and what to write instead.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from macnet_bridge.app.check import complaints
from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.app.explain import explain, field_type, place_of
from macnet_bridge.app.mend import mend
from macnet_bridge.errors import ConfigError, InvalidRequest
from macnet_bridge.macnet.protocol.fieldtypes import checked_json
from macnet_bridge.macnet.protocol.messages import Login

ENVIRONMENT_PREFIX = "MACNET_"
SECTIONS = ("bridge", "mqtt", "telemetry", "commands")
"""Those whose keys have environment variables."""


def load(path: str | Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: with file, line where there is one, key, and what is wrong.
    """
    return parse(_read(path, f"cannot read {path}"), str(path), environment)


def parse(text: str, source: str, environment: Mapping[str, str] = {}) -> Config:
    """Check a configuration given as TOML. `source` names it in errors. Raises ConfigError."""
    config, wrong = examine(text, source, environment)
    if config is None or wrong:
        raise ConfigError(wrong[0])
    return config


def examine_file(
    path: str | Path, environment: Mapping[str, str] = os.environ
) -> tuple[Config | None, list[str]]:
    """As `examine`, for a file; that it cannot be read is the one thing wrong with it then."""
    try:
        text = _read(path, f"cannot read {path}")
    except ConfigError as error:
        return None, [str(error)]
    return examine(text, str(path), environment)


def examine(text: str, source: str, environment: Mapping[str, str] = {}) -> tuple[Config | None, list[str]]:
    """As `parse`, with all that is wrong, a line each, in place of the first mistake alone.

    Returns:
        The configuration, None where not even the types are right, and the mistakes.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [f"{source}: not TOML: {error}"]
    overlaid = _overlay(values, environment)
    config, errors = _convert(values)
    if errors:
        return None, [explain(error, text, source, overlaid) for error in errors]
    return config, [_blamed(complaint, source, overlaid) for complaint in complaints(config)]


def _blamed(complaint: str, source: str, overlaid: Mapping[str, str]) -> str:
    """The complaint, after where the key that it begins with got its value from."""
    variable = overlaid.get(complaint.split(" ")[0].rstrip(":"))
    return f"environment variable {variable}: {complaint}" if variable else f"{source}: {complaint}"


def _convert(values: dict[str, Any]) -> tuple[Config, list[msgspec.ValidationError]]:
    """The values in their types, mistakes mended, and the mistakes."""
    errors: list[msgspec.ValidationError] = []
    while True:
        try:
            return msgspec.convert(values, Config), errors
        except msgspec.ValidationError as error:
            errors.append(error)
            if not mend(values, place_of(error)):
                return Config(), errors


def password(config: Config, environment: Mapping[str, str] = os.environ) -> str:
    """The broker's password, from its file or variable; empty when neither is configured.

    Raises:
        ConfigError: it is configured and not there.
    """
    mqtt = config.mqtt
    if mqtt.password_file:
        path = mqtt.password_file
        return _read(path, f"mqtt.password_file: cannot read {path}").rstrip("\r\n")
    if mqtt.password_env:
        if mqtt.password_env not in environment:
            raise ConfigError(f"mqtt.password_env: the environment has no {mqtt.password_env}")
        return environment[mqtt.password_env]
    return ""


def logins(config: Config, environment: Mapping[str, str] = os.environ) -> dict[str, Login]:
    """User and password of the testers that want a log-in, by their names.

    Raises:
        ConfigError: a password is not there, or MacNet cannot carry it.
    """
    found = ((cycler.name, login_of(cycler, environment)) for cycler in config.cycler)
    return {name: login for name, login in found if login is not None}


def login_of(cycler: CyclerSection, environment: Mapping[str, str]) -> Login | None:
    """User and password of one tester, None where it wants no log-in. Raises ConfigError."""
    if not cycler.user:
        return None
    where = f"cycler {cycler.name}: password_env"
    if cycler.password_env not in environment:
        raise ConfigError(f"{where}: the environment has no {cycler.password_env}")
    login = Login(user=cycler.user, password=environment[cycler.password_env])
    try:
        checked_json(login)
    except InvalidRequest:
        raise ConfigError(
            f"{where}: {cycler.password_env} is no password that MacNet can carry; "
            "it takes ASCII, at most 255 characters"
        ) from None
    return login


def _read(path: str | Path, complaint: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{complaint}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{complaint}: it is not UTF-8") from None


def _overlay(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """`MACNET_MQTT_URL` replaces `mqtt.url`, and so on for the keys of the four plain sections.

    Returns the paths that were replaced, and by which variable.
    """
    overlaid: dict[str, str] = {}
    for variable, text in environment.items():
        section, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        table = values.get(section, {})
        # A section that is no table is a mistake of the file, which will be told.
        if variable.startswith(ENVIRONMENT_PREFIX) and section in SECTIONS and isinstance(table, dict):
            values[section] = table | {key: _value(f"{section}.{key}", text)}
            overlaid[f"{section}.{key}"] = variable
    return overlaid


def _value(path: str, text: str) -> Any:
    """A variable's text as its key wants it: as it is where that is a text, else read as TOML."""
    try:
        return msgspec.convert(text, field_type(path))
    except (msgspec.ValidationError, TypeError):
        pass
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
