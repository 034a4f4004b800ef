"""Real brokers for the tests, outside of the tests' event loop.

`MACNET_TEST_BROKER` forces a kind: `container`, `mosquitto` or `embedded`. Unset, the first of
these that this machine offers is taken. All of them can be stopped and started again on
the same port; only the first two can be killed and frozen, and speak MQTT 5.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

from macnet_bridge.embedded_broker import EmbeddedBroker, connack, find_mosquitto, mosquitto_version
from macnet_bridge.errors import BrokerError
from tests.patience import PATIENCE_S

Kind = Literal["container", "mosquitto", "embedded"]
KINDS: tuple[Kind, ...] = ("container", "mosquitto", "embedded")
_NEVER_GIVEN = range(20_000, 30_000)
IMAGE = "eclipse-mosquitto:2"
SHIPPED = Path(__file__).parent.parent / "mosquitto"

# The reaper container is one more image to fetch; the fixtures remove their containers themselves.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

NO_MOSQUITTO = "no mosquitto on the PATH"
"""Why tests of a local Mosquitto are skipped where there is none."""


class RunningBroker(Protocol):
    """A broker on loopback. Its methods block until what they promise is the case."""

    kind: Kind
    name: str
    host: str
    port: int
    supports_v5: bool

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def remove(self) -> None: ...


class Setup:
    """A directory with the shipped configuration, adapted.

    Args:
        users: name to password; given, nameless clients are turned away and the ACL is in force.
            Without, anybody may use any topic.
        acl: text in place of the shipped ACL.
        keep_acl: the ACL is in force without users, too, as shipped.
        more: lines for the end of the configuration.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        acl: str | None = None,
        *,
        keep_acl: bool = False,
        more: str = "",
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="macnet-test-broker-")
        self.path = Path(self._directory.name)
        self.users = dict(users or {})
        self._keeps_acl = keep_acl
        self._more = more
        self.write_acl(acl or (SHIPPED / "acl").read_text("utf-8"))
        self.path.chmod(0o755)

    def write_acl(self, text: str) -> None:
        (self.path / "acl").write_text(text, "utf-8")

    def write_config(self, *, seen_as: str, data: str, port: int, extra: str = "") -> None:
        """Write mosquitto.conf for a broker that sees this directory under the path `seen_as`."""
        text = (SHIPPED / "mosquitto.conf").read_text("utf-8")
        text = text.replace("\nlistener 1883\n", f"\nlistener {port}\n")
        text = text.replace("/mosquitto/data/", data).replace("/mosquitto/config/", seen_as)
        if self.users:
            text = text.replace("\nallow_anonymous true", "")
            text = text.replace("# allow_anonymous false", "allow_anonymous false")
            text = text.replace("# password_file", "password_file")
        elif not self._keeps_acl:
            text = text.replace("\nacl_file", "\n# acl_file")
        (self.path / "mosquitto.conf").write_text(text + extra + self._more, "utf-8")

    def password_arguments(self, seen_as: str) -> list[list[str]]:
        """Arguments of mosquitto_passwd, one list per user; the first one makes the file."""
        return [
            ["-b", *(["-c"] if number == 0 else []), f"{seen_as}passwords", user, password]
            for number, (user, password) in enumerate(self.users.items())
        ]

    def remove(self) -> None:
        self._directory.cleanup()


class MosquittoBroker:
    """The `mosquitto` of this machine."""

    kind: Kind = "mosquitto"
    supports_v5 = True
    host = "127.0.0.1"

    def __init__(self, setup: Setup | None = None) -> None:
        program = find_mosquitto()
        if program is None:
            raise BrokerError("there is no mosquitto on the PATH")
        self.name = f"mosquitto {mosquitto_version(program)} from the PATH"
        self.port = free_port()
        self._setup = setup or Setup()
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        here = f"{self._setup.path.as_posix()}/"
        # Started by root, Mosquitto would become a user who cannot write here.
        extra = "user root\n" if os.name == "posix" and os.geteuid() == 0 else ""
        self._setup.write_config(seen_as=here, data=here, port=self.port, extra=extra)
        for arguments in self._setup.password_arguments(here):
            _run("mosquitto_passwd", *arguments)

    def start(self) -> None:
        config = self._setup.path / "mosquitto.conf"
        with (self._setup.path / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(config)], stdout=log, stderr=log)
        wait_until_it_answers(self.host, self.port)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        self._setup.remove()

    def _send(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        self._send(number)
        if self._process is not None:
            self._process.wait(PATIENCE_S)


class ContainerBroker:
    """Mosquitto in a container, on a host port that stays the same when it is restarted."""

    kind: Kind = "container"
    supports_v5 = True

    def __init__(self, setup: Setup | None = None) -> None:
        from testcontainers.core.container import DockerContainer

        self._setup = setup or Setup()
        self._setup.write_config(seen_as="/mosquitto/config/", data="/mosquitto/data/", port=1883)
        self.port = free_port()
        here = str(self._setup.path)
        for arguments in self._setup.password_arguments("/mosquitto/config/"):
            mount = f"{here}:/mosquitto/config"
            _run("docker", "run", "--rm", "-v", mount, IMAGE, "mosquitto_passwd", *arguments)
            (self._setup.path / "passwords").chmod(0o644)
        self._container: Any = (
            DockerContainer(IMAGE)
            .with_bind_ports(1883, self.port)
            .with_volume_mapping(here, "/mosquitto/config")
        )
        self._is_made = False
        self.host = ""
        self.name = f"{IMAGE} in a container"

    def start(self) -> None:
        if self._is_made:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._is_made = True
            self.host = str(self._container.get_container_host_ip())
        wait_until_it_answers(self.host, self.port)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=int(PATIENCE_S))

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def remove(self) -> None:
        if self._is_made:
            self._container.stop()
        self._setup.remove()


class AmqttBroker:
    """amqtt in this process, as the demo embeds it; it cannot be killed or frozen by itself."""

    kind: Kind = "embedded"
    supports_v5 = False

    def __init__(self, setup: Setup | None = None) -> None:
        if setup is not None and setup.users:
            raise BrokerError("the embedded broker knows no users")
        self._broker = EmbeddedBroker(engine="amqtt")
        self.name = ""
        self.host = self._broker.host
        self.port = 0

    def start(self) -> None:
        self._broker.start()
        self.name, self.port = self._broker.name, self._broker.port

    def stop(self) -> None:
        self._broker.stop()

    remove = stop

    def kill(self) -> None:
        raise NotImplementedError("needs a broker of its own process: mark the test needs_real_broker")

    freeze = thaw = kill


_MAKERS: dict[Kind, type[ContainerBroker] | type[MosquittoBroker] | type[AmqttBroker]] = {
    "container": ContainerBroker,
    "mosquitto": MosquittoBroker,
    "embedded": AmqttBroker,
}


def make_broker(setup: Setup | None = None) -> RunningBroker:
    """A broker of the kind that this run uses, not started yet. Raises BrokerError."""
    return _MAKERS[chosen_kind()](setup)


def forced_kind() -> Kind | None:
    """What MACNET_TEST_BROKER says. Raises BrokerError for a word it does not know."""
    word = os.environ.get("MACNET_TEST_BROKER", "")
    for kind in KINDS:
        if word == kind:
            return kind
    if word:
        raise BrokerError(f"MACNET_TEST_BROKER is {word}; it must be one of {', '.join(KINDS)}")
    return None


@cache
def chosen_kind() -> Kind:
    """The kind of broker of this run."""
    return forced_kind() or ("container" if _has_image() else "mosquitto" if find_mosquitto() else "embedded")


def _has_image() -> bool:
    try:
        import docker  # type: ignore[import-untyped, unused-ignore]
        from docker.errors import DockerException  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return False
    try:
        docker.from_env(timeout=5).images.get(IMAGE)
    except (DockerException, OSError):
        return False
    return True


def free_port() -> int:
    """A port that was free a moment ago; needed where a broker must come back on the same one.

    It is none of those that systems give to clients and to port 0, so that nobody gets it meanwhile.
    """
    for port in random.sample(_NEVER_GIVEN, k=100):
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("", port))
            return port
    raise BrokerError("100 ports were tried and none was free")


def wait_until_it_answers(host: str, port: int) -> None:
    """Return once an MQTT broker answers, be it with a refusal."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if connack(host, port) is not None:
            return
        pause.wait(0.05)
    raise BrokerError(f"no MQTT broker answers on {host}:{port}")


def _run(*command: str) -> None:
    with suppress(FileNotFoundError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise BrokerError(f"{command[0]} failed: {done.stderr.strip()}")
        return
    raise BrokerError(f"{command[0]} is not on the PATH")
