"""重置第二因素 on a person's page: for whoever lost the phone and the recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.parts.people_reach import person_within
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.entrypoints.console.people.change_forms import Filled
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.factors.service import RESET
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, no_permission, services
from govcloud.web.locale import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govcloud.identity.views import AppointmentView, OfficialView


class PersonFactors:
    """The route of a person's second factor; a part of the view of people."""

    if TYPE_CHECKING:

        def render(self, template: str, **kwargs: Any) -> str: ...  # noqa: D102, ANN401 - the view's

    @expose("/reset-second-factor/<official_id>", methods=("GET", "POST"))
    def reset_factor_view(self, official_id: str) -> Response:
        """Say what a reset does, and do it when it is confirmed with a reason."""
        person, status = person_within(official_id), 200
        if not may_reset(person, services().identity_queries.appointments_of(person.id)):
            raise no_permission()
        filled = Filled({"reason": request.form.get("reason", "").strip()})
        if request.method == "POST":
            try:
                services().second_factors.reset(current_actor(), person.id, checked_reason(filled.values["reason"]))
            except GovcloudError as error:
                filled.take(error)
                status = status_of(error)
            else:
                flash(say(Message("已重置%(name)s的第二因素，其全部会话已结束。", name=person.name)), "success")
                return make_response(redirect(url_for(".details_view", id=person.id), 303))
        page = self.render(
            "console/reset_factor.html", person=person, standing=services().second_factors.standing(person.id), filled=filled
        )
        return make_response(page, status)


def may_reset(person: OfficialView, places: Sequence[AppointmentView]) -> bool:
    """Return whether the reader may take the person's second factor away: as with passwords, it hangs on what that would open."""
    resource = {"official_id": str(person.id), "entrusted": services().authorization.entrusted(person.id)}
    if places:
        resource["department_path"] = places[0].department_path
    return may(RESET, resource)
