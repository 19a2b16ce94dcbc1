"""Casbin at work: one immutable engine for each version of the policy, deciding over a slice of it.

What is stock: the model (``policies/model.conf``), ``enforce_ex``, the effector, and therefore the explanation. What is ours,
and why (figures in the benchmark):

- The role manager answers from the subject's snapshot of this request. No official is ever a node of a role graph.
- The policy that ``enforce_ex`` walks is a slice for this function and these roles; see ``CompiledPolicy.slice_for``.
- The matcher is compiled once, when the engine is made.

Nothing changes an engine that answers: each question gets a view of its own (a few references), and a policy change makes a
new engine beside this one. Casbin's enforcer itself never leaves this file: ``enable_enforce(False)`` would allow everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
from casbin.core_enforcer import CoreEnforcer
from casbin.model import FunctionMap, Model
from casbin.rbac import RoleManager

from govcloud.authorization.around.surroundings import SHIPPED, Surroundings
from govcloud.authorization.deciding.asking import SHOWN, Asking
from govcloud.authorization.deciding.policy import CompiledPolicy, Row, all_of
from govcloud.authorization.policies.document import ALLOW, DENY, RuleSpec
from govcloud.authorization.policies.matcher import Matcher, MatcherError
from govcloud.authorization.scopes.fields import View, views_of
from govcloud.authorization.scopes.scope import NOTHING, Scope
from govcloud.authorization.subjects.snapshot import Window
from govcloud.subsystems.levels import keeps_fields

Functions = dict[str, Callable[..., object]]
_EFFECT = "some(where (p_eft == allow)) && !some(where (p_eft == deny))"


class Verdict(msgspec.Struct, frozen=True):
    """Casbin's answer, the rule that it explains it with, and what the matching rules open: rows, windows, and views on the rows.

    ``considered`` is the slice of the policy that was decided over.
    """

    allowed: bool
    rule: RuleSpec | None
    considered: tuple[Row, ...] = ()
    rows: Scope = NOTHING
    windows: tuple[Window, ...] = ()
    views: tuple[View, ...] = ()


class Engine:
    """Decides by one version of the policy; ``surroundings`` are the calendar and the networks that conditions ask about."""

    def __init__(self, model_text: str, policy: CompiledPolicy, surroundings: Surroundings = SHIPPED, *, possibly: bool = False) -> None:
        """Read the model and compile its matcher.

        ``possibly`` makes an engine that decides nothing and says what could be open, were more known: there an undetermined condition
        opens an allow and lifts a deny.

        Raises:
            MatcherError: the model is not one that this engine can decide by.
        """
        self.policy = policy
        self.surroundings = surroundings
        self._casbin = _Casbin(model_text, matcher_functions(policy, possibly=possibly))

    def decide(self, asking: Asking, function: str) -> Verdict:
        """Return Casbin's verdict on ``asking`` using ``function``."""
        considered = self.policy.slice_for(function, asking.snapshot.roles, asking.grant)
        allowed, explained = self._casbin.over(considered).enforce_ex(asking, function, all_of(function), asking.grant, asking.label)
        rules = self.policy.rules
        rule = rules[explained[5]] if explained else None
        if not allowed:
            return Verdict(False, rule, considered)  # noqa: FBT003 - the verdict itself
        # A deny that matches ends it, so what matched here are allows alone.
        matched = asking.matched
        if len(matched) == 1:  # what most answers come to; the same as below, without uniting one thing with itself
            [opened] = matched
            view = View(opened.rows, rules[opened.number].fields)
            return Verdict(True, rule, considered, opened.rows, tuple(opened.windows), (view,))  # noqa: FBT003 - the verdict itself
        views = views_of((opened.rows, rules[opened.number].fields) for opened in matched)
        windows = tuple(window for opened in matched for window in opened.windows)
        rows = Scope.union_of(view.rows for view in views)
        return Verdict(True, rule, considered, rows, windows, views)  # noqa: FBT003 - the verdict itself


def matcher_functions(policy: CompiledPolicy, *, possibly: bool = False) -> Functions:
    """Return what the matcher calls beside ``g``; each reads the subject of the request, ``r.sub``. See ``Engine`` for ``possibly``."""
    # The effect for which an undetermined condition counts as met.
    doubted = ALLOW if possibly else DENY
    conditions, scopes, rules = policy.conditions, policy.scopes, policy.rules

    def holds(asking: Asking, condition: str, effect: str) -> bool:
        """Undetermined never opens an allow, and never lifts a deny."""
        if not condition:
            return True
        value = conditions[condition].holds(asking.facts)
        return value is not False if effect == doubted else value is True

    def dominates(asking: Asking, label: int) -> bool:
        return asking.clearance >= label

    def covers(asking: Asking, role: str, scope_expr: str, effect: str) -> bool:
        opened = asking.opens(asking.role_of(role), scopes[scope_expr], effect)
        if possibly and effect == DENY and opened is not None and all(window.bounded for window in opened.windows):
            # A deny that is held within bounds leaves open what lies outside them.
            opened = None
        return asking.remember(opened)

    def kept(asking: Asking, number: int) -> bool:
        """Fields that nobody masks would all be shown; rows that nobody filters are left out in ``covers``."""
        return keeps_fields(asking.level) or rules[number].fields == SHOWN

    return {"dominates": dominates, "holds": holds, "covers": covers, "kept": kept, "noted": Asking.note}


class SnapshotRoles(RoleManager):  # type: ignore[misc]  # casbin ships no types
    """Casbin's role manager: a subject holds the roles that its own snapshot says, in windows that are live."""

    def has_link(self, asking: Asking, role: str, *_domain: str) -> bool:
        """Return whether the subject of this request holds ``role`` now."""
        return bool(asking.windows(role))


class _FreshFunctions(FunctionMap):  # type: ignore[misc]  # casbin ships no types
    """Hands out a new dict each time: ``enforce_ex`` writes into what it is given, and views share this object."""

    def get_functions(self) -> dict[str, Any]:
        return {}


class _Slice(NamedTuple):
    """What ``enforce_ex`` reads of a policy definition."""

    tokens: tuple[str, ...]
    policy: Sequence[Row]


class _Casbin(CoreEnforcer):  # type: ignore[misc]  # casbin ships no types
    """The stock enforcer over our role manager, with the matcher compiled beforehand."""

    def __init__(self, model_text: str, functions: Functions) -> None:
        model = Model()
        model.load_model_from_text(model_text)
        _check_model(model)
        super().__init__(model)
        # Denials are ours to record, with what they mean; Casbin would print the subject.
        self.logger = logging.getLogger("govcloud.casbin")
        self.logger.disabled = True
        self.fm = _FreshFunctions()
        roles = SnapshotRoles()
        self.rm_map = {"g": roles}
        model["g"]["g"].rm = roles
        tokens = frozenset(model["r"]["r"].tokens) | frozenset(model["p"]["p"].tokens)
        # Casbin's g with two arguments comes to this very call.
        self._matcher = Matcher(model["m"]["m"].value, tokens, {**functions, "g": roles.has_link})
        self._sections = {section: dict(model[section]) for section in ("r", "e")}
        # The matcher has its own g. It is compiled; left in its writing, Casbin would search the text for "eval(" at every question.
        self._sections["m"] = {"m": SimpleNamespace(value="")}
        self._tokens = tuple(model["p"]["p"].tokens)

    def _get_expression(self, _expression: str, _functions: object = None) -> Matcher:
        return self._matcher

    def over(self, rows: Sequence[Row]) -> _Casbin:
        """Return a view of this enforcer whose policy is ``rows``; it lives for one question."""
        view = object.__new__(_Casbin)
        view.__dict__.update(self.__dict__)
        view.model = {**self._sections, "p": {"p": _Slice(self._tokens, rows)}}
        return view


def _check_model(model: Model) -> None:
    """Refuse a model that this engine was not made for; a slice or a view would change what such a model means.

    Raises:
        MatcherError: names the section.
    """
    expected = {
        "r": ["r_sub", "r_fn", "r_all", "r_grant", "r_label"],
        "p": ["p_sub", "p_fn", "p_cond", "p_scope", "p_eft", "p_id"],
    }
    for section in ("r", "p", "g", "e", "m"):
        if section not in model.keys() or list(model[section]) != [section]:  # noqa: SIM118 - casbin's model is not a mapping
            raise MatcherError(f"the model needs exactly one definition in section {section!r}")
    for section, tokens in expected.items():
        if model[section][section].tokens != tokens:
            raise MatcherError(f"section {section!r} of the model must be {tokens}, not {model[section][section].tokens}")
    if model["e"]["e"].value != _EFFECT:
        raise MatcherError(f"the model's effect must let a deny win, not {model['e']['e'].value!r}")


__all__ = ["ALLOW", "Engine", "MatcherError", "Verdict", "matcher_functions"]
