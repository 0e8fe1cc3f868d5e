"""A statement on several lines: only the white space between its tokens changes, so it stays the statement it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.dialects.dialect import Dialect as Grammar
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]  # re-exported without saying so

_STEP = "  "
_CLAUSES = {
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.QUALIFY, TokenType.ORDER_BY,
    TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT,
}  # fmt: skip
_JOINS = {TokenType.LEFT, TokenType.RIGHT, TokenType.FULL, TokenType.INNER, TokenType.CROSS, TokenType.JOIN}
_WITHIN_JOIN = {TokenType.OUTER, TokenType.JOIN}
_QUERIES = {TokenType.SELECT, TokenType.WITH}
_ON_THE_LINE_OF_SELECT = {TokenType.DISTINCT, TokenType.TOP}


@dataclass(slots=True)
class _Level:
    """What one pair of brackets holds, or one CASE: the outermost holds the statement."""

    indent: str
    query: bool
    clause: TokenType | None = None
    between: bool = False


def laid_out(sql: str, grammar: str) -> str:
    """Returns the statement with a line for each clause, column, join and condition of each of its queries.

    Raises:
        sqlglot.errors.TokenError: the text is none of the grammar, such as a quote that is never closed.
    """
    tokens = Grammar.get_or_raise(grammar).tokenize(sql)
    levels = [_Level("", query=True)]
    written: list[str] = []
    end = 0
    for index, token in enumerate(tokens):
        space = " " if token.start > end and index else ""
        written += (_gap(tokens, index, levels, space), sql[token.start : token.end + 1])
        end = token.end + 1
    return "".join(written)


def _gap(tokens: Sequence[Token], index: int, levels: list[_Level], space: str) -> str:
    """Returns what comes before the token, and notes what the token opens or closes."""
    kind, following = tokens[index].token_type, _kind(tokens, index + 1)
    level = levels[-1]
    if kind in (TokenType.R_PAREN, TokenType.END):
        levels.pop()
        return f"\n{levels[-1].indent}" if level.query else space
    if level.query and _kind(tokens, index - 1) == TokenType.L_PAREN:
        space = f"\n{level.indent}"
    elif level.query and index:
        space = _within_query(tokens, index, level, space)
    if kind in _CLAUSES | _QUERIES:
        level.clause = kind
    level.between = kind == TokenType.BETWEEN or (level.between and kind != TokenType.AND)
    if kind in (TokenType.L_PAREN, TokenType.CASE):
        query = kind == TokenType.L_PAREN and following in _QUERIES
        levels.append(_Level(level.indent + _STEP if query else level.indent, query))
    return space


def _kind(tokens: Sequence[Token], index: int) -> TokenType | None:
    return tokens[index].token_type if 0 <= index < len(tokens) else None


def _within_query(tokens: Sequence[Token], index: int, level: _Level, space: str) -> str:
    last, kind, following = (_kind(tokens, at) for at in (index - 1, index, index + 1))
    line, deeper = f"\n{level.indent}", f"\n{level.indent}{_STEP}"
    joins = kind in _JOINS and last not in _JOINS | _WITHIN_JOIN and bool({kind, following} & _WITHIN_JOIN)
    of_distinct = last == TokenType.DISTINCT and kind == TokenType.FROM  # IS DISTINCT FROM
    if (kind in _CLAUSES and not of_distinct) or kind == TokenType.SELECT or joins:
        return line
    if last == TokenType.SELECT:
        return space if kind in _ON_THE_LINE_OF_SELECT else deeper
    if last == TokenType.COMMA and level.clause in _QUERIES:
        return deeper if level.clause == TokenType.SELECT else line
    return deeper if kind == TokenType.AND and not level.between else space
