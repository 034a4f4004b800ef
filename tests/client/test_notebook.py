"""examples/exploration.ipynb, run from its first cell to its last against a real lab."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.client.conftest import client_of
from tests.patience import PATIENCE_S

NOTEBOOK = Path(__file__).parents[2] / "examples" / "exploration.ipynb"
CELLS = 12


@pytest.fixture
def notebook() -> Any:
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the extra `dev`")
    return nbformat.read(NOTEBOOK, as_version=4)


async def executed(notebook: Any, lab: Lab, folder: Path) -> list[str]:
    """The text that each code cell shows, pictures as their size."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the extra `dev`")
    pytest.importorskip("pandas", reason="pandas comes with the extra `examples`")
    pytest.importorskip("matplotlib", reason="matplotlib comes with the extra `examples`")
    environment = {
        "MACNET_MQTT_URL": f"mqtt://{lab.broker.host}:{lab.broker.port}",
        "MACNET_MQTT_ROOT": lab.root,
        "MACNET_BRIDGE": "lab",
        "PYTHONPATH": str(NOTEBOOK.parents[1]),
    }
    client = nbclient.NotebookClient(
        notebook, timeout=PATIENCE_S, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    await client.async_execute(env={**os.environ, **environment})
    return ["\n".join(map(shown, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"]


def shown(output: Any) -> str:
    assert output.output_type != "error", output.evalue
    if "text" in output:
        return str(output.text)
    if "image/png" in output.data:
        return f"picture of {len(base64.b64decode(output.data['image/png']))} bytes"
    return str(output.data["text/plain"])


@pytest.mark.timeout(240)  # a kernel that loads pandas, on a slow machine
async def test_every_cell_runs(
    notebook: Any, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cycler = await lab.cycler(4, speed=60)
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    async with client_of(lab) as client:
        states = client["lab1"][1].states()
        await client["lab1"][1].start_test(procedure="CCCV_1C", c_rate_ah=2.5, test_name="busy")
        while (await anext(states)).state != "active":
            pass
    cells = await executed(notebook, lab, tmp_path)
    with capsys.disabled():
        print(f"{NOTEBOOK.name}: {len(cells)} cells ran")  # noqa: T201
    assert len(cells) == CELLS
    text = dict(enumerate(cells, 1))
    assert "lab1" in text[3]
    assert "busy" in text[4]
    assert text[5].count("charge") >= 10
    assert text[6].startswith("lab1/4: PROCEDURE_MISSING: ")
    assert text[7].startswith("done {'would': ['set_safety_limits', 'start_test']")
    assert text[8].startswith("done read_back {'test_name': ")
    assert text[9].startswith("picture of ")
    assert "'state': 'suspended'" in text[10]
    assert text[11] == "'suspended'"
    # The dry runs started nothing.
    assert [start.channel for start in cycler.received.of(6, 2)] == [1, 4]


def test_it_is_committed_as_it_ran(notebook: Any) -> None:
    """One after another, and small: people see what it shows before they run it."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, CELLS + 1))
    assert all(output.output_type != "error" for cell in notebook.cells for output in cell.get("outputs", ()))
    assert NOTEBOOK.stat().st_size < 60_000
