"""`python -m tests.chaos`: a thousand kills, on SQLite (one process) and on PostgreSQL and Redis (web ×2, worker ×2).

Prints a table and one JSON line for each form; the exit status is 1 when anything was lost or happened twice. The same
`--seed` makes the same people and the same order of kills (not the same instants: those are the machine's).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import services
from tests.chaos.migrations import kill_migrations
from tests.chaos.trial import Plan, Trial, line, stories, table
from tests.databases import PostgresDatabase, RedisDatabase

FORMS = ("sqlite", "postgresql")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Kill Balcão and compare the books.")
    parser.add_argument("--form", choices=(*FORMS, "both"), default="both")
    parser.add_argument("--kills", type=int, default=1000, help="of each form")
    parser.add_argument("--people", type=int, default=100, help="at once")
    parser.add_argument("--every", type=float, default=1.5, help="seconds between two kills, on average")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds that people take to answer, on average")
    parser.add_argument("--migrations", type=int, default=10, help="kills of `balcao migrate` (each form)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, help="a folder for logs and the SQLite file, kept afterwards")
    return parser.parse_args()


@contextmanager
def database(form: str, folder: Path) -> Iterator[tuple[str, str | None]]:
    """Addresses of the database and, where there is one, of Redis."""
    if form == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/balcao.db", None
        return
    with (
        PostgresDatabase(services.place(services.POSTGRESQL)) as postgres,
        RedisDatabase(services.place(services.REDIS)) as redis,
    ):
        yield postgres.url, redis.url


def trial(form: str, given: argparse.Namespace, folder: Path) -> bool:
    """Whether all is well."""
    plan = Plan(given.kills, given.people, given.seed, given.every, given.pace)
    print(f"{form}: seed {given.seed}, {plan.kills} kills, {plan.people} people at once", flush=True)
    with database(form, folder) as (url, redis_url):
        urls = [f"{url}.{number}" if redis_url is None else url for number in range(given.migrations)]
        killed, problems = asyncio.run(kill_migrations(urls, given.seed, folder / "migrations"))
        result = asyncio.run(Trial(plan, folder / "run", url, redis_url).run())
    result.kills["migration.statement"] = killed
    result.verdict.count("migrations that were not finished", (("", problem) for problem in problems))
    print(table(form, result))
    if result.verdict.wrong:
        print(stories(result))
    print(line(form, plan, result).decode(), flush=True)
    return not result.verdict.wrong


def main() -> None:
    given = options()
    with tempfile.TemporaryDirectory(prefix="balcao-chaos-") as temporary:
        well = True
        for form in FORMS if given.form == "both" else (given.form,):
            folder = (given.keep or Path(temporary)) / form
            folder.mkdir(parents=True)
            well &= trial(form, given, folder)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
