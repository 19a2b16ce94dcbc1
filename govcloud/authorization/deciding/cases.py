"""Decisions as data: reading ``policies/cases/*.yaml`` (facts → expected answer and reason) and running them, without a database.

What runs is what production runs: the same policy reader, engine, snapshot and reasons; only the facts come from the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from govcloud.authorization.around.network_zones import zones_of
from govcloud.authorization.around.surroundings import Surroundings
from govcloud.authorization.deciding.answering import Catalogue, Seen, answer, asking_of, command_refusal
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.lacking import lacking
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import Loader, PolicyDocument
from govcloud.authorization.policies.parsing import Parser
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL, take_snapshot
from govcloud.authorization.subjects.snapshot import AssignmentFact, GrantFact, Snapshot
from govcloud.authorization.subjects.subjects import fixed_snapshot
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message
from govcloud.subsystems.levels import FILTER, OWN, Traits

_CASES = UUID("7c1f4a52-9a0e-5d0e-8f63-2f5f0a6f1d11")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleFact(_Part):
    """A role that the subject of a case holds."""

    role: str
    scope: dict[str, Any] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class GrantOfCase(_Part):
    """A temporary grant that the subject of a case has or had; ``name`` lets the expectation name it, ``rows`` are any row conditions."""

    function: str
    starts_at: datetime
    ends_at: datetime
    name: str = "grant"
    divisions: list[str] | None = None
    rows: dict[str, Any] | None = None
    case_number: str | None = None
    closed_at: datetime | None = None
    suspended: bool = False


class SubjectOfCase(_Part):
    """Who asks: an official (by default), or ``system``/``subsystem`` with a name, or ``anonymous``."""

    kind: str = "official"
    name: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)
    roles: list[RoleFact | str] = Field(default_factory=list)
    grants: list[GrantOfCase] = Field(default_factory=list)


class Expectation(_Part):
    """What the answer must be; what is left out is not compared."""

    allowed: bool
    reason: str | None = None
    role: str | None = None
    grant: str | None = None
    divisions: list[str] | None = None
    ends_at: datetime | None = None
    obligations: dict[str, Any] | None = None
    missing: list[str] | None = None


class CaseSpec(_Part):
    """One case: a subject asks for a function (``asks``) or runs a command of the platform (``runs``)."""

    name: str
    subject: SubjectOfCase = SubjectOfCase()
    asks: str | None = None
    runs: str | None = None
    resource: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    client_address: str | None = None
    at: datetime | None = None
    expect: Expectation


class CaseFile(_Part):
    """A file of cases: the policy that is added to the one under test (or stands ``alone``), the catalogue, and the cases.

    ``catalogue`` names the functions, or gives each its security label; ``levels`` gives those that are
    not at integration level 3 theirs. ``zones`` are networks by the name of their zone.
    """

    at: datetime
    alone: bool = False
    policy: dict[str, Any] = Field(default_factory=dict)
    catalogue: list[str] | dict[str, int] = Field(default_factory=list)
    levels: dict[str, int] = Field(default_factory=dict)
    zones: dict[str, tuple[IPv4Network | IPv6Network, ...]] = Field(default_factory=dict)
    cases: list[CaseSpec]


@dataclass(frozen=True)
class Case:
    """A case ready to run, with the name of its file."""

    file: str
    spec: CaseSpec
    at: datetime
    engine: Engine
    catalogue: Mapping[str, Traits]

    def __str__(self) -> str:
        """Return file and name."""
        return f"{self.file}: {self.spec.name}"

    def run(self) -> list[str]:
        """Return what differs from the expectation; nothing when the case holds."""
        if self.spec.runs is not None:
            reason = command_refusal(self.spec.runs, self.spec.resource, self._seen(), client_address=self.spec.client_address)
            return _differences(self.spec.expect, {"allowed": reason is None, "reason": str(reason or Reason.ALLOWED)})
        question, seen = self._question(), self._seen()
        found = _compared(self._decision(question, seen))
        if self.spec.expect.missing is not None:
            asking = asking_of(question, self.catalogue.get(question.function, OWN), seen)
            found["missing"] = sorted(lacking(self.engine.policy, asking, question.function))
        return _differences(self.spec.expect, found)

    def _question(self) -> Question:
        spec = self.spec
        return Question(spec.asks or "", resource=spec.resource, context=spec.context, client_address=spec.client_address)

    def _decision(self, question: Question, seen: Seen) -> Decision:
        grants = {grant.function: _grant(grant) for grant in self.spec.subject.grants}
        catalogue = Catalogue(
            traits_of=lambda function: self.catalogue.get(function, OWN if self.engine.policy.knows(function) else None),
            last_grant=grants.get,
            item_for=lambda _function: None,
        )
        return answer(question, seen, catalogue)

    def _seen(self) -> Seen:
        return Seen(self._snapshot(), self.engine, 0, self.at)

    def _snapshot(self) -> Snapshot:
        subject, closure = self.spec.subject, self.engine.policy.closure
        match subject.kind:
            case "system":
                return fixed_snapshot(Actor.system(subject.name), closure)
            case "subsystem":
                return fixed_snapshot(Actor.subsystem(subject.name, subject.name), closure)
            case "anonymous":
                return fixed_snapshot(Actor.anonymous(), closure)
        since = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        roles = [RoleFact(role=fact) if isinstance(fact, str) else fact for fact in (EVERY_OFFICIAL, *subject.roles)]
        assignments = [AssignmentFact(fact.role, fact.starts_at or since, fact.ends_at, fact.scope) for fact in roles]
        attributes = {"kind": "official", **subject.attributes}
        return take_snapshot("official", attributes, assignments, [_grant(grant) for grant in subject.grants], closure)


def load_cases(folder: Path, base: PolicyDocument) -> Iterator[Case]:
    """Read every case below ``folder``; ``base`` is the policy under test.

    Raises:
        PolicyError: a file cannot be read; names it and the place.
    """
    for path in sorted(folder.glob("*.yaml")):
        file = _read(path)
        _, roles, rules = base.parts_with(file.policy) if not file.alone else Parser(file.policy, None).parse()
        surroundings = Surroundings(zones=zones_of(file.zones))
        engine = Engine(_model(folder), compile_policy(1, roles, rules), surroundings)
        labels = file.catalogue if isinstance(file.catalogue, dict) else dict.fromkeys(file.catalogue, 0)
        catalogue = {function: Traits(label, file.levels.get(function, FILTER)) for function, label in labels.items()}
        for spec in file.cases:
            yield Case(path.stem, spec, spec.at or file.at, engine, catalogue)


def _read(path: Path) -> CaseFile:
    try:
        return CaseFile.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=Loader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise PolicyError([FieldError(path.name, Message("不是有效的 YAML：%(reason)s", reason=str(error)))]) from error
    except ValidationError as error:
        findings = [
            FieldError(f"{path.name}: {'.'.join(str(part) for part in item['loc'])}", Message("%(reason)s", reason=item["msg"]))
            for item in error.errors()
        ]
        raise PolicyError(findings) from error


def _model(folder: Path) -> str:
    return (folder.parent / "model.conf").read_text(encoding="utf-8")


def _grant(grant: GrantOfCase) -> GrantFact:
    rows = Scope.from_json(grant.rows) if grant.divisions is None else Scope(grant.divisions)
    scope = rows.to_json() | ({} if grant.case_number is None else {"case_number": grant.case_number})
    return GrantFact(
        uuid5(_CASES, grant.name), grant.function, grant.starts_at, grant.ends_at, scope, grant.closed_at, suspended=grant.suspended
    )


def _compared(decision: Decision) -> dict[str, Any]:
    """Return the parts of a decision that an expectation may name."""
    divisions = decision.scope.divisions if decision.scope else None
    return {
        "allowed": decision.allowed,
        "reason": str(decision.code),
        "role": decision.role,
        "grant": decision.grant_id,
        "divisions": None if divisions is None else list(divisions),
        "ends_at": decision.ends_at,
        "obligations": obligations_of(decision),
    }


def _differences(expected: Expectation, found: Mapping[str, Any]) -> list[str]:
    wanted = expected.model_dump(exclude_unset=True)
    if wanted.get("grant") is not None:
        wanted["grant"] = uuid5(_CASES, wanted["grant"])
    return [f"{name}: expected {value!r}, got {found.get(name)!r}" for name, value in wanted.items() if found.get(name) != value]
