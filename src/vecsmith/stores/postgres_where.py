"""Conditions on columns as Postgres's SQL, with the meaning that `vecsmith.stores.conditions.holds` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.stores.conditions import number_of

if TYPE_CHECKING:
    from vecsmith.stores.conditions import Condition, Conditions

__all__ = ["where"]

NUMBER = r"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$"

WITH_ID = "(jsonb_build_object('id', id) || coalesce(fields, '{}'))"
"""A row's columns, and its id."""


def where(conditions: Conditions) -> Any:
    """Return ``WHERE …``, or nothing; values stand in it as literals, quoted by psycopg."""
    from psycopg import sql

    if not conditions:
        return sql.SQL("")
    return sql.SQL(" WHERE ") + sql.SQL(" AND ").join(map(clause, conditions))


def clause(condition: Condition) -> Any:
    """Return one condition; a JSON null is the text ``null``, and a column that is not there is as none wants it."""
    from psycopg import sql

    text = sql.SQL(
        "(CASE WHEN {fields} ? {column} THEN coalesce(CASE WHEN jsonb_typeof({fields} -> {column}) = 'number' "
        "THEN trim_scale(({fields} ->> {column})::numeric)::text ELSE {fields} ->> {column} END, 'null') END)"
    ).format(column=sql.Literal(condition.column), fields=sql.SQL(WITH_ID if condition.column == "id" else "fields"))
    if condition.sign in {"=", "!="}:
        form = "({text} = ANY({values}))" if condition.sign == "=" else "({text} <> ALL({values}))"
        return sql.SQL(form).format(text=text, values=sql.Literal(list(condition.values)))
    value, sign = condition.values[0], sql.SQL(condition.sign)
    if number_of(value) is None:
        form = '({text} COLLATE "C" {sign} {value})'
        return sql.SQL(form).format(text=text, sign=sign, value=sql.Literal(value))
    form = "(CASE WHEN {text} ~ {number} THEN {text}::float8 {sign} {value}::float8 END)"
    return sql.SQL(form).format(text=text, number=sql.Literal(NUMBER), sign=sign, value=sql.Literal(value))
