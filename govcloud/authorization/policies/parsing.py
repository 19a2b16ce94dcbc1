"""Reading a policy's YAML into roles and rules: every line is checked, and each finding is named with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from govcloud.authorization.errors import ConditionError, PolicyError
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.authorization.policies.conditions import compile_condition
from govcloud.authorization.policies.inclusion import cycle_in, role_closure
from govcloud.authorization.policies.officers import kept_apart
from govcloud.authorization.policies.scope_rules import compile_scope
from govcloud.authorization.policies.specs import ALLOW, DENY, RoleSpec, RuleSpec
from govcloud.authorization.scopes.fields import MAX_FIELDS, FieldRule, is_field_name
from govcloud.authorization.subjects.snapshot import GRANT_PREFIX
from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message

TOP_KEYS = frozenset({"functions", "roles"})
_FUNCTION = re.compile(r"[a-z][a-z0-9_]*:(\*|[a-z][a-z0-9_]*:[a-z][a-z0-9_]*)")
_ROLE = re.compile(r"(system:)?[a-z][a-z0-9_]*")
_PLATFORM = "govcloud:"
_ROLE_KEYS = frozenset({"name", "description", "includes", "rules"})
_RULE_KEYS = frozenset({ALLOW, DENY, "when", "scope", "fields", "label"})
_FIELD_KEYS = frozenset({"mask", "hide"})
#: The functions of the platform itself with their names, the roles, the rules.
Parts = tuple[dict[str, str], tuple[RoleSpec, ...], tuple[RuleSpec, ...]]


class Parser:
    """Walks the content of a document once and gathers findings instead of stopping at the first."""

    def __init__(self, content: object, zones: Collection[str] | None) -> None:
        """Take what the YAML says, and the names of the network zones that conditions may use (``None``: any)."""
        self._content = content
        self._zones = zones
        self._findings: list[FieldError] = []

    def _find(self, place: str, message: Message, value: object = "") -> None:
        self._findings.append(FieldError(place, message, str(value)[:100]))

    def parse(self) -> Parts:
        """Return what the document says.

        Raises:
            PolicyError: with every finding.
        """
        top = self._mapping("document", self._content, TOP_KEYS)
        functions = self._functions(top.get("functions"))
        roles: list[RoleSpec] = []
        rules: list[RuleSpec] = []
        for code, body in self._mapping("roles", top.get("roles")).items():
            spec = self._role(str(code), body)
            roles.append(spec[0])
            rules.extend(spec[1])
        self._check_roles(roles)
        self._check_officers(roles, rules)
        self._check_functions(rules, functions)
        if self._findings:
            raise PolicyError(self._findings)
        return functions, tuple(roles), tuple(rules)

    def _mapping(self, place: str, value: object, keys: frozenset[str] | None = None) -> dict[Any, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._find(place, Message("这里应是“键: 值”的形式。"), value)
            return {}
        for key in value:
            if keys is not None and key not in keys:
                self._find(f"{place}.{key}", Message("不认识这个键。"), key)
        return value

    def _text_of(self, place: str, value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self._find(place, Message("这里应是文字。"), value)
            return ""
        return value.strip()

    def _texts(self, place: str, value: object) -> tuple[str, ...]:
        items = [value] if isinstance(value, str) else value
        if items is None:
            return ()
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self._find(place, Message("这里应是文字或文字列表。"), value)
            return ()
        return tuple(items)

    def _functions(self, value: object) -> dict[str, str]:
        functions = self._mapping("functions", value)
        for code, name in functions.items():
            if not _FUNCTION.fullmatch(str(code)) or str(code).endswith("*"):
                self._find(f"functions.{code}", Message("功能代码应形如 子系统:资源:操作。"), code)
            self._text_of(f"functions.{code}", name)
        return {str(code): str(name) for code, name in functions.items()}

    def _role(self, code: str, value: object) -> tuple[RoleSpec, list[RuleSpec]]:
        place = f"roles.{code}"
        if not _ROLE.fullmatch(code) or code.startswith(GRANT_PREFIX):
            self._find(place, Message("角色代码只能用小写字母、数字和下划线。"), code)
        body = self._mapping(place, value, _ROLE_KEYS)
        spec = RoleSpec(
            code,
            self._text_of(f"{place}.name", body.get("name")) or code,
            self._text_of(f"{place}.description", body.get("description")),
            self._texts(f"{place}.includes", body.get("includes")),
        )
        entries = body.get("rules") or []
        if not isinstance(entries, list):
            self._find(f"{place}.rules", Message("这里应是列表。"), entries)
            entries = []
        rules = [rule for index, entry in enumerate(entries) for rule in self._rules(code, f"{place}.rules[{index}]", entry)]
        return spec, rules

    def _rules(self, role: str, place: str, value: object) -> list[RuleSpec]:
        entry = self._mapping(place, value, _RULE_KEYS)
        effects = [effect for effect in (ALLOW, DENY) if effect in entry]
        if len(effects) != 1:
            self._find(place, Message("每条规则必须且只能写 allow 或 deny 之一。"), value)
            return []
        effect = effects[0]
        condition = self._checked(f"{place}.when", entry.get("when"), lambda text: compile_condition(text, zones=self._zones).text)
        scope = self._checked(f"{place}.scope", entry.get("scope"), lambda text: compile_scope(text).text)
        if effect == DENY and scope:
            self._find(f"{place}.scope", Message("禁止规则不能带数据范围，请改用条件 when。"), scope)
        fields = self._fields(f"{place}.fields", entry.get("fields"))
        if effect == DENY and fields.names:
            self._find(
                f"{place}.fields", Message("禁止规则不能带字段；要遮盖或隐藏字段，请写在允许规则里。"), ", ".join(sorted(fields.names))
            )
        functions = self._texts(f"{place}.{effect}", entry[effect])
        if not functions:
            self._find(f"{place}.{effect}", Message("至少写一项功能。"))
        label = self._text_of(f"{place}.label", entry.get("label"))
        return [RuleSpec(role, function, condition, effect, scope, label, fields) for function in functions]

    def _fields(self, place: str, value: object) -> FieldRule:
        """Return which fields are masked and which are hidden; one cannot be both."""
        entry = self._mapping(place, value, _FIELD_KEYS)
        masked, hidden = (self._field_names(f"{place}.{key}", entry.get(key)) for key in ("mask", "hide"))
        for name in sorted(masked & hidden):
            self._find(f"{place}.hide", Message("字段“%(name)s”不能既遮盖又隐藏，请只写一处。", name=name), name)
        return FieldRule(masked, hidden)

    def _field_names(self, place: str, value: object) -> frozenset[str]:
        names = self._texts(place, value)
        if len(names) > MAX_FIELDS:
            self._find(place, Message("字段太多（%(count)s 个），最多 %(most)s 个。", count=len(names), most=MAX_FIELDS), len(names))
        for name in names:
            if not is_field_name(name):
                self._find(place, Message("字段名只能用字母、数字和下划线，且不以数字开头。"), name)
        return frozenset(names)

    def _checked(self, place: str, value: object, compile_text: Callable[[str], str]) -> str:
        text = self._text_of(place, value)
        if not text:
            return ""
        try:
            return compile_text(text)
        except ConditionError as error:
            self._find(place, error.message, text)
            return ""

    def _check_roles(self, roles: list[RoleSpec]) -> None:
        codes = {role.code for role in roles}
        for role in roles:
            for included in role.includes:
                place = f"roles.{role.code}.includes"
                if included not in codes:
                    self._find(place, Message("没有角色“%(role)s”。", role=included), included)
                elif included in OFFICER_ROLES:
                    # The database holds the three offices apart by their names; inside another role one would slip past it.
                    self._find(place, Message("三员角色“%(role)s”只能单独授予，不能包含在其他角色中。", role=included), included)
        circle = cycle_in({role.code: role.includes for role in roles})
        if circle:
            self._find(f"roles.{circle[0]}.includes", Message("角色互相包含，成了环：%(circle)s", circle=" → ".join(circle)), circle[0])

    def _check_officers(self, roles: list[RoleSpec], rules: list[RuleSpec]) -> None:
        """Find what would bring two of the three offices together."""
        closure = role_closure({role.code: role.includes for role in roles})
        opened: dict[str, set[str]] = {}
        for rule in rules:
            if rule.effect == ALLOW:
                opened.setdefault(rule.role, set()).add(rule.function)
        for role in roles:
            reached = set().union(*(opened.get(code, set()) for code in closure[role.code]))
            for function in kept_apart(role.code, sorted(reached)):
                message = Message("三员分立：角色“%(role)s”不能打开 %(function)s。", role=role.code, function=function)
                self._find(f"roles.{role.code}.rules", message, function)

    def _check_functions(self, rules: list[RuleSpec], functions: Mapping[str, str]) -> None:
        for rule in rules:
            place = f"roles.{rule.role}.rules"
            if not _FUNCTION.fullmatch(rule.function):
                self._find(place, Message("功能“%(function)s”应形如 子系统:资源:操作 或 子系统:*。", function=rule.function), rule.function)
            elif rule.function == f"{_PLATFORM}*":
                self._find(place, Message("平台自身的功能必须逐项列出，不设超级用户。"), rule.function)
            elif rule.function.startswith(_PLATFORM) and rule.function not in functions:
                self._find(place, Message("functions 中没有登记功能“%(function)s”。", function=rule.function), rule.function)
