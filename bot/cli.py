"""The command line. Commands tell their result on standard output; trouble is one line on standard error."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import structlog
from cyclopts import App, Parameter
from cyclopts.validators import Number

from bot import handover, logs
from bot.lists import MOST
from bot.settings import Settings, SettingsError, load_database_settings, load_settings, missing

app = App(name="balcao", help="The front desk a Brazilian business runs on its WhatsApp number.")
user = App(name="user", help="People who work here.")
pix = App(name="pix", help="The bank's webhook, and payments that staff confirm by hand.")
app.command(user)
app.command(pix)

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Most = Annotated[int, Parameter(validator=Number(gte=1, lte=1_000_000))]
Count = Annotated[int, Parameter(validator=Number(gte=1, lte=256))]


@app.command
def demo(*, port: Port = 8100, data: Path | None = None, log_level: Level = "WARNING") -> None:
    """Run everything on this machine, with a simulated WhatsApp, bank and mailbox, and print one address.

    Parameters
    ----------
    port
        Where the page is; 0 takes any free one.
    data
        A folder in which the demo's database is kept. Without it everything is forgotten at the end.
    """
    _metrics_folder()
    from bot.demo import demo as run
    from bot.demo import make_folder

    if data is not None:
        make_folder(data)
    logs.configure(log_level, "console")
    asyncio.run(run(port, data))


@app.command
def serve(
    *,
    role: Literal["all", "web", "worker"] = "all",
    port: Port | None = None,
    host: str = "0.0.0.0",  # noqa: S104 - in a container every interface is meant; a proxy stands before it
    processes: Count = 1,
) -> None:
    """Run the front desk: `all` in one process, or `web` and `worker` apart (PostgreSQL and Redis).

    Parameters
    ----------
    processes
        How many processes of this role, over one socket.
    """
    settings = load_settings()
    _metrics_folder()
    logs.configure(settings.log_level, settings.log_format)
    apart = role != "all" or processes > 1
    if apart and not (settings.on_postgresql and settings.redis_url):
        raise SystemExit("balcao: several processes need BALCAO_DATABASE_URL on PostgreSQL and BALCAO_REDIS_URL")
    place = handover.inherited()
    if place is not None and place.parent is not None:
        _serve_as_child(settings, role, place.bound, place.parent)
    elif processes > 1:
        _supervise(settings, place.bound if place else None, host, settings.port if port is None else port, processes)
    else:
        _serve(settings, role, place.bound if place else None, host, settings.port if port is None else port)


def _metrics_folder() -> None:
    """The metrics library writes there as soon as it is imported."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is not None and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise SystemExit("balcao: PROMETHEUS_MULTIPROC_DIR must be a folder in which this user may write")


def _ready_to_start(settings: Settings) -> None:
    """What would stop each process as soon as it is wired stops the start, in one line."""
    from bot.wiring import try_out

    try_out(settings)
    _prepare(settings)


def _serve(settings: Settings, role: str, bound: socket.socket | None, host: str, port: int) -> None:
    from bot import serve as server

    _ready_to_start(settings)
    server.open_many()
    kept = server.run_loop(server.serve(settings, role, bound or server.bind(host, port), renews=_renews()))
    if kept is not None:
        handover.go_on_as_new(kept)


def _supervise(settings: Settings, bound: socket.socket | None, host: str, port: int, processes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="balcao-metrics-") as folder:
        # The metrics of all processes are told together; their library asks for this when it is imported.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        from bot import serve as server
        from bot.supervisor import Supervisor

        _ready_to_start(settings)
        server.open_many()
        bound = bound or server.bind(host, port)
        children = Supervisor(handover.command(), bound, processes, renews=_renews())
        raise SystemExit(asyncio.run(children.run()))


def _serve_as_child(settings: Settings, role: str, bound: socket.socket, parent: socket.socket) -> None:
    """Its parent saw the database. It may be away for a while by now, which is no reason not to come back."""
    from bot import serve as server

    try:
        _prepare(settings)
    except DatabaseTrouble as trouble:
        structlog.get_logger().warning("serve.database_away", detail=str(trouble))
    server.run_loop(server.serve(settings, role, bound, parent=parent))


def _renews() -> bool:
    """Whether SIGHUP is somebody's wish for a new start: not when a terminal hangs up, nor where it is ignored."""
    return not os.isatty(0) and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN


@app.command
def migrate() -> None:
    """Bring the database to this version's schema."""
    from storage.migrate import upgrade

    settings = load_database_settings()
    with _database_trouble():
        asyncio.run(upgrade(settings.database_url))
    _say("The database is up to date.")


@app.command
def check() -> None:
    """Say what is missing or wrong in the settings and how to get it. Exit status 1 if a start is not possible."""
    findings = missing()
    for finding in findings:
        _say(("MISSING  " if finding.required else "optional ") + str(finding))
    if any(finding.required for finding in findings):
        raise SystemExit(1)
    settings = load_settings()
    lines = [*_in_the_wiring(settings), *_in_the_database(settings)]
    for line in lines:
        _say(line)
    if any(line.startswith("MISSING") for line in lines):
        raise SystemExit(1)
    if settings.pix_driver == "bcb":
        _say("Once it runs, tell the bank where to call: `balcao pix webhook`")
    _say("Ready to start.")


def _in_the_wiring(settings: Settings) -> list[str]:
    from bot.wiring import try_out

    try:
        try_out(settings)
    except SettingsError as error:
        return [f"MISSING  {finding}" for finding in error.findings]
    return []


def _in_the_database(settings: Settings) -> list[str]:
    from bot.queue_commands import obstacle, role_warning, what_stands_still

    async def look() -> list[str]:
        if trouble := await obstacle(settings):
            return [f"MISSING  the database of BALCAO_DATABASE_URL cannot be used: {trouble}"]
        return [*await role_warning(settings), *await what_stands_still(settings)]

    try:
        with _database_trouble():
            return asyncio.run(look())
    except DatabaseTrouble as trouble:
        return [f"MISSING  {str(trouble).removeprefix('balcao: ')}"]


@app.command
def apply(file: Path) -> None:
    """Make the business what the YAML file says: plans, benefits, contract, texts, partners. Idempotent."""
    from bot.desk_commands import apply_file

    settings = load_settings()
    logs.configure(settings.log_level, "console")
    _prepare(settings)
    _say(asyncio.run(apply_file(settings, file)))


@user.command(name="add")
def user_add(email: str, name: str, *, role: Literal["org_admin", "agent", "viewer"] = "agent") -> None:
    """Add somebody who works here; asks for the password."""
    from getpass import getpass

    from bot.desk_commands import add_user

    settings = load_settings()
    password = getpass("Password (12 characters or more): ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    _prepare(settings)
    _say(asyncio.run(add_user(settings, email, name, role, password)))


@pix.command(name="list")
def pix_list(*, most: Most = MOST) -> None:
    """List the refunds that wait for a hand and the charges that wait for money, lapsed ones of a week last.

    Parameters
    ----------
    most
        How many charges are shown.
    """
    from bot.staff_commands import list_payments

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(list_payments(settings, most)))


@pix.command(name="confirm")
def pix_confirm(txid: str, *, amount: str | None = None) -> None:
    """Confirm by hand that a Pix of the static driver arrived (nobody else can tell).

    Parameters
    ----------
    txid
        As the bank's statement shows it: 20 characters of its beginning are enough.
    amount
        What arrived, as in 99,80, when it is not what was asked for.
    """
    from bot.staff_commands import confirm_payment

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(confirm_payment(settings, txid, amount)))


@pix.command(name="refunded")
def pix_refunded(payment: str) -> None:
    """Say that the money of a payment confirmed by hand was sent back by hand (its id is in `pix list`)."""
    from bot.staff_commands import refunded_payment

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(refunded_payment(settings, payment)))


@pix.command(name="webhook")
def pix_webhook(*, skip_mtls: bool = False) -> None:
    """Tell the bank where to call when a Pix arrives: {BALCAO_PUBLIC_URL}/webhooks/pix, with the secret.

    Parameters
    ----------
    skip_mtls
        Ask the bank (Efí) to accept a server that asks for no client certificate.
    """
    from bot.desk_commands import register_pix_webhook

    _say(asyncio.run(register_pix_webhook(load_settings(), skip_mtls=skip_mtls)))


@app.command
def link(*, source: str = "", campaign: str = "", phone: str = "") -> None:
    """Print a wa.me link that opens a chat ready to sign up, and remembers where the person came from.

    Parameters
    ----------
    phone
        The business's number as it is dialled, with the country's code.
    """
    from bot.desk_commands import deep_link

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(deep_link(settings, source, campaign, phone)))


@app.command
def notices(
    *,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    most: Most = MOST,
    who: str | None = None,
    resolve: str | None = None,
) -> None:
    """List what wants the attention of staff, say whom a line is about, or that it is dealt with.

    Parameters
    ----------
    all_
        Those for information and those that are resolved, too, newest first.
    most
        How many are shown.
    who
        The id of one: prints the person's name and a link to write to them. The list itself holds no personal data.
    resolve
        The id of the one that is dealt with.
    """
    from bot.staff_commands import list_notices, resolve_notice, who_is_meant

    settings = load_settings()
    _prepare(settings)
    if who is not None:
        _say(asyncio.run(who_is_meant(settings, who)))
    elif resolve is not None:
        _say(asyncio.run(resolve_notice(settings, resolve)))
    else:
        _say(asyncio.run(list_notices(settings, everything=all_, most=most)))


@app.command
def rekey() -> None:
    """Put the data keys under the new BALCAO_SECRET_KEY, with the former one in BALCAO_SECRET_KEY_PREVIOUS."""
    from bot.desk_commands import rekey as run

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(run(settings)))


@app.command
def parked(*, most: Most = MOST) -> None:
    """List the events whose turn failed three times: id, kind, since when, why. No personal data."""
    from bot.queue_commands import parked as run

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(run(settings, most)))


@app.command
def replay(event_id: int) -> None:
    """Give a parked event another turn (once what made it fail is put right)."""
    from bot.queue_commands import replay as run

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(run(settings, event_id)))


@app.command
def dead(*, most: Most = MOST) -> None:
    """List the deliveries that were given up: id, kind, template, since when, tries, why. No personal data."""
    from bot.queue_commands import dead as run

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(run(settings, most)))


@app.command
def retry(outbox_id: int) -> None:
    """Try a dead delivery again: no refund, no one-time code, nothing whose time is over."""
    from bot.queue_commands import retry as run

    settings = load_settings()
    _prepare(settings)
    _say(asyncio.run(run(settings, outbox_id)))


@app.command
def diagram(dialogue: Annotated[str | None, Parameter(show=True)] = None) -> None:
    """Print the map of a dialogue (of all, without a name) as a Mermaid diagram."""
    from bot.diagrams import mermaid

    _say(mermaid(dialogue))


def _prepare(settings: Settings) -> None:
    """The database is there and at this version's schema, or one line says what is wrong with it."""
    from bot import serve as server

    with _database_trouble():
        try:
            asyncio.run(server.prepare(settings))
        except server.WrongKey as error:
            raise SystemExit(f"balcao: {error}") from None


@contextmanager
def _database_trouble() -> Iterator[None]:
    """Only for what touches no rows: the database's own words could quote them."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from storage.migrate import WrongSchema

    try:
        yield
    except WrongSchema as error:
        raise SystemExit(f"balcao: {error}") from None
    except (OSError, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        words = str(cause.__cause__ or cause).splitlines() or [type(cause).__name__]
        raise DatabaseTrouble(f"balcao: the database of BALCAO_DATABASE_URL cannot be used: {words[0]}") from None
    except (ArgumentError, TypeError, ValueError) as error:
        if not _is_of_the_address(error):
            raise
        # What the driver says of it could repeat the password.
        why = "its address, or an option in it, is not understood"
        raise DatabaseTrouble(f"balcao: the database of BALCAO_DATABASE_URL cannot be used: {why}") from None


def _is_of_the_address(error: Exception) -> bool:
    """What a driver makes of an option behind the `?` is told where it connects; anything else is a fault of ours."""
    from sqlalchemy.exc import ArgumentError

    steps = traceback.extract_tb(error.__traceback__)
    return isinstance(error, ArgumentError) or any("connect" in step.name for step in steps[-3:])


class DatabaseTrouble(SystemExit):
    """The database does not answer, or not as it should."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(words: Sequence[str] | None = None) -> None:
    """Without `words` what the shell handed over."""
    try:
        app(words)
    except SettingsError as error:
        raise SystemExit(f"balcao: {error}") from None


if __name__ == "__main__":
    main()
