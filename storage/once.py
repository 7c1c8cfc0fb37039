"""Selects within statements that PostgreSQL carries out once, whatever it expects of them.

A queue is full and empty within seconds. If PostgreSQL last looked when it was empty, it expects to find nothing in it,
and may look anew for every row that it comes across: a claim of a hundred took a quarter of a second.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, CompoundSelect, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType


def once(found: Select[Any]) -> CTE:
    """What is found, to be joined."""
    return found.cte().prefix_with("MATERIALIZED", dialect="postgresql")


def is_one_of(column: ColumnElement[Any], found: Select[Any] | CompoundSelect[Any]) -> ColumnElement[bool]:
    """Whether it is among what is found: as `in_`, and looked for by an index."""
    return _IsOneOf(column, found.scalar_subquery())


class _IsOneOf(FunctionElement[Any]):
    type = NullType()
    """Not Boolean: of that SQLAlchemy asks SQLite whether it is 1, and then no index serves."""
    name = "is_one_of"
    inherit_cache = True


@compiles(_IsOneOf)
def _plainly(element: _IsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN {found}"


@compiles(_IsOneOf, "postgresql")
def _by_array(element: _IsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY (ARRAY{found})"
