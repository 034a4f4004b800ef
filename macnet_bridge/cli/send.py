"""`macnet-bridge send`"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import click
import msgspec
from msgspec import UNSET

from macnet_bridge.broker import BrokerSettings
from macnet_bridge.cli.broker_options import BrokerOptions, broker_options, reach
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import run_async
from macnet_bridge.cli.send_arguments import Target, read_arguments, read_target
from macnet_bridge.cli.verb_list import verb_list
from macnet_bridge.client import BridgeClient, CommandFailed, NoAnswer, NotAllStopped
from macnet_bridge.client.request import Options
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.payloads.acknowledgements import Acknowledgement, PartResult

EXIT_REFUSED = 1
EXIT_UNKNOWN = 3
EXIT_NO_ANSWER = 4
_MAX_S = 86_400.0
_COLOURS = {"done": "green", "unknown": "yellow"}


def _list_verbs(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        click.echo(verb_list(VERBS.values(), context.make_formatter().width))
        context.exit()


@click.command(
    epilog="Examples: macnet-bridge send lab1/5 start_test procedure=CCCV_1C c_rate_ah=2.5; "
    "macnet-bridge send lab1/1-16 suspend; macnet-bridge send all suspend; "
    "macnet-bridge send bridge/lab query id=my-1",
)
@click.argument("target", metavar="CYCLER[/CHANNELS] | all | bridge/NAME")
@click.argument("verb")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@click.option(
    "--expires",
    "expires_s",
    type=click.FloatRange(0, _MAX_S),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="It is not sent to the tester later than this.",
)
@click.option(
    "--id", "command_id", metavar="ID", help="Name of the command; the same one runs nothing twice."
)
@click.option(
    "--verbs",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_verbs,
    help="List all verbs and their arguments, and exit.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the final acknowledgement as JSON, one a line.")
@broker_options
@log_options
def send(
    target: str,
    verb: str,
    pairs: tuple[str, ...],
    dry_run: bool,
    expires_s: float,
    command_id: str | None,
    as_json: bool,
    path: str | None,
    url: str | None,
    username: str | None,
    password_env: str | None,
    root: str | None,
    log_format: str,
    log_level: str,
) -> None:
    """Send one command, and wait for its final acknowledgement.

    --verbs lists the verbs. CHANNELS are 5, 1-16,33 or all. A VALUE is JSON, or else text:
    test_name='"17"' is a text of digits. safety.voltage_max_volt=4.2 is a key of a table. The command
    is sent again until it is answered, for 5 s longer than --expires, and runs once.

    Exit code 0 when it is done, for all channels; 1 when it was refused or failed; 2 for wrong
    usage; 3 when it was sent to the tester and nothing tells what became of it; 4 without answer,
    of one bridge when all are to stop, or when Ctrl-C came first.
    """
    set_up_logging(log_format, log_level)
    try:
        whom, arguments = read_target(target), read_arguments(pairs)
        _check(whom, verb, arguments, dry_run, command_id)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    name = command_id or uuid4().hex  # known here, as Ctrl-C has to tell it
    options: Options = {"expires_s": expires_s, "dry_run": dry_run, "id": name}
    settings, topic_root = reach(BrokerOptions(path, url, username, password_env, root), "send")
    try:
        answers = run_async(_send(_client(settings, topic_root), whom, verb, arguments, options))
    except NotAllStopped as error:
        _tell(list(error.answers.values()), as_json)
        for name in sorted(error.silent):
            click.echo(f"macnet-bridge: bridge {name} is online and did not answer", err=True)
        sys.exit(EXIT_NO_ANSWER if error.silent else exit_code(list(error.answers.values())))
    except NoAnswer as error:
        _tell_open(error.id, as_json, no_answer(error))
        sys.exit(EXIT_NO_ANSWER)
    except KeyboardInterrupt:
        _tell_interrupted(whom, name, as_json)
        sys.exit(EXIT_NO_ANSWER)
    _tell(answers, as_json)
    sys.exit(exit_code(answers))


def _check(target: Target, verb: str, arguments: dict[str, Any], dry_run: bool, name: str | None) -> None:
    if name is not None and not 1 <= len(name) <= 128:
        raise ValueError("--id has 1 to 128 characters")
    if target.kind == "all" and (verb != "suspend" or arguments or dry_run or name):
        raise ValueError("all takes suspend only, without arguments, --dry-run and --id")
    if not verb or set(verb) & set("/+#\0"):
        raise ValueError(f"{verb!r} is no verb")


def _client(settings: BrokerSettings, root: str) -> BridgeClient:
    return BridgeClient(
        settings.url,
        username=settings.username,
        password=settings.password,
        root=root,
        protocol=settings.protocol,
        ca_file=settings.ca_file,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        names=settings.names,
    )


async def _send(
    client: BridgeClient, target: Target, verb: str, arguments: dict[str, Any], options: Options
) -> list[Acknowledgement]:
    async with client as lab:
        try:
            if target.kind == "all":
                return list((await lab.suspend_all(expires_s=options["expires_s"])).values())
            return [await _addressed(lab, target).command(verb, arguments, **options)]
        except CommandFailed as failure:
            return [failure.acknowledgement]


def _addressed(lab: BridgeClient, target: Target) -> Any:
    if target.kind == "bridge":
        return lab.bridge(target.name)
    cycler = lab[target.name]
    if not target.channels:
        return cycler
    return cycler.channels(target.channels) if target.channel is None else cycler[target.channel]


def _tell(answers: Sequence[Acknowledgement], as_json: bool) -> None:
    for answer in answers:
        click.echo(msgspec.json.encode(answer).decode() if as_json else "\n".join(lines(answer)))


def exit_code(answers: Sequence[Acknowledgement]) -> int:
    """0 when all are done, 3 when one is unknown, else 1."""
    statuses = {answer.status for answer in answers}
    if "unknown" in statuses:
        return EXIT_UNKNOWN
    return 0 if statuses == {"done"} else EXIT_REFUSED


def lines(answer: Acknowledgement) -> Iterator[str]:
    """A line for each channel of a summary, else one; the id comes last, where the outcome is open."""
    if answer.results is UNSET or not answer.results:
        yield _line(_place(answer.cycler, answer.channel), answer)
    else:
        for part in answer.results:
            yield _line(_place(part.cycler, part.channel), part)
    if answer.status == "unknown":
        yield f"ask later what became of it: send bridge/NAME query id={answer.id}"


def _place(cycler: Any, channel: Any) -> str:
    if cycler is UNSET:
        return "bridge"
    return str(cycler) if channel is UNSET else f"{cycler}/{channel}"


def _line(place: str, outcome: Acknowledgement | PartResult) -> str:
    status = click.style(f"{outcome.status:<10}", fg=_COLOURS.get(outcome.status, "red"))
    if outcome.error is not UNSET:
        return f"{place:<16} {status} {outcome.error.code}: {outcome.error.message}"
    verified = "" if outcome.verified is UNSET else f" {outcome.verified}"
    result = "" if outcome.result is UNSET else f" {msgspec.json.encode(outcome.result).decode()}"
    return f"{place:<16} {status}{verified}{result}".rstrip()


def no_answer(error: NoAnswer) -> str:
    """What there is to say of a command without a final acknowledgement."""
    if not error.deliveries:
        return str(error)
    return _open(error.id, f"no answer ({error.why})" if error.why else "no answer")


def _open(name: str, why: str) -> str:
    return (
        f"{why}; what became of it is not known. "
        f"Ask: send bridge/NAME query id={name}, or send the same again with --id {name}"
    )


def _tell_open(name: str, as_json: bool, line: str) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"id": name, "status": "no_answer", "final": False}).decode())
    else:
        click.echo(f"macnet-bridge: {line}", err=True)


def _tell_interrupted(target: Target, name: str, as_json: bool) -> None:
    if target.kind != "all":
        _tell_open(name, as_json, _open(name, "interrupted"))
        return
    # The bridges' commands have an id each, which nobody has been told.
    click.echo("macnet-bridge: interrupted; what has stopped is not known. Go and look", err=True)
