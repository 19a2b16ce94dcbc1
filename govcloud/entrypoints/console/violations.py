"""职责分离违规: who breaks a rule as the nightly look found it, and from where they hold what conflicts."""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for

from govcloud.authorization.apart.models import SodViolation
from govcloud.authorization.apart.views import Way
from govcloud.entrypoints.console.parts.columns import looked_up, name_of
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.entrypoints.console.rights.apart import CELLS, LABELS, OPENS, codes_of
from govcloud.entrypoints.console.rights.authorization import GROUP, _Window, role_name
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say


def _way_words(way: Way) -> Message:
    """Return how somebody holds a function, in words."""
    match way.kind:
        case "role":
            return Message("授予的角色“%(name)s”", name=role_name(way.name))
        case "duty":
            return Message("岗位规则“%(name)s”", name=way.name)
        case "grant":
            return Message("临时权限")
        case _:
            return Message("全体公职人员都有")


class SodViolationsView(_Window):
    """Who breaks a rule, as the nightly look found it."""

    opens = OPENS
    title = Message("职责分离违规")
    lead = Message("每晚查出的、没有例外而持有互斥功能的人。请收回其中一项，或给予有期限的例外。")
    icon = "triangle-alert"
    group = GROUP
    people = ("official_id",)
    column_list = ("official_id", "rule_code", "rule_version", "functions", "valid_from")
    column_details_list = ("official_id", "rule_code", "rule_version", "functions", "valid_from", "valid_to")
    column_searchable_list = ("rule_code",)
    column_default_sort = ("id", False)
    labels = {**LABELS, "valid_from": Message("发现时间"), "valid_to": Message("消除时间")}
    column_formatters = {**CELLS, "official_id": name_of("official_id")}

    def function_codes(self, rows: Sequence[SodViolation]) -> set[str]:
        """Return what the rules keep apart."""
        return codes_of(rows)

    def heading(self, row: SodViolation) -> str:
        """Return the official with the rule."""
        return f"{looked_up(row.official_id)} {row.rule_code}"

    def sections(self, row: SodViolation) -> list[Section]:
        """Return from where the person holds what conflicts: a role that follows from a duty ends by the duty rule, not on the person."""
        found = services().authorization_queries.apart.ways(row.official_id, tuple(row.functions))
        heads = (Message("功能"), Message("从何而来"))
        return [Section(Message("从何而来"), heads, [(way.function, say(_way_words(way))) for way in found])]

    def links_for(self, row: SodViolation) -> list[tuple[str, str]]:
        """Lead to what the person holds, and why."""
        del row
        return [
            (url_for("console_grants.index_view"), say(Message("临时权限"))),
            (url_for("console_assignments.index_view"), say(Message("角色授予"))),
            (url_for("console_duties.index_view"), say(Message("岗位规则"))),
        ]
