"""A policy as a document: its text with the roles and rules that it stands for; reading it from a file, a form or the database."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.parsing import TOP_KEYS, Parser, Parts
from govcloud.authorization.policies.specs import ALLOW, DENY, RoleSpec, RuleSpec
from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message

__all__ = [
    "ALLOW",
    "DENY",
    "MAX_BYTES",
    "Loader",
    "PolicyDocument",
    "RoleSpec",
    "RuleSpec",
    "load_document",
    "parse_document",
    "read_document",
]

MAX_BYTES = 16 * 1_048_576
_MOST_NESTED = 50
"""So deep may a text nest: ten times as deep as any policy, and far from where what reads it comes to the end of its stack."""

if TYPE_CHECKING:
    Loader = yaml.SafeLoader
else:
    # libyaml's loader reads ten times faster; builds of PyYAML without it have only the other.
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class PolicyDocument:
    """A checked policy; ``functions`` are those of the platform itself, with their names for people."""

    source: str
    text: str
    functions: Mapping[str, str]
    roles: tuple[RoleSpec, ...]
    rules: tuple[RuleSpec, ...]

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def extended_by(self, text: str, source: str) -> PolicyDocument:
        """Return this policy with the roles, rules and functions of another document's ``text`` added.

        Raises:
            PolicyError: the text is wrong, or gives rules to a role that neither document has.
        """
        merged = self._merged(_load_yaml(text))
        return PolicyDocument(source, yaml.safe_dump(merged, allow_unicode=True, sort_keys=False), *Parser(merged, None).parse())

    def parts_with(self, content: object) -> Parts:
        """Return what this policy says with the ``content`` of another document's YAML added; its text is made for nobody.

        Raises:
            PolicyError: the content is wrong, or gives rules to a role that neither document has.
        """
        return Parser(self._merged(content), None).parse()

    def _merged(self, content: object) -> dict[str, dict[str, Any]]:
        mine, added = self._content, content if isinstance(content, dict) else {}
        return {key: {**(mine.get(key) or {}), **(added.get(key) or {})} for key in sorted(TOP_KEYS)}

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        """Return what the text says, read once: the cases of a policy extend it a dozen times."""
        found: Mapping[str, Any] = yaml.load(self.text, Loader=Loader) or {}  # noqa: S506 - a safe loader
        return found


class _Once(Loader):
    """Refuses a key that stands twice, of which YAML would silently take the last: a ``when`` that somebody wrote must not be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - of the library
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_document(path: Path, zones: Collection[str] | None = None) -> PolicyDocument:
    """Read and check the document at ``path``, as somebody wrote it; ``zones`` as for ``parse_document``.

    Raises:
        PolicyError: the document is wrong, or cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path.name, Message("文件超过 %(most)s 字节。", most=MAX_BYTES))
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(str(path), Message("读不出这个文件：%(reason)s", reason=str(error))) from error
    return read_document(text, path.name, zones)


def read_document(text: str, source: str, zones: Collection[str] | None = None) -> PolicyDocument:
    """Read and check ``text`` as somebody wrote it: beyond ``parse_document``, no key may stand twice.

    Raises:
        PolicyError: with every finding.
    """
    _load_yaml(text, _Once)  # only here: a document that is in force already stays readable
    return parse_document(text, source, zones)


def parse_document(text: str, source: str, zones: Collection[str] | None = None) -> PolicyDocument:
    """Read and check ``text``.

    Args:
        text: the YAML.
        source: names it in the record.
        zones: the network zones that conditions may name. ``None``: any, for what was saved once; it stays readable when a zone goes.

    Raises:
        PolicyError: with every finding, so that one round mends them all.
    """
    return PolicyDocument(source, text, *Parser(_load_yaml(text), zones).parse())


def _fault(place: str, message: Message, value: object = "") -> PolicyError:
    return PolicyError([FieldError(place, message, str(value)[:100])])


def _load_yaml(text: str, loader: type[yaml.SafeLoader] = Loader) -> object:
    """Return the YAML's content; aliases are refused, as a few lines of them unfold to gigabytes, and so is what nests without end."""
    try:
        _look_through(text)
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError) as error:
        raise _fault("document", Message("不是有效的 YAML：%(reason)s", reason=" ".join(str(error).split())[:300])) from error


def _look_through(text: str) -> None:
    """Refuse aliases and endless nesting from what is read piece by piece, before anything is made of it."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _fault("document", Message("不能使用 YAML 别名。"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_NESTED:
            raise yaml.YAMLError(f"nested more than {_MOST_NESTED} deep{event.start_mark}")
