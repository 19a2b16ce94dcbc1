"""Questions about the province's officials, by how they come out, for whatever is measured with them."""

from __future__ import annotations

from bench._engines import OUTCOMES
from bench._people import everybody
from bench._running import counting
from govcloud.authorization.deciding.decisions import Question
from govcloud.identity.views import Subject
from govcloud.kernel.database import db
from govcloud.services import Services

Questions = dict[str, list[Question]]


def province_questions(services: Services) -> Questions:
    """Return questions about functions of the housing subsystem by outcome, each about another official of the province."""
    functions = [function.code for function in services.subsystem_queries.functions_of("housing")]
    found: Questions = {outcome: [] for outcome in OUTCOMES}
    for subject in counting(primary_subjects(services), "sorting questions"):
        opened = services.authorization_queries.open_among(subject.official_id, subject.appointment_id, functions)
        for outcome, fitting in (("allowed", opened), ("denied", set(functions) - opened)):
            found[outcome] += [Question(function, subject.appointment_id, subject.official_id) for function in sorted(fitting)[:1]]
        db.session.remove()
    return found


def primary_subjects(services: Services) -> list[Subject]:
    """Return the primary subjects of every fourth official."""
    return [subject for subject in everybody(services) if subject.kind == "primary"][::4]
