"""人员权限: what may this person do, and why, now or at another moment; for those in whose charge the person is."""

from __future__ import annotations

from flask import request
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.people_reach import OPENS, reach
from govcloud.entrypoints.console.rights.authorization import GROUP
from govcloud.identity.finding.reach import Reach
from govcloud.identity.queries import AppointmentView, OfficialView
from govcloud.kernel.errors import Denied
from govcloud.kernel.messages import Message
from govcloud.web.asking import TRY
from govcloud.web.gate import may, services
from govcloud.web.moments import at_of, minute
from govcloud.web.standing import access_panel

_CHOICES = 8
_FUNCTION = "govcloud:official:access"


class AccessView(ConsolePage):
    """The access of one official; the template ``_access.html`` serves the official's own page, too."""

    opens = _FUNCTION
    asks = (TRY, OPENS)
    title = Message("人员权限")
    lead = Message("此人可以做什么，为什么：岗位规则、单独授予、临时权限，可查任一时点。")
    icon = "file-search"
    group = GROUP

    def __init__(self) -> None:
        """Serve below ``/console/access/``."""
        super().__init__("access")

    @expose("/")
    def index_view(self) -> str:
        """Show the access of the official with the employee code that is asked for."""
        code = request.args.get("code", "").strip()
        at = at_of(request.args.get("at", ""))
        official = services().identity_queries.official_by_code(code, at) if code else None
        places = services().identity_queries.appointments_of(official.id, at) if official else ()
        place = next((item for item in places if str(item.id) == request.args.get("appointment")), places[0] if places else None)
        if official:
            check_reach(official, place)
        rendered: str = self.render(
            "console/access.html",
            view=self,
            code=code,
            at=minute(at),
            official=official,
            places=places,
            place=place,
            like=people_like(code, reach()) if code and official is None else (),
            tries=opened(TRY),
            sees=opened(OPENS),
            access=access_panel(official.id, place.id if place else None, at) if official else None,
        )
        return rendered


def check_reach(official: OfficialView, place: AppointmentView | None) -> None:
    """Let the reader go on who may see the access of ``official`` under the appointment ``place``.

    Raises:
        Denied: the person does not serve in a department in the reader's charge.
    """
    if not may_see(official, place):
        raise Denied("out_of_scope", Message("此人或此部门不在您的管理范围内。"), remedy=Message("请联系安全管理员办理。"))


def may_see(official: OfficialView, place: AppointmentView | None) -> bool:
    """Return whether the reader may see the access of ``official`` under the appointment ``place``."""
    return may(_FUNCTION, {"official_id": str(official.id)} | ({"department_path": place.department_path} if place else {}))


def people_like(text: str, within: Reach) -> tuple[OfficialView, ...]:
    """Return people within a reach whose name or pinyin begins so, to choose from; not the one whose code it is, who was not there then."""
    found = services().identity_queries.search_officials(text, _CHOICES, reach=within).rows
    return tuple(person for person in found if person.employee_code.upper() != text.upper())
