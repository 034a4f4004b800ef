"""What is said to whoever mistypes a verb, takes one of another scope, or mistypes an argument."""

from __future__ import annotations

import pytest
from msgspec import Raw

from macnet_bridge.commands.verbs import no_such_verb
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.arguments import AdvancedStartArguments, StartTestArguments, decode_arguments
from macnet_bridge.payloads.envelope import decode_envelope
from macnet_bridge.topics import Scope
from tests.commands.lab import lab


@pytest.mark.parametrize(
    ("scope", "verb", "words"),
    [
        (Scope.CHANNEL, "start_tset", "no verb 'start_tset' for a channel; did you mean 'start_test'?"),
        (Scope.CYCLER, "list_file", "no verb 'list_file' for a cycler; did you mean 'list_files'?"),
        (Scope.BRIDGE, "pnig", "no verb 'pnig' for a bridge; did you mean 'ping'?"),
        (Scope.CHANNEL, "get_file", "get_file is of the cycler: publish to …/CYCLER/cmd/get_file"),
        (Scope.CYCLER, "resume", "resume is of a channel: publish to …/CYCLER/CHANNEL/cmd/resume"),
        (Scope.ALL, "stop", "no verb 'stop' for all; macnet/bridge/lab/info lists them"),
        (
            Scope.CHANNEL,
            "ping",
            "ping is of the cycler: publish to …/CYCLER/cmd/ping, "
            "or of the bridge: publish to …/bridge/BRIDGE/cmd/ping",
        ),
        (Scope.CHANNEL, "dance", "no verb 'dance' for a channel; macnet/bridge/lab/info lists them"),
    ],
)
def test_verbs(scope: Scope, verb: str, words: str) -> None:
    assert no_such_verb(scope, verb, "macnet/bridge/lab/info") == words


async def test_it_is_what_the_acknowledgement_says() -> None:
    async with lab(4) as it:
        it.take("macnet/lab1/1/cmd/" + "x" * 64, b"{}")
        (answer,) = it.finals()
        assert answer["error"]["code"] == "UNKNOWN_VERB"
        assert answer["error"]["message"].endswith("; macnet/bridge/lab/info lists them")


@pytest.mark.parametrize(
    ("args", "field", "words"),
    [
        ('{"proceduer":"x"}', "args.proceduer", "; did you mean 'procedure'?"),
        ('{"procedure":"x","safety":{"voltage_max":4}}', "args.safety.voltage_max", "'voltage_max_volt'?"),
        ('{"procedure":"x","zzz":1}', "args.zzz", "contains unknown field `zzz`"),
        ('{"c_rate_ah":1}', "args.procedure", "missing required field `procedure`"),
    ],
)
def test_arguments(args: str, field: str, words: str) -> None:
    with pytest.raises(Rejected) as rejected:
        decode_arguments(StartTestArguments, Raw(args.encode()))
    assert rejected.value.field == field
    assert str(rejected.value).endswith(words)


def test_keys_of_the_payload() -> None:
    with pytest.raises(Rejected, match="did you mean 'expires_at'"):
        decode_envelope(b'{"expire_at":1}')


@pytest.mark.parametrize("count", [3, 5])
def test_exactly_four_loops(count: int) -> None:
    args = b'{"remaining_loops":[%b]}' % b",".join([b"1"] * count)
    with pytest.raises(Rejected) as rejected:
        decode_arguments(AdvancedStartArguments, Raw(args))
    assert str(rejected.value) == "args.remaining_loops: Expected `array` of length 4"
