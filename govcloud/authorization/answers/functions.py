"""What somebody may use: the functions of a subsystem, each decided by the engine on the subject that was read once for all."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from govcloud.authorization.answers.entries import FunctionEntry, FunctionPage, State
from govcloud.authorization.answers.judging import Asked, answerable, judge
from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.decider import PLATFORM, Decider
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.subsystems.levels import OWN, Traits

MOST_FUNCTIONS = 1_000


class Functions:
    """Lists what somebody may use."""

    def __init__(self, decider: Decider, moments: Moments) -> None:
        """Take the decider's reads, and what decides when."""
        self._decider = decider
        self._moments = moments

    def page(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        subsystem: str,
        asked: Asked,
        moment: Moment,
        *,
        strong: bool | None,
        limit: int,
        after: str | None,
    ) -> FunctionPage:
        """Return one page, of whatever function in ``asked``'s circumstances; see ``Answers.list_functions``."""
        snapshot = self._moments.snapshot(official_id, appointment_id, moment)
        if isinstance(snapshot, Reason):
            return FunctionPage((), None, moment.epoch)
        most = max(1, min(limit, MOST_FUNCTIONS))
        seen = moment.seen(snapshot)
        found: list[FunctionEntry] = []
        for code, name, traits in self._named(subsystem, seen, moment):
            question = replace(asked, function=code)
            if (after is not None and code <= after) or not answerable(question, traits):
                continue
            # What a stronger session would open is denied in this one, whatever else the question said.
            if strong is False and traits.sensitive:
                continue
            judged = judge(question, traits, seen)
            if judged.state is not State.DENIED:
                found.append(FunctionEntry(code, judged.state, judged.missing, name))
            if len(found) > most:
                return FunctionPage(tuple(found[:most]), found[most - 1].id, moment.epoch)
        return FunctionPage(tuple(found), None, moment.epoch)

    def _named(self, subsystem: str, seen: Seen, moment: Moment) -> list[tuple[str, str, Traits]]:
        """Return code, name and traits of the subsystem's functions that some rule of a held role, or a grant, names, in their order."""
        catalogue = self._decider.subsystems
        found = {view.code: (view.name, view.traits) for view in catalogue.functions_of(subsystem, moment.at)}
        if subsystem == PLATFORM:
            named = moment.policy.functions_of(seen.snapshot.roles)
            known = (code for code in named if code.startswith(f"{PLATFORM}:") and moment.policy.knows(code))
            return sorted((code, found[code][0] if code in found else code, OWN) for code in known)
        view = catalogue.subsystem(subsystem)
        if view is None or subsystem in catalogue.retired_at(moment.at):
            return []
        found.setdefault(door_of(subsystem), (view.name, Traits()))
        is_named = seen.naming()
        return sorted((code, name, traits) for code, (name, traits) in found.items() if is_named(code))
