"""Compiling the model's matcher once, at load: a whitelisted syntax tree becomes a code object, and no request parses anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from govcloud.authorization.policies.conditions import parse_expression

_ALLOWED = (
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Call,
    ast.Name,
    ast.Load,
    ast.Constant,
)


class MatcherError(ValueError):
    """The model's matcher uses something that is not on the whitelist, or names something that is not there."""


class Matcher:
    """The compiled matcher; it stands where Casbin expects an expression and has the same ``eval``."""

    def __init__(self, expression: str, tokens: frozenset[str], functions: Mapping[str, Callable[..., object]]) -> None:
        """Compile ``expression``, in Casbin's writing (``&&``, ``||``, ``!``).

        Args:
            expression: the matcher, with the dots of ``r.sub`` already turned to ``r_sub`` as Casbin's model does.
            tokens: the names of the request's and the policy's fields.
            functions: what the matcher may call.

        Raises:
            MatcherError: something in it is not on the whitelist.
        """
        self._code = _compile(_python_operators(expression), tokens, frozenset(functions))
        self._globals: dict[str, Any] = {"__builtins__": {}, **functions}

    def eval(self, parameters: dict[str, Any]) -> object:
        """Return the matcher's value for one rule."""
        return eval(self._code, self._globals, parameters)  # noqa: S307 - a code object from the whitelist above, not text


def _python_operators(expression: str) -> str:
    """Write Casbin's operators as Python's, exactly as ``CoreEnforcer._get_expression`` does."""
    expression = expression.replace("&&", "and").replace("||", "or")
    return re.sub(r"!(?!=)", "not ", expression)


def _compile(expression: str, tokens: frozenset[str], functions: frozenset[str]) -> CodeType:
    try:
        tree = parse_expression(expression.strip())
    except SyntaxError as error:
        raise MatcherError(f"the matcher cannot be read: {expression!r}: {error}") from error
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        _check(node, called, tokens, functions)
    return compile(ast.Expression(tree), "<matcher>", "eval")


def _check(node: ast.AST, called: set[int], tokens: frozenset[str], functions: frozenset[str]) -> None:
    """Refuse ``node`` unless it is on the whitelist: fields and constants compared and joined, and our functions called."""
    if not isinstance(node, _ALLOWED):
        raise MatcherError(f"the matcher may not use {type(node).__name__}")
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        raise MatcherError(f"the matcher may hold only texts, not {node.value!r}")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise MatcherError("the matcher may call only functions by name, without keywords")
    if isinstance(node, ast.Name):
        known = functions if id(node) in called else tokens
        if node.id not in known:
            raise MatcherError(f"the matcher names {node.id!r}; known are {', '.join(sorted(known))}")
