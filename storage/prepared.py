"""Statements written with SQLAlchemy, ready for a driver: the SQL, order and types of what goes in and comes out.

Compiled once each. A statement built anew for every use is known by its structure (SQLAlchemy's cache key), one that a
module holds and gives its values by name (`bindparam`) by itself, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import BindParameter, Delete, Insert, Row, Select, TextClause, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.types import ARRAY, TypeEngine

from storage import arrays
from storage.scope import within

Values = Mapping[str, Any]
Own = Sequence[BindParameter[Any]]
"""Values written into a statement."""
Statement = Select[*tuple[Any, ...]] | Update | Delete | Insert | TextClause
Process = Callable[[Any], Any]

_DOUBLE = 701
"""PostgreSQL's number for double precision: only decimal types ask what a column is there, and ours are all this."""
MOST = 2_000
"""Statements known by their structure; ours are some hundreds."""
LENGTHS = 100
"""Lengths of lists whose SQL is kept, of each statement."""


@dataclass(slots=True)
class _Slot:
    """One argument, or those of a list that `in_` was given."""

    key: str
    """The name it is given under."""
    place: int | None
    """Of the statement's own values the one at this place, when none is given."""
    otherwise: Callable[[], Any]
    """Else this: what the statement always says."""
    process: Process | None
    required: bool
    is_list: bool

    def raw(self, values: Values, own: Own) -> Any:
        if self.key in values:
            return values[self.key]
        return self.otherwise() if self.place is None else own[self.place].effective_value


@dataclass(slots=True)
class _Bulk:
    """What turns a row into arguments at once."""

    pick: Callable[[Values], Any]
    processes: Sequence[tuple[int, Process]]
    fixed: Values


class Prepared:
    """One statement for one dialect."""

    def __init__(
        self, compiled: SQLCompiler, dialect: Dialect, own: Own = (), arrays: Sequence[str] | None = None
    ) -> None:
        self._compiled = compiled
        self._arrays = arrays
        """Names of the values of which it takes many at once."""
        self._dialect = dialect
        self._places = {bind.key: place for place, bind in enumerate(own)}
        self._lists = [self._slot(compiled.bind_names[bind]) for bind in compiled.post_compile_params]
        self._slots = self._in_order()
        self._texts: dict[tuple[int, ...], str] = {}
        """The SQL by the lengths of the lists in it."""
        self._bulk: _Bulk | None = None
        self._described: SimpleResultMetaData | None = None

    def tells_apart(self, own: Own) -> bool:
        """Whether all values of its own have places: only then may another of this structure be executed with its own.
        A copy of one (limiting a select within a select may make some) would be told by its value."""
        binds = {bind.key: bind for bind in self._compiled.bind_names}
        values = [bind.effective_value for bind in own]
        others = [bind for key, bind in binds.items() if key not in self._places and not bind.required]
        return self._places.keys() <= binds.keys() and not any(bind.effective_value in values for bind in others)

    # --- what goes in -------------------------------------------------------------------------------------------

    def one(self, values: Values, own: Own = ()) -> tuple[str, list[Any]]:
        """SQL and arguments of one execution."""
        arguments: list[Any] = []
        for slot in self._slots:
            value, process = slot.raw(values, own), slot.process
            if slot.is_list:
                arguments.extend(value if process is None else map(process, value))
            else:
                arguments.append(value if process is None else process(value))
        return self._text(values, own), arguments

    def many(self, rows: Sequence[Values], values: Values = MappingProxyType({})) -> tuple[str, list[list[Any]]]:
        """SQL and the arguments of its executions: one for every row or, where they go as arrays, one for all. `values`
        are the same for all."""
        if self._arrays is not None:
            columns = {name: [row[name] for row in rows] for name in self._arrays}
            sql, arguments = self.one({**columns, **values})
            return sql, [arguments]
        if self._bulk is None:
            self._bulk = self._in_bulk()
        same = {**self._bulk.fixed, **values}
        found = [list(line) for line in map(self._bulk.pick, ({**row, **same} for row in rows) if same else rows)]
        for place, process in self._bulk.processes:
            for line in found:
                line[place] = process(line[place])
        return self._compiled.string, found

    def _in_bulk(self) -> _Bulk:
        keys = [slot.key for slot in self._slots]
        pick: Any = itemgetter(*keys) if len(keys) > 1 else lambda row: (row[keys[0]],)
        processes = [(place, slot.process) for place, slot in enumerate(self._slots) if slot.process is not None]
        return _Bulk(pick, processes, {slot.key: slot.otherwise() for slot in self._slots if not slot.required})

    def _text(self, values: Values, own: Own) -> str:
        if not self._lists:
            return self._compiled.string
        lists = {slot.key: slot.raw(values, own) for slot in self._lists}
        lengths = tuple(map(len, lists.values()))
        if lengths not in self._texts:
            if len(self._texts) >= LENGTHS:
                self._texts.clear()
            self._texts[lengths] = self._expanded(lists).statement
        return self._texts[lengths]

    def _in_order(self) -> list[_Slot]:
        if not self._lists:
            return [self._slot(name) for name in self._compiled.positiontup or ()]
        state = self._expanded({slot.key: [None] for slot in self._lists})
        names = {element: name for name, (element,) in state.parameter_expansion.items()}
        return [self._slot(names.get(name, name)) for name in state.positiontup or ()]

    def _expanded(self, lists: Values) -> ExpandedState:
        every: dict[str, Any] = dict.fromkeys(bind.key for bind in self._compiled.bind_names)
        return self._compiled.construct_expanded_state({**every, **lists})

    def _slot(self, name: str) -> _Slot:
        bind = self._compiled.binds[name]
        process = _processor(bind.type, self._dialect)
        is_list = bind in self._compiled.post_compile_params
        return _Slot(bind.key, self._places.get(bind.key), self._otherwise(bind), process, bind.required, is_list)

    def _otherwise(self, bind: BindParameter[Any]) -> Callable[[], Any]:
        return partial(_missing, bind.key) if bind.required else lambda: bind.effective_value

    # --- what comes out -----------------------------------------------------------------------------------------

    def rows(self, fetched: Sequence[Any]) -> Sequence[Row[Any]]:
        """What the driver fetched, in our types, as rows with names."""
        if not fetched:
            return []
        if not self._compiled._result_columns:  # Plain text: no names, no types.
            return fetched
        if self._described is None:
            self._described = self._describe()
        result: IteratorResult[Any] = IteratorResult(self._described, iter(fetched))
        return result.all()

    def _describe(self) -> SimpleResultMetaData:
        columns = self._compiled._result_columns
        types = [column.type.dialect_impl(self._dialect) for column in columns]
        processes = [one.result_processor(self._dialect, _DOUBLE) for one in types]
        names, objects = [column.keyname for column in columns], [column.objects for column in columns]
        return SimpleResultMetaData(names, objects, processes if any(processes) else None)


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """What makes an argument of a value. SQLAlchemy's own of an array looks for arrays within arrays."""
    if not isinstance(kind, ARRAY):
        return kind.dialect_impl(dialect).bind_processor(dialect)
    process = _processor(kind.item_type, dialect)
    return None if process is None else lambda values: [process(value) for value in values]


def _missing(key: str) -> Any:
    raise KeyError(f"no value for {key}")


class Shelf:
    """The prepared statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._by_arrays = dialect.name == "postgresql"
        self._held: dict[Any, dict[Any, Prepared]] = {}
        self._known: dict[Any, Prepared] = {}

    def held(self, statement: Any, scoped: bool) -> Prepared:
        """Of a statement that somebody keeps and uses again, for what is prepared here stays as well."""
        return self._kept(statement, scoped, lambda: self._prepare(within(statement) if scoped else statement))

    def adding(self, statement: Insert, columns: tuple[str, ...]) -> Prepared:
        """Of an insert that somebody keeps, for rows of these columns."""
        return self._kept(statement, columns, lambda: self._prepare_adding(statement, columns))

    def changing(self, statement: Update, scoped: bool) -> Prepared:
        """Of an update that somebody keeps, to be given rows."""
        wanted = ("rows", scoped)
        return self._kept(statement, wanted, lambda: self._prepare_changing(within(statement) if scoped else statement))

    def _kept(self, statement: Any, wanted: Any, prepare: Callable[[], Prepared]) -> Prepared:
        kept = self._held.get(statement)
        if kept is None:
            kept = self._held[statement] = {}
        found = kept.get(wanted)
        if found is None:
            found = kept[wanted] = prepare()
        return found

    def known(self, statement: Any, scoped: bool) -> tuple[Prepared, Own]:
        """Of a statement made for this use, and the values it brings along."""
        key = statement._generate_cache_key()
        found = self._known.get((key.key, scoped)) if key is not None else None
        if found is not None:
            return found, key.bindparams
        own = () if key is None else key.bindparams
        found = self._prepare(within(statement) if scoped else statement, own)
        if key is None or not found.tells_apart(own):
            return self._prepare(within(statement) if scoped else statement), ()
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key.key, scoped] = found
        return found, own

    def _prepare(self, statement: Any, own: Own = (), arrays: Sequence[str] | None = None) -> Prepared:
        return Prepared(statement.compile(dialect=self.dialect), self.dialect, own, arrays)

    def _prepare_adding(self, statement: Insert, columns: tuple[str, ...]) -> Prepared:
        if self._by_arrays:
            return self._prepare(arrays.adding(statement, columns), arrays=columns)
        compiled = statement.compile(dialect=self.dialect, column_keys=list(columns), for_executemany=True)
        return Prepared(compiled, self.dialect)

    def _prepare_changing(self, statement: Update) -> Prepared:
        if self._by_arrays:
            names = list(arrays.given(statement, self.dialect))
            return self._prepare(arrays.changing(statement, self.dialect), arrays=names)
        return self._prepare(statement)
