"""Many rows by one statement of PostgreSQL: each of their columns travels as an array, `unnest` makes rows of them.

Executed row by row the same costs PostgreSQL twice as much, for every row begins and ends an execution of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Insert, String, Update, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import BindParameter, TableValuedAlias
from sqlalchemy.types import TypeEngine

from storage.scope import ORGANIZATION


def adding(statement: Insert, columns: Iterable[str]) -> Insert:
    """The insert with rows of these columns for its values, in the order in which they are given."""
    types = {name: statement.table.c[name].type for name in columns}
    # No defaults by SQLAlchemy: it would make one for all of them.
    return statement.from_select(list(types), select(*_rows(types).c), include_defaults=False)


def changing(statement: Update, dialect: Dialect) -> Update:
    """The update with a row for each of the values that it is to be given (`bindparam`); the rows it finds by them must
    be different ones."""
    types = given(statement, dialect)
    rows = _rows(types)

    def place(element: Any, **_: Any) -> Any:
        return rows.c[element.key] if isinstance(element, BindParameter) and element.key in types else None

    changed: Any = visitors.replacement_traverse(statement, {}, place)
    return changed  # type: ignore[no-any-return]


def given(statement: Update, dialect: Dialect) -> Mapping[str, TypeEngine[Any]]:
    """Names and types of the values that an update is to be given with every row. Compiled, for only then a value has
    the type of the column that it is for."""
    binds = statement.compile(dialect=dialect).binds.values()
    return {bind.key: bind.type for bind in binds if bind.required and bind.key != ORGANIZATION.key}


def _rows(types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    # Of texts without their longest length: as a cast it would cut them off instead of refusing them.
    bare = {name: String() if isinstance(kind, String) else kind for name, kind in types.items()}
    arrays = [bindparam(name, type_=ARRAY(kind, dimensions=1)) for name, kind in bare.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
