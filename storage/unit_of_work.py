"""The only place with a commit. One `Database.run` = one transaction, in its own shielded task.

A cancelled caller (time-out, client gone, shutdown) never leaves a transaction half open: the work goes on to its end
and only then is the cancellation passed on. With an organisation set, every query is filtered by it here, and by
row-level security on PostgreSQL beneath.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import CursorResult, Delete, Insert, Row, Select, Table, Update, event, insert, or_, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import BinaryExpression, BindParameter, ColumnClause, FromClause, Join
from sqlalchemy.sql.selectable import Alias

from storage import connections

T = TypeVar("T")
Values = Mapping[str, Any]

NOBODY = uuid.UUID(int=0)
"""The organisation of events that belong to no number of ours."""

_ROWS_PER_INSERT = 500


class Tx:
    """An open transaction of one organisation, or of the system itself when `org` is None."""

    def __init__(self, connection: AsyncConnection, org: uuid.UUID | None) -> None:
        self.connection = connection
        self.org = org
        self.after_commit: list[Callable[[], None]] = []
        self.kept: dict[str, Any] = {}
        """Working copies of rows that this transaction has locked, by table."""
        self.behind: list[Callable[[], Awaitable[None]]] = []

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    async def settle(self) -> None:
        """Write what was put off to be written in bulk. Every statement does so first: none reads the past."""
        while self.behind:
            await self.behind.pop()()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is written inside may fail and be taken back alone."""
        await self.settle()
        async with self.connection.begin_nested():
            yield
            await self.settle()

    async def within(self, org: uuid.UUID) -> Tx:
        """The same transaction, seen as one organisation (a batch of the system's work, person by person)."""
        await self.settle()
        if self.dialect == "postgresql":
            await self.connection.execute(_SET_ORG, {"org": str(org)})
        inner = Tx(self.connection, org)
        inner.after_commit, inner.behind, inner.kept = self.after_commit, self.behind, self.kept
        return inner

    async def without(self) -> None:
        """Back to the system's view after `within`."""
        await self.settle()
        if self.dialect == "postgresql":
            await self.connection.execute(_SET_ORG, {"org": "*"})

    async def all(
        self, statement: Select[*tuple[Any, ...]] | Update | Delete | Insert, **values: Any
    ) -> Sequence[Row[Any]]:
        return (await self._execute(self._scoped(statement), values or None)).all()

    async def first(
        self, statement: Select[Any] | Update | Delete | Insert, *, settled: bool = True
    ) -> Row[Any] | None:
        """`settled`: False for a question that nothing put off can change the answer to."""
        return (await self._execute(self._scoped(statement), settled=settled)).first()

    async def scalar(self, statement: Select[Any]) -> Any:
        return (await self._execute(self._scoped(statement))).scalar()

    async def run(self, statement: Update | Delete, **values: Any) -> int:
        """Execute and return how many rows it touched."""
        return (await self._execute(self._scoped(statement), values or None)).rowcount

    async def run_many(self, statement: Update | Delete, rows: Sequence[Values]) -> None:
        """One statement with bound parameters, executed for every row in one go."""
        if rows:
            await self._execute(self._scoped(statement), list(rows))

    async def add(self, table: Table, rows: Values | Sequence[Values]) -> None:
        """Insert one row or many; the organisation is filled in."""
        many = [self._owned(table, row) for row in ([rows] if isinstance(rows, Mapping) else rows)]
        for start in range(0, len(many), _ROWS_PER_INSERT):
            await self._execute(insert(table), many[start : start + _ROWS_PER_INSERT])

    async def add_new(
        self, table: Table, rows: Sequence[Values], conflict: Sequence[str], returning: str = "id"
    ) -> list[Any]:
        """Insert those rows whose `conflict` columns are new; returns `returning` of the inserted ones."""
        statement = _insert_new(self.dialect, table, tuple(conflict)).returning(table.c[returning])
        found: list[Any] = []
        for start in range(0, len(rows), _ROWS_PER_INSERT):
            batch = [self._owned(table, row) for row in rows[start : start + _ROWS_PER_INSERT]]
            found.extend((await self._execute(statement, batch)).scalars().all())
        return found

    async def add_unless_there(self, table: Table, rows: Sequence[Values], conflict: Sequence[str]) -> None:
        """As `add_new` for who need not know which were new: one short statement, whatever the number of rows."""
        if rows:
            statement = _insert_new(self.dialect, table, tuple(conflict))
            await self._execute(statement, [self._owned(table, row) for row in rows])

    async def put(self, table: Table, rows: Sequence[Values], conflict: Sequence[str], update: Sequence[str]) -> None:
        """Insert, or overwrite the `update` columns where the `conflict` columns exist."""
        statement = _insert_or_change(self.dialect, table, tuple(conflict), tuple(update))
        for start in range(0, len(rows), _ROWS_PER_INSERT):
            batch = [self._owned(table, row) for row in rows[start : start + _ROWS_PER_INSERT]]
            await self._execute(statement, batch)

    async def _execute(self, statement: Any, values: Any = None, *, settled: bool = True) -> CursorResult[Any]:
        if self.behind and settled:
            await self.settle()
        result: CursorResult[Any] = await self.connection.execute(statement, values)
        return result

    def _owned(self, table: Table, row: Values) -> dict[str, Any]:
        owned = dict(row)
        if self.org is not None and "organization_id" in table.c and table.c.organization_id.table is table:
            given = owned.setdefault("organization_id", self.org)
            if given != self.org:
                raise WrongOrganization(table.name)
        return owned

    def _scoped(self, statement: Any) -> Any:
        return statement if self.org is None else _within(statement, self.org)


def among(values: Iterable[T]) -> list[T]:
    """Values for an `in_` that is built once, filled up to a power of two with the last of them: else every number of
    values would be a statement of its own, which every connection prepares anew."""
    found = list(values)
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found)) if found else found


# Built once each, and without their rows: with `values(rows)` SQLAlchemy would compile every bulk anew, which took
# longer than all the rest of a turn.


@cache
def _insert_new(dialect: str, table: Table, conflict: tuple[str, ...]) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=conflict)


@cache
def _insert_or_change(dialect: str, table: Table, conflict: tuple[str, ...], update: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    changes = {name: statement.excluded[name] for name in update}
    return statement.on_conflict_do_update(index_elements=conflict, set_=changes)


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


class WrongOrganization(Exception):
    """A row of one organisation was about to be written by another's transaction."""


class Unscoped(Exception):
    """A statement reads something whose organisation cannot be told."""


def _within(statement: Any, org: uuid.UUID) -> Any:
    """The statement with every table it reads or changes limited to one organisation, nested selects included."""
    if not isinstance(statement, Select | Update | Delete):
        return statement
    statement = _nested(statement, org)
    for source, optional in _sources(statement).items():
        if "organization_id" in source.c:
            owner = source.c.organization_id
            statement = statement.where(or_(owner == org, owner.is_(None)) if optional else owner == org)
        elif not isinstance(source, Table | Alias):
            raise Unscoped(f"{type(source).__name__} without organization_id: select from its tables instead")
    return statement


def _sources(statement: Any) -> dict[FromClause, bool]:
    """What a statement names in `select_from`, joins, columns, conditions or as the changed table, once each; True
    where an outer join may leave it out. Read off the parts, for asking SQLAlchemy compiles the statement (1.5 ms)."""
    found: list[tuple[FromClause, bool]]
    parts: list[Any] = list(statement._where_criteria)
    if isinstance(statement, Select):
        parts += statement._raw_columns
        found = [(source, False) for source in statement._from_obj]
        found += [(join[0], bool(join[3]["isouter"] or join[3]["full"])) for join in statement._setup_joins]  # type: ignore[misc]
    else:
        found = [(statement.table, False)]
    found += [(source, False) for part in parts for source in part._from_objects]
    sources: dict[FromClause, bool] = {}
    for source, optional in found:
        for leaf, left_out in _leaves(source, optional):
            sources.setdefault(leaf, left_out)
    return sources


def _leaves(source: FromClause, optional: bool) -> list[tuple[FromClause, bool]]:
    if not isinstance(source, Join):
        return [(source, optional)]
    return _leaves(source.left, optional or source.full) + _leaves(source.right, optional or source.isouter)


def _nested(statement: Any, org: uuid.UUID) -> Any:
    """Selects within the conditions (`exists`, `in`) are limited too; without any the statement is left as it is."""
    columns = statement._raw_columns if isinstance(statement, Select) else ()
    if any(_holds_select(one) for one in columns if not isinstance(one, FromClause)):
        raise Unscoped("a select among the columns: join its tables instead")
    criteria = statement._where_criteria
    if not any(map(_holds_select, criteria)):
        return statement

    def limit(element: Any, **_: Any) -> Any:
        return _within(element, org) if isinstance(element, Select) else None

    copy = statement._generate()
    copy._where_criteria = tuple(visitors.replacement_traverse(one, {}, limit) for one in criteria)
    return copy


def _holds_select(part: Any) -> bool:
    if isinstance(part, BinaryExpression):
        return _holds_select(part.left) or _holds_select(part.right)
    if isinstance(part, _PLAIN):
        return False
    return any(isinstance(inner, Select) for inner in visitors.iterate(part))


_PLAIN = (ColumnClause, BindParameter)
"""Looked at without a walk: nearly every condition is a column and a value."""


class Database:
    """The engine and its one transaction helper."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
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
        options = {"sqlite_begin": "DEFERRED" if read_only else "IMMEDIATE"}
        async with self.engine.connect() as connection:
            connection = await connection.execution_options(**options)
            async with connection.begin():
                tx = Tx(connection, org)
                if not self.is_sqlite:
                    await connection.execute(_SET_ORG, {"org": "*" if org is None else str(org)})
                result = await work(tx)
                await tx.settle()
        return tx, result

    async def close(self) -> None:
        await self.engine.dispose()


async def _to_the_end(task: asyncio.Future[Any]) -> None:
    """Wait however often we are cancelled; a failure of the work was logged by the database or concerns nobody now."""
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            continue


_SET_ORG = text("select set_config('app.org', :org, true)")


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite://` or `postgresql+asyncpg://`, with SQLite made safe for several writers."""
    options: dict[str, Any] = {
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


_POSTGRESQL_CONNECTION = {"prepared_statement_cache_size": 500}
"""Room for every statement of ours: each is prepared once a connection."""


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # The driver must not open transactions on its own: without an explicit BEGIN a read-modify-write loses updates.
    connection.isolation_level = None


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
