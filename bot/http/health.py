"""Is the process alive, is it of use, and what does it count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from storage import deliveries, migrate, organizations, roles, room
from storage.unit_of_work import Database, Tx
from storage.vault import Vault

log = structlog.get_logger()

DEADLINE = 3.0
"""Seconds that a check may take."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    look: Callable[[], Awaitable[str | None]]
    """None when all is well, else what is wrong, in a few words; an exception counts as wrong."""
    vital: bool
    """Without it no request can be served; otherwise it is only told."""


def usual_checks(
    database: Database, vault: Vault, ping_redis: Callable[[], Awaitable[object]] | None = None
) -> list[Check]:
    """What there is to look at. Redis is not vital: losing it loses only time."""

    known = migrate.revisions()

    async def schema() -> str | None:
        return await migrate.problem(database.engine, known)

    async def numbers() -> str | None:
        stopped = await database.run(deliveries.stopped_numbers, org=None, read_only=True)
        return f"{len(stopped)} stopped" if stopped else None

    async def keys() -> str | None:
        found = await database.run(lambda tx: organizations.sealed_away(tx, vault), org=None, read_only=True)
        return None if found is None else str(found)

    async def role() -> str | None:
        return await roles.exempt(database.engine)

    async def disk() -> str | None:
        return await database.run(room.low, org=None, read_only=True)

    async def redis() -> str | None:
        if ping_redis is not None:
            await ping_redis()
        return None

    checks = [
        Check("database", lambda: _database(database), vital=True),
        Check("schema", schema, vital=True),
        Check("organizations", keys, vital=False),
        Check("whatsapp_numbers", numbers, vital=False),
    ]
    checks.append(Check("disk", disk, False) if database.is_sqlite else Check("database_role", role, False))
    return [*checks, Check("redis", redis, vital=False)] if ping_redis is not None else checks


class Readiness:
    """Asks all checks at once. One that hangs is reported, and not asked again before it has come back."""

    def __init__(self, checks: Sequence[Check], deadline: float = DEADLINE) -> None:
        self._checks = checks
        self._deadline = deadline
        self._asked: dict[str, asyncio.Task[str | None]] = {}

    async def report(self) -> tuple[int, dict[str, object]]:
        """HTTP status and body: 503 when something vital is wrong, 200 "degraded" when anything else is."""
        problems = await asyncio.gather(*(self._look(check) for check in self._checks))
        found = {check.name: problem or "ok" for check, problem in zip(self._checks, problems, strict=True)}
        if any(problem and check.vital for check, problem in zip(self._checks, problems, strict=True)):
            return 503, {"status": "unavailable", "checks": found}
        return 200, {"status": "degraded" if any(problems) else "ok", "checks": found}

    async def _look(self, check: Check) -> str | None:
        task = self._asked.get(check.name)
        if task is None or task.done():
            task = self._asked[check.name] = asyncio.create_task(_asked(check), name=f"check-{check.name}")
        # Not asyncio.timeout: a transaction that is cancelled goes on to its end first, however long that takes.
        done, _ = await asyncio.wait({task}, timeout=self._deadline)
        return task.result() if done else "no answer in time"


async def _asked(check: Check) -> str | None:
    try:
        return await check.look()
    except Exception as error:
        log.warning("health.check_failed", check=check.name, error=type(error).__name__)
        return type(error).__name__


async def _database(database: Database) -> str | None:
    """Whether it answers, and takes what is written: a full disk and a standby do not."""

    async def ask(tx: Tx) -> str | None:
        await deliveries.stopped_numbers(tx)
        return await room.closed(tx)

    return await database.run(ask, org=None, read_only=True)
