"""What the pages of the story's staff show: their requests in every state, and what they hold.

王芳 asks for everything but the housing register: that she does herself, in the story of the README.
"""

from __future__ import annotations

from datetime import timedelta

from govcloud.access.asking.queries import Chosen
from govcloud.access.commands import Alternative, NewSubmission, RejectReason, WantedItem
from govcloud.access.deciding.presigning import NewRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.cli.seed.history.stage import Stage

_CASE = "XH-SZ-{at:%Y}-{number:04d}"


class StaffScenes:
    """The scenes of 王芳, 孙丽 and 单雪梅."""

    def __init__(self, stage: Stage) -> None:
        """Take the stage."""
        self._stage = stage
        self._wang, self._sun = stage.person("WANGFANG"), stage.person("SUNLI")

    def prepare(self) -> None:
        """Put every scene at its moment."""
        stage = self._stage
        stage.at(stage.day(40, 9, 20), self.a_rule_signed_in_advance)
        stage.at(stage.day(22, 9, 40), self.something_opens_by_a_rule)
        stage.at(stage.day(20, 15), self.what_nobody_answered)
        stage.at(stage.day(17, 10, 30), self.what_was_revoked)
        stage.at(stage.day(12, 14, 10), self.what_was_refused)
        stage.at(stage.day(8, 9, 15), self.what_ends_soon)
        stage.at(stage.worked_ago(9.5), self.a_matter_in_parallel)
        stage.at(stage.worked_ago(8), self.all_or_nothing)
        stage.at(stage.worked_ago(7), self.what_begins_later)
        stage.at(stage.worked_ago(6), self.for_the_team)
        stage.at(stage.worked_ago(5), self.what_came_back_for_correction)
        stage.at(stage.until - timedelta(minutes=50), self.what_lies_in_the_basket)

    def a_rule_signed_in_advance(self) -> None:
        """李强 says yes in advance to what is routine: figures, for the government of 西湖区."""
        stage = self._stage
        government = stage.services.identity_queries.appointment(self._wang.appointment_id)
        if government is None:
            raise LookupError("王芳 serves nowhere")
        item = stage.item("housing:allocation:stats")
        reason = "配租统计不含个人信息，民政窗口办理救助时常用，预先同意，减少等待"
        rule = NewRule(item.id, (government.department_id,), 60, stage.now + timedelta(days=180), reason, Scope((self._wang.division,)))
        stage.services.approving.presigning.sign(stage.person("LIQIANG").actor, rule)

    def something_opens_by_a_rule(self) -> None:
        """What the rule covers opens at once; later 李强 lets it rest."""
        stage, liqiang = self._stage, self._stage.person("LIQIANG")
        asked = stage.ask(self._wang, ["housing:allocation:stats"], "编制救助对象住房保障月报", 45)
        grant = stage.grant(asked.lines["housing:allocation:stats"])
        resting = "核查统计口径期间暂停，预计三个工作日"
        stage.at(stage.day(1, 16), lambda: stage.services.grant_life.suspend(liqiang.actor, grant.id, resting))

    def what_nobody_answered(self) -> None:
        """A line that lapses: nobody answers."""
        self._stage.ask(self._wang, ["food_licence:licence:read"], "核对救助家庭经营收入", case=self._case(207))

    def what_was_revoked(self) -> None:
        """Something used, then taken back."""
        stage, function = self._stage, "tax:certificate:read"
        [line] = stage.ask(self._wang, [function], "核对救助家庭的完税情况", 15, case=self._case(231)).lines.values()
        decider = stage.decider(function)

        def revoke() -> None:
            stage.services.access.revoke(decider.actor, stage.grant(line).id, "办件已办结，不再需要")

        stage.later(1.2, lambda: stage.approve(line, decider))
        stage.later(30, revoke)

    def what_was_refused(self) -> None:
        """A refusal with a reason."""
        stage, function = self._stage, "enrolment:roll:read"
        [line] = stage.ask(self._wang, [function], "了解救助家庭子女就学情况", case=self._case(268)).lines.values()
        why = "办理救助核对不需要学籍明细，请申请“核验学籍信息”"
        stage.later(2, lambda: stage.services.access.reject(stage.decider(function).actor, line, 1, RejectReason.NOT_NEEDED, why))

    def what_ends_soon(self) -> None:
        """Three that end within the week: one left as it is, one whose extension waits, one that is extended already."""
        stage = self._stage
        residence, enrolment, unemployment = (
            "population:residence:read",
            "medical_insurance:enrolment:read",
            "social_insurance:unemployment:read",
        )
        asked = stage.ask(self._wang, [residence, enrolment, unemployment], "低保年度复核，核对家庭成员情况", 11, case=self._case(280))
        for function, line_id in asked.lines.items():
            stage.later(0.7, lambda function=function, line_id=line_id: stage.approve(line_id, stage.decider(function)))  # type: ignore[misc]

        def extend(function: str) -> None:
            why = "复核对象较多，尚有三户未核对完"
            extension = stage.services.grant_life.extend(self._wang.actor, stage.grant(asked.lines[function]).id, 7, why)
            if function == unemployment:
                stage.later(0.5, lambda: stage.approve(extension.line_id, stage.decider(function), "同意续期至复核结束"))

        stage.at(stage.worked_ago(4.5), lambda: extend(enrolment))
        stage.at(stage.worked_ago(4), lambda: extend(unemployment))

    def a_matter_in_parallel(self) -> None:
        """One matter, five departments side by side: each decides only its own, and what is approved is open already."""
        stage = self._stage
        accept, income, payment, title = (
            "housing:application:accept",
            "tax:income:read",
            "social_insurance:payment:read",
            "real_estate:title:read",
        )
        asked = stage.ask(
            self._wang,
            [accept, income, payment, title],
            "陈某家庭申请公租房，需核对收入、参保和房产，符合条件的当场受理",
            10,
            case=self._case(301),
            matter="public_rental_housing",
        )
        lines = asked.lines
        narrower = Alternative(Scope((self._wang.division,)), 3)
        why = "缴费记录核对三天足够，请按建议重新申请"
        stage.later(0.6, lambda: stage.approve(lines[income], stage.decider(income), "同意，限本区、本办件"))
        stage.later(1.5, lambda: stage.approve(lines[accept], stage.person("LIQIANG"), "窗口先行受理，审核仍由住建部门办理", days=7))
        stage.later(
            2.2,
            lambda: stage.services.access.reject(
                stage.decider(payment).actor, lines[payment], 1, RejectReason.TOO_BROAD, why, alternative=narrower
            ),
        )
        stage.later(3, self.what_is_kept_apart)

    def what_is_kept_apart(self) -> None:
        """Who takes applications in does not take data out: the line waits for an exception."""
        self._stage.ask(self._wang, ["housing:register:export"], "导出本区救助对象住房清单用于年度复核", 3, case=self._case(302))

    def all_or_nothing(self) -> None:
        """A request that opens as a whole: one department said yes, and nothing is open before the other does."""
        stage = self._stage
        household, relief = "population:household:read", "medical_insurance:relief:accept"
        why = "周某家庭申请低保，户籍核对与医疗救助受理须同时办理"
        asked = stage.ask(self._wang, [household, relief], why, 8, case=self._case(305), matter="social_relief", whole=True)
        stage.later(1, lambda: stage.approve(asked.lines[household], stage.decider(household)))

    def what_begins_later(self) -> None:
        """Approved now, to begin next week."""
        stage, function = self._stage, "birth:certificate:read"
        begins = stage.until + timedelta(days=5)
        asked = stage.ask(self._wang, [function], "下周社区集中办理新生儿救助，需核对出生信息", 5, case=self._case(309), starts_at=begins)
        stage.later(1, lambda: stage.approve(asked.lines[function], stage.decider(function), "同意，到期自动收回"))

    def for_the_team(self) -> None:
        """孙丽 asks for two of her people at once; each gets a request of their own."""
        stage = self._stage
        people = (self._wang.appointment_id, self._sun.appointment_id)
        item = stage.item("population:resident:read")
        wanted = (WantedItem(item.id, 5, Scope((self._sun.division,))),)
        new = NewSubmission(wanted, "救助对象集中核对，窗口两人轮班办理", people, case_number=self._case(312))
        stage.services.asking.submit(self._sun.actor, new)

    def what_came_back_for_correction(self) -> None:
        """李强 asks what is missing; the clock stands."""
        stage, function = self._stage, "housing:application:read"
        [line] = stage.ask(self._wang, [function], "查看公租房申请进度", 5, case=self._case(315)).lines.values()
        missing = "请写明查看哪一户的申请、用于哪个办理环节"
        liqiang = stage.person("LIQIANG").actor
        stage.later(1, lambda: stage.services.approving.returning.send_back(liqiang, line, 1, missing))

    def what_lies_in_the_basket(self) -> None:
        """Two items that 王芳 has put aside."""
        items = [Chosen(self._stage.item(function).id) for function in ("enterprise:registration:read", "legal_aid:case:read")]
        self._stage.services.asking.put_in_basket(self._wang.actor, items)

    def _case(self, number: int) -> str:
        return _CASE.format(at=self._stage.now, number=number)
