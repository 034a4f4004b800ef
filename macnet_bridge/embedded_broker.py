"""A broker for demonstrations and tests, with nothing to set up: loopback only, anybody may do anything.

`mosquitto` is used when there is one on the PATH. Else amqtt (pure Python) runs in a thread with an
event loop of its own, so that a busy broker delays no timer of the application, nor the other way
round, and so that tests can use it without a loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

from macnet_bridge.errors import BrokerError

START_S = 10.0
STOP_S = 2.0
_MISSING = {
    "auto": "no broker to embed: pip install 'macnet-bridge[demo]', or install mosquitto",
    "mosquitto": "there is no mosquitto on the PATH; install it",
    "amqtt": "there is no amqtt; pip install 'macnet-bridge[demo]'",
}


class _Engine(Protocol):
    name: str

    def start(self, host: str, port: int) -> None: ...
    def is_listening(self) -> bool: ...
    def is_running(self) -> bool: ...
    def stop(self) -> None: ...


class EmbeddedBroker:
    """An MQTT broker for as long as the `async with` lasts.

    Args:
        host: address to listen on.
        port: 0 picks a free one.
        engine: "mosquitto" or "amqtt"; "auto" takes the first that is there.

    Attributes:
        port: the port that is listened on, once started.
        name: such as "mosquitto 2.0.11" or "amqtt 0.12.1 (MQTT 3.1.1 only)".
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        engine: Literal["auto", "mosquitto", "amqtt"] = "auto",
    ) -> None:
        self.host = host
        self.port = port
        self.name = ""
        self._wanted = engine
        self._engine: _Engine | None = None

    @property
    def supports_v5(self) -> bool:
        """Whether it speaks MQTT 5."""
        return self.name.startswith("mosquitto")

    def start(self) -> None:
        """Start, and return once MQTT clients are accepted. Blocks for some tens of milliseconds.

        Raises BrokerError: no broker installed, or it did not start.
        """
        engine = _choose(self._wanted)
        port = self.port or _free_port(self.host)
        try:
            engine.start(self.host, port)
            _wait_until_accepting(self.host, port, engine)
        except BaseException:
            engine.stop()
            raise
        self._engine, self.port, self.name = engine, port, engine.name

    def stop(self) -> None:
        """Stop; may be called twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()

    async def __aenter__(self) -> EmbeddedBroker:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _choose(wanted: str) -> _Engine:
    mosquitto = find_mosquitto()
    if mosquitto is not None and wanted != "amqtt":
        return _Mosquitto(mosquitto)
    if importlib.util.find_spec("amqtt") is not None and wanted != "mosquitto":
        return _Amqtt()
    raise BrokerError(_MISSING[wanted])


def find_mosquitto() -> str | None:
    """Path of the mosquitto program, None where there is none.

    Linux distributions install it among the system programs, which are not on every user's PATH.
    """
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def mosquitto_version(program: str) -> str:
    """Such as "2.0.11"; raises BrokerError when the program does not run."""
    try:
        told = subprocess.run(
            [program, "-h"], capture_output=True, text=True, timeout=START_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"{program} does not run: {error}") from error
    words = told.split()
    return words[2] if words[:2] == ["mosquitto", "version"] else "of unknown version"


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_until_accepting(host: str, port: int, engine: _Engine) -> None:
    # Trying is the only proof; each try takes as long as the refusal, and a short pause keeps the
    # processor free for the broker that is starting.
    pause = threading.Event()
    for _ in range(int(START_S / 0.02)):
        # A welcome alone proves nothing: another broker may have been faster on this port.
        if engine.is_listening() and connack(host, port) == 0:
            return
        if not engine.is_running():
            break
        pause.wait(0.02)
    raise BrokerError(f"{engine.name} did not start on {host}:{port}; is the port in use?")


def connack(host: str, port: int, timeout_s: float = 1.0) -> int | None:
    """What a broker answers to a nameless MQTT 3.1.1 client: 0 = welcome; None = no MQTT broker there."""
    client_id = b"macnet-bridge-probe"
    body = b"\x00\x04MQTT\x04\x02\x00\x0a" + len(client_id).to_bytes(2, "big") + client_id
    try:
        with socket.create_connection((host, port), timeout_s) as sock:
            sock.settimeout(timeout_s)
            sock.sendall(bytes([0x10, len(body)]) + body)
            answer = sock.recv(4)
            sock.sendall(b"\xe0\x00")
    except OSError:
        return None
    return answer[3] if len(answer) == 4 and answer[0] == 0x20 else None


_MOSQUITTO_CONFIG = """\
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
log_dest stderr
log_type error
log_type information
"""
_SILENT_START_S = 1.0


class _Mosquitto:
    """A mosquitto process with a configuration of its own."""

    def __init__(self, program: str) -> None:
        self.name = f"mosquitto {mosquitto_version(program)}"
        self._program = program
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._log: Path | None = None
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, host: str, port: int) -> None:
        # Not asyncio's subprocess: on Windows a loop that can watch sockets cannot watch processes.
        self._directory = tempfile.TemporaryDirectory(prefix="macnet-broker-")
        config = Path(self._directory.name, "mosquitto.conf")
        config.write_text(_MOSQUITTO_CONFIG.format(host=host, port=port), "utf-8")
        self._log = Path(self._directory.name, "log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl-C in the terminal is for the application, which says goodbye to the broker first.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        self._started_at = time.monotonic()

    def is_listening(self) -> bool:
        # It says so once its sockets are open. Old ones do not: without a port they are soon gone.
        says_so = self._log is not None and b" running" in self._log.read_bytes()
        return self.is_running() and (says_so or time.monotonic() - self._started_at > _SILENT_START_S)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(START_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._directory is not None:
            self._directory.cleanup()


_AMQTT_LEVEL = 4
"""What MQTT 3.1.1 calls itself in a CONNECT packet."""


class _Amqtt:
    """amqtt in a thread with its own event loop."""

    def __init__(self) -> None:
        import amqtt

        self.name = f"amqtt {amqtt.__version__} (MQTT 3.1.1 only)"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._listening = False

    def start(self, host: str, port: int) -> None:
        _silence("amqtt", "transitions")
        self._thread = threading.Thread(target=self._run, args=(host, port), name="amqtt", daemon=True)
        self._thread.start()

    def _run(self, host: str, port: int) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.get_loop().set_exception_handler(lambda _loop, _context: None)
            runner.run(self._serve(host, port))

    async def _serve(self, host: str, port: int) -> None:
        from amqtt.broker import Broker
        from amqtt.errors import BrokerError as CannotStart

        _refuse_other_versions()
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        broker = Broker(_amqtt_config(host, port))
        with contextlib.suppress(CannotStart):  # a port in use; the one who waits for us will see it
            await broker.start()
            self._listening = True
            await self._stop.wait()
            await _shut_down(broker)

    def is_listening(self) -> bool:
        return self._listening

    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed already
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)


async def _shut_down(broker: Any) -> None:
    # amqtt goes on accepting while it ends its sessions, and a client that comes back in that moment
    # keeps it from ending for ever. So the door is closed first, and patience has an end.
    for server in broker._servers.values():
        server.instance.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_S):
            await broker.shutdown()


def _refuse_other_versions() -> None:
    """Let amqtt turn clients of other versions of MQTT away at once.

    By itself it reads on first, takes properties of MQTT 5 for the length of a name, and waits for
    bytes that never come; a client that begins with MQTT 5 then waits as well, before it tries 3.1.1.
    """
    from amqtt.mqtt.connect import ConnectPacket, ConnectPayload

    class Payload(ConnectPayload):  # type: ignore[misc]
        @classmethod
        async def from_stream(cls, reader: Any, fixed: Any, header: Any) -> Any:
            if header.proto_level == _AMQTT_LEVEL:
                return await super().from_stream(reader, fixed, header)
            header.flags = 0  # nothing of what they announce is read
            return cls(client_id="")

    ConnectPacket.PAYLOAD = Payload


def _amqtt_config(host: str, port: int) -> dict[str, Any]:
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
        "plugins": {anonymous: {"allow_anonymous": True}},
    }


def _silence(*names: str) -> None:
    # Whoever wants to see them can attach a handler; by themselves they must not reach the terminal.
    for name in names:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
