"""The command node in a real Node-RED, with a real broker, a bridge and a simulated tester."""

from __future__ import annotations

from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.node_red import needs_node_red
from tests.nodered.conftest import StartNodeRed, commands, connection, tab

pytestmark = needs_node_red


async def test_a_command_is_done(lab: Lab, start_node_red: StartNodeRed) -> None:
    cycler = await lab.cycler()
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    node_red = await start_node_red([tab(), connection(lab), *commands()])
    wish = {"cycler": "lab1", "channel": 3, "verb": "set_variable", "args": {"variable": 2, "value": 1.5}}
    told = await node_red.ask("/command", wish)
    assert (told["output"], told["answer"]["status"]) == (1, "done")
    assert told["answer"]["verified"] == "read_back"
    assert told["kept"] == {"deep": [1, 2]}
