"""The process that fuzzes: `python -m bench.fuzz.engine CORPUS SEEDS LIBFUZZER_FLAGS`.

Everything that is to be watched has to be imported while atheris rewrites it, so the order of
imports matters here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# Rooms beside the codecs come in with them; they are left as they are, so that `cov` speaks of the codecs.
_NOT_WATCHED = [
    "macnet_bridge",
    "macnet_bridge.errors",
    "macnet_bridge.system_errors",
    "macnet_bridge.macnet",
]
_NOT_WATCHED += [f"macnet_bridge.macnet.{name}" for name in ("connection", "transports", "survey", "cycler")]
_CYCLER = Path(__file__).parents[2] / "macnet_bridge" / "macnet" / "cycler"
_NOT_WATCHED += [f"macnet_bridge.macnet.cycler.{path.stem}" for path in _CYCLER.glob("*.py")]

with atheris.instrument_imports(include=["macnet_bridge"], exclude=_NOT_WATCHED):
    import macnet_bridge.macnet.dialects
    import macnet_bridge.macnet.protocol.jsonrpc  # noqa: F401

from bench.fuzz import target  # noqa: E402
from bench.fuzz.repair import Mutator  # noqa: E402
from bench.fuzz.seeds import seeds  # noqa: E402


def main() -> None:
    mutator = Mutator(seeds())

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        return mutator.mutate(data, most, seed, atheris.Mutate)

    atheris.Setup(sys.argv, target.check, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
