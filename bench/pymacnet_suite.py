"""pymacnet's own tests against the simulated cycler in place of its MaccorSpoofer.

    git clone https://github.com/BattGenie/pymacnet
    python -m bench.pymacnet_suite pymacnet
    python -m bench.pymacnet_suite pymacnet --profile faithful

Its tests make the spoofer by name, at run time: a class of that name with the same methods takes
its place, and nothing else of pymacnet or of its tests is changed. They sleep 20 seconds in all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymacnet.maccorspoofer

from macnet_bridge.simulator.threaded import ThreadedCycler

_PROFILE = "MACNET_SUITE_PROFILE"


class StandIn:
    """What pymacnet's tests use of a MaccorSpoofer."""

    def __init__(self, config: dict[str, Any], profile: str | None = None) -> None:
        self.simulated = ThreadedCycler(
            config["num_channels"],
            host=config["server_ip"],
            json_port=config["json_port"],
            tcp_port=config["tcp_port"],
            profile=profile or os.environ[_PROFILE],
        )

    def start(self) -> None:
        self.simulated.start()

    def stop(self) -> None:
        self.simulated.stop()

    def update_channel_status(self, channel: int, status: dict[str, Any]) -> bool:
        """Change what (4, 7) says of a channel, which counts from 0 here; False for a wrong name."""
        spoofer = self.simulated.cycler.spoofer
        if spoofer is None:
            return False  # a tester that keeps a state cannot be told its readings
        try:
            self.simulated.do(lambda cycler: spoofer.show(channel + 1, **status))
        except KeyError:
            return False
        return True


def pytest_configure() -> None:
    """As a plugin of pytest: put the stand-in where the tests look for the spoofer."""
    pymacnet.maccorspoofer.MaccorSpoofer = StandIn


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clone", type=Path, help="folder with a clone of pymacnet")
    parser.add_argument("--profile", choices=["pymacnet", "faithful"], default="pymacnet")
    arguments = parser.parse_args()
    tests = arguments.clone / "tests"
    if not tests.is_dir():
        parser.error(f"there are no tests in {arguments.clone}")
    command = [sys.executable, "-m", "pytest", "-p", "bench.pymacnet_suite", "-v", "--tb=short", str(tests)]
    return subprocess.run(command, env={**os.environ, _PROFILE: arguments.profile}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
