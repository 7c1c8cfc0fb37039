"""Every table a statement reads or changes, limited to one organisation: in Python for all databases, and by row-level
security on PostgreSQL beneath.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Select, Table, Update, Uuid, bindparam, or_
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import BinaryExpression, BindParameter, ColumnClause, FromClause, Join
from sqlalchemy.sql.selectable import Alias

ORGANIZATION = bindparam("balcao_organization", type_=Uuid())
"""Whose rows: given with every execution of a limited statement."""


class Unscoped(Exception):
    """A statement reads something whose organisation cannot be told."""


def within(statement: Any) -> Any:
    """The statement with every table it reads or changes limited to one organisation, nested selects included."""
    if not isinstance(statement, Select | Update | Delete):
        return statement
    statement = _nested(statement)
    for source, optional in _sources(statement).items():
        if "organization_id" in source.c:
            owner = source.c.organization_id
            statement = statement.where(
                or_(owner == ORGANIZATION, owner.is_(None)) if optional else owner == ORGANIZATION
            )
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


def _nested(statement: Any) -> Any:
    """Selects within the conditions (`exists`, `in`) are limited too; without any the statement is left as it is."""
    columns = statement._raw_columns if isinstance(statement, Select) else ()
    if any(_holds_select(one) for one in columns if not isinstance(one, FromClause)):
        raise Unscoped("a select among the columns: join its tables instead")
    criteria = statement._where_criteria
    if not any(map(_holds_select, criteria)):
        return statement

    def limit(element: Any, **_: Any) -> Any:
        return within(element) if isinstance(element, Select) else None

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
