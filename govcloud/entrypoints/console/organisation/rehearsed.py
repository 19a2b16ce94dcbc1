"""A reorganisation as its preview page shows it: what it touches, and who would gain and lose which functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from govcloud.authorization.drafting.reorganising import Affected, Regranted
from govcloud.identity.reorganisation import Preview
from govcloud.identity.views import DepartmentView
from govcloud.web.asking import ACCESS, may
from govcloud.web.gate import services
from govcloud.web.locale import own_words


@dataclass(frozen=True)
class Rehearsed:
    """What was found; ``people`` are those who serve where the reader may see what people may do, ``named`` says that these are all."""

    preview: Preview
    counts: tuple[tuple[str, int, int, int], ...]
    people: tuple[Affected, ...]
    looked_at: int
    after: UUID | None
    named: bool
    _names: Mapping[str, str]

    @classmethod
    def of(cls, preview: Preview | None, found: Regranted | None, view: DepartmentView) -> Rehearsed | None:
        """Bring both together; ``None`` where nothing was rehearsed."""
        if preview is None or found is None:
            return None
        # People may serve elsewhere as well, or only hold a role over these departments: each is shown to who has charge of all of it.
        paths = {path for one in found.people for path in one.paths}
        hidden = {path for path in paths if not may(ACCESS, path, "department", view.id)}
        people = tuple(one for one in found.people if one.paths and hidden.isdisjoint(one.paths))
        counts = found.counts()
        names = services().subsystem_queries.function_names([code for code, *_ in counts])
        return cls(preview, counts, people, found.looked_at, found.after, len(people) == len(found.people), names)

    def function(self, code: str) -> str:
        """Return what a function is called."""
        return own_words(self._names.get(code, code))
