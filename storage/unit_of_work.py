"""The only place with a commit. One `Database.run` = one transaction, in its own shielded task.

A cancelled caller (time-out, client gone, shutdown) never leaves a transaction half open: the work goes on to its end
and only then is the cancellation passed on. With an organisation set, every query is filtered by it here, and by
row-level security on PostgreSQL beneath.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from typing import Any, TypeVar

import orjson
from sqlalchemy import Delete, Insert, Row, Select, Table, TextClause, Update, event, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import connections
from storage.prepared import Prepared, Shelf, Statement
from storage.scope import ORGANIZATION
from storage.wire import Tap, Wire, open_wire

T = TypeVar("T")
Values = Mapping[str, Any]

NOBODY = uuid.UUID(int=0)
"""The organisation of events that belong to no number of ours."""


class Tx:
    """An open transaction of one organisation, or of the system itself when `org` is None."""

    def __init__(self, wire: Wire, shelf: Shelf, org: uuid.UUID | None) -> None:
        self.org = org
        self.after_commit: list[Callable[[], None]] = []
        self.kept: dict[str, Any] = {}
        """Working copies of rows that this transaction has locked, by table."""
        self.behind: list[Callable[[], Awaitable[None]]] = []
        self._wire = wire
        self._shelf = shelf

    @property
    def dialect(self) -> str:
        return self._shelf.dialect.name

    async def settle(self) -> None:
        """Write what was put off to be written in bulk. Every statement does so first: none reads the past."""
        while self.behind:
            await self.behind.pop()()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is written inside may fail and be taken back alone."""
        await self.settle()
        await self._wire.mark()
        try:
            yield
            await self.settle()
        except BaseException:
            if not self._wire.lost:
                await self._wire.rewind()
            raise
        await self._wire.release()

    async def within(self, org: uuid.UUID) -> Tx:
        """The same transaction, seen as one organisation (a batch of the system's work, person by person)."""
        await self.settle()
        await self._wire.see(org)
        inner = Tx(self._wire, self._shelf, org)
        inner.after_commit, inner.behind, inner.kept = self.after_commit, self.behind, self.kept
        return inner

    async def without(self) -> None:
        """Back to the system's view after `within`."""
        await self.settle()
        await self._wire.see(None)

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row[Any]]:
        return await self._rows(statement, values)

    async def first(self, statement: Statement, *, settled: bool = True) -> Row[Any] | None:
        """`settled`: False for a question that nothing put off can change the answer to."""
        rows = await self._rows(statement, {}, settled=settled)
        return rows[0] if rows else None

    async def scalar(self, statement: Select[Any] | TextClause) -> Any:
        rows = await self._rows(statement, {})
        return rows[0][0] if rows else None

    async def run(self, statement: Update | Delete, **values: Any) -> int:
        """Execute and return how many rows it touched."""
        _, sql, arguments = self._ready(statement, values)
        await self.settle()
        return await self._wire.change(sql, arguments)

    async def run_many(self, statement: Update, rows: Sequence[Values]) -> None:
        """One update with bound parameters, for many rows in one go; each is to find rows of its own."""
        if rows:
            await self.settle()
            prepared = self._shelf.changing(statement, self.org is not None)
            await self._wire.change_many(*prepared.many(rows, self._scope()))

    async def add(self, table: Table, rows: Values | Sequence[Values]) -> None:
        """Insert one row or many; the organisation is filled in."""
        await self._insert(_insert(table), table, [rows] if isinstance(rows, Mapping) else rows)

    async def add_new(
        self, table: Table, rows: Sequence[Values], conflict: Sequence[str], returning: str = "id"
    ) -> list[Any]:
        """Insert those rows whose `conflict` columns are new; returns `returning` of the inserted ones."""
        if not rows:
            return []
        await self.settle()
        statement = _insert_new(self.dialect, table, tuple(conflict), returning)
        owned = self._all_owned(table, rows)
        prepared = self._shelf.adding(statement, tuple(owned[0]))
        sql, lines = prepared.many(owned)
        found = [prepared.rows(await self._wire.fetch(sql, line)) for line in lines]
        return [row[0] for new in found for row in new]

    async def add_unless_there(self, table: Table, rows: Sequence[Values], conflict: Sequence[str]) -> None:
        """As `add_new` for who need not know which were new: one trip, whatever the number of rows."""
        await self._insert(_insert_new(self.dialect, table, tuple(conflict)), table, rows)

    async def put(self, table: Table, rows: Sequence[Values], conflict: Sequence[str], update: Sequence[str]) -> None:
        """Insert, or overwrite the `update` columns where the `conflict` columns exist."""
        await self._insert(_insert_or_change(self.dialect, table, tuple(conflict), tuple(update)), table, rows)

    # --- the way to the driver ----------------------------------------------------------------------------------

    async def _rows(self, statement: Statement, values: Values, *, settled: bool = True) -> Sequence[Row[Any]]:
        prepared, sql, arguments = self._ready(statement, values)
        if settled and self.behind:
            await self.settle()
        return prepared.rows(await self._wire.fetch(sql, arguments))

    def _ready(self, statement: Statement, values: Values) -> tuple[Prepared, str, list[Any]]:
        own: Sequence[Any] = ()
        if values:
            prepared = self._shelf.held(statement, self.org is not None)
        else:
            prepared, own = self._shelf.known(statement, self.org is not None)
        return (prepared, *prepared.one({**values, **self._scope()}, own))

    async def _insert(self, statement: Any, table: Table, rows: Sequence[Values]) -> None:
        if rows:
            await self.settle()
            owned = self._all_owned(table, rows)
            prepared = self._shelf.adding(statement, tuple(owned[0]))
            await self._wire.change_many(*prepared.many(owned))

    def _scope(self) -> Values:
        return {} if self.org is None else {ORGANIZATION.key: self.org}

    def _all_owned(self, table: Table, rows: Sequence[Values]) -> list[dict[str, Any]]:
        owned = [self._owned(table, row) for row in rows]
        if any(row.keys() != owned[0].keys() for row in owned):
            raise UnevenRows(table.name)
        return owned

    def _owned(self, table: Table, row: Values) -> dict[str, Any]:
        owned = {**row, **{name: make() for name, make in _made(table) if name not in row}}
        if self.org is not None and "organization_id" in table.c:
            given = owned.setdefault("organization_id", self.org)
            if given != self.org:
                raise WrongOrganization(table.name)
        return owned


def among(values: Iterable[T]) -> list[T]:
    """Values for an `in_` that is built once, filled up to a power of two with the last of them: else every number of
    values would be a statement of its own, which every connection prepares anew."""
    found = list(values)
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found)) if found else found


@cache
def _made(table: Table) -> Sequence[tuple[str, Callable[[], Any]]]:
    """Columns that a row is given something of its own for, if it does not name them: its key."""
    defaults: list[tuple[str, Any]] = [(column.name, column.default) for column in table.c]
    return [(name, partial(default.arg, None)) for name, default in defaults if default is not None]


# Built once each, and without their rows: with `values(rows)` SQLAlchemy would compile every bulk anew, which took
# longer than all the rest of a turn.


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _insert_new(dialect: str, table: Table, conflict: tuple[str, ...], returning: str | None = None) -> Any:
    statement = _insert_for(dialect, table).on_conflict_do_nothing(index_elements=conflict)
    return statement if returning is None else statement.returning(table.c[returning])


@cache
def _insert_or_change(dialect: str, table: Table, conflict: tuple[str, ...], update: tuple[str, ...]) -> Any:
    statement = _insert_for(dialect, table)
    changes = {name: statement.excluded[name] for name in update}
    return statement.on_conflict_do_update(index_elements=conflict, set_=changes)


def _insert_for(dialect: str, table: Table) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


class WrongOrganization(Exception):
    """A row of one organisation was about to be written by another's transaction."""


class UnevenRows(Exception):
    """Rows of one insert that do not name the same columns: what only some of them say would be lost."""


class Database:
    """The engine and its one transaction helper."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.tap: Tap | None = None
        """Told of every statement, for who counts them."""
        self._shelf = Shelf(engine.dialect)
        # SQLite has one writer: queue for it here, where waiting is free, not in its busy handler.
        self._writer = asyncio.Lock()

    async def run(self, work: Callable[[Tx], Awaitable[T]], *, org: uuid.UUID | None, read_only: bool = False) -> T:
        """Run `work` in a transaction and commit; an exception rolls everything back and is raised again."""
        task = asyncio.ensure_future(self._run(work, org, read_only))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await _to_the_end(task)
            raise

    async def _run(self, work: Callable[[Tx], Awaitable[T]], org: uuid.UUID | None, read_only: bool) -> T:
        if self.is_sqlite and not read_only:
            async with self._writer:
                tx, result = await self._transact(work, org, read_only)
        else:
            tx, result = await self._transact(work, org, read_only)
        for hook in tx.after_commit:
            hook()
        return result

    async def _transact(
        self, work: Callable[[Tx], Awaitable[T]], org: uuid.UUID | None, read_only: bool
    ) -> tuple[Tx, T]:
        async with self.engine.connect() as connection:
            wire = open_wire((await connection.get_raw_connection()).driver_connection, self.tap)
            tx = Tx(wire, self._shelf, org)
            try:
                await wire.begin(org, read_only)
                result = await work(tx)
                await tx.settle()
                await wire.commit()
            except BaseException as error:
                await self._undo(connection, wire, error)
                raise
        return tx, result

    async def _undo(self, connection: AsyncConnection, wire: Wire, error: BaseException) -> None:
        """The connection goes back clean, or not at all."""
        if not connections.is_of_no_use(error) and not wire.lost:
            with suppress(Exception):  # Whatever it is: a connection that cannot even do this is not used again.
                await wire.undo()
                return
        connections.distrust(self.engine.sync_engine)
        await connection.invalidate()

    async def close(self) -> None:
        await self.engine.dispose()


async def _to_the_end(task: asyncio.Future[Any]) -> None:
    """Wait however often we are cancelled; a failure of the work was logged by the database or concerns nobody now."""
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            continue


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite://` or `postgresql+asyncpg://`, with SQLite made safe for several writers."""
    options: dict[str, Any] = {
        "pool_reset_on_return": None,  # Who uses a connection ends what was begun on it.
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_async_engine(url, **options)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    engine = create_async_engine(
        url, pool_size=pool_size, max_overflow=pool_size, connect_args=_POSTGRESQL_CONNECTION, **options
    )
    connections.watch(engine.sync_engine)
    return engine


_POSTGRESQL_CONNECTION = {
    "statement_cache_size": 500,
    "max_cached_statement_lifetime": 0,
    "max_cacheable_statement_size": 0,
}
"""Room for every statement of ours: each is prepared once a connection, however long it is, and stays prepared."""


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # The driver must not open transactions on its own: without an explicit BEGIN a read-modify-write loses updates.
    connection.isolation_level = None


def _begin_sqlite(connection: Any) -> None:
    """For migrations; the unit of work says BEGIN itself."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
