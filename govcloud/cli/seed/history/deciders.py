"""What the pages of those who decide show: lines of every tier and age, a stand-in, a claim, a question, and separation of duty."""

from __future__ import annotations

from datetime import timedelta

from govcloud.access.deciding.delegating import NewDelegation
from govcloud.authorization.apart.inputs import NewException, NewRule
from govcloud.authorization.apart.views import PER_CASE, STATIC
from govcloud.cli.seed.history.stage import Stage
from govcloud.cli.seed.report import Serving

ACCEPT, EXPORT = "housing:application:accept", "housing:register:export"
_APART = "housing-accept-export"


class DeciderScenes:
    """The scenes of 李强, 毛辉, 何伟, 赵敏, 邓红, 顾建华, and of the two officers who keep duties apart."""

    def __init__(self, stage: Stage) -> None:
        """Take the stage."""
        self._stage = stage
        self._li, self._mao = stage.person("LIQIANG"), stage.person("MAOHUI")
        self._sun, self._shan = stage.person("SUNLI"), stage.person("SHANXUEMEI")
        own = {"housing", "civil_affairs"}  # who serves there holds by duty what the scenes ask for
        self._clerks = [clerk for clerk in stage.extras if clerk.department_key.partition("/")[2] not in own]

    def prepare(self) -> None:
        """Put every scene at its moment."""
        stage = self._stage
        stage.at(stage.day(42, 9, 30), self.duties_kept_apart)
        stage.at(stage.day(14, 10), self.an_exception)
        stage.at(stage.worked_ago(22), lambda: self._assistance(0, "核对公租房轮候家庭的救助情况"))
        stage.at(stage.worked_ago(16), lambda: self._assistance(1, "参保困难家庭代缴，核对低保等级"))
        stage.at(stage.worked_ago(2), lambda: self._assistance(2, "医疗救助对象资格核对"))
        stage.at(stage.worked_ago(7.5), self.two_people)
        stage.at(stage.worked_ago(6.5), self.one_after_the_other)
        stage.at(stage.worked_ago(5.5), self.two_departments)
        stage.at(stage.worked_ago(0.8), self.somebody_stands_in)
        for number, hours in enumerate((4.2, 3.1, 2.4, 1.3, 0.6)):
            stage.at(stage.worked_ago(hours), lambda number=number: self.what_is_routine(number))  # type: ignore[misc]
        stage.at(stage.worked_ago(0.4), self.another_rule_waits)

    def duties_kept_apart(self) -> None:
        """Two officers, four eyes: one proposes, the other puts in force."""
        static = NewRule(_APART, "公租房受理与登记信息导出分离", STATIC, (ACCEPT, EXPORT), "受理人不得批量导出登记信息，防止数据外流")
        per_case = NewRule(
            "same-case",
            "同一办件经办与复核分离",
            PER_CASE,
            ("assistance:case:accept", "assistance:case:review"),
            "一人不得经办又复核同一办件",
        )
        for rule in (static, per_case):
            draft = self._stage.services.apart.propose_rule(self._stage.person("WUXIAOYAN").actor, rule)
            self._stage.services.apart.approve_rule(self._stage.person("FANGLEI").actor, draft, "同意")

    def another_rule_waits(self) -> None:
        """A draft for the second officer to decide on."""
        new = NewRule(
            "assistance-pay-export",
            "救助受理与案件导出分离",
            STATIC,
            ("assistance:case:accept", "assistance:case:export"),
            "同前，扩大到救助业务",
        )
        self._stage.services.apart.propose_rule(self._stage.person("WUXIAOYAN").actor, new)

    def an_exception(self) -> None:
        """单雪梅 takes applications in, and may take data out for a while: 吴晓燕, of another department, excepts her."""
        stage = self._stage
        why = "余杭区窗口仅一人，年度复核期间由其兼办导出，导出件由科长复核"
        new = NewException(self._shan.official_id, _APART, stage.now + timedelta(days=60), why)
        stage.services.apart.give_exception(stage.person("WUXIAOYAN").actor, new)
        [line] = stage.ask(self._shan, [ACCEPT], "镇街窗口帮办公租房申请", 15, case="YH-2026-0118").lines.values()
        stage.later(1, lambda: stage.approve(line, self._li))

    def two_departments(self) -> None:
        """Two departments agree: the first has, and 顾建华 is asked."""
        stage = self._stage
        [line] = stage.ask(self._shan, [EXPORT], "年度复核，导出本区在保家庭住房清单", 5, case="YH-2026-0131").lines.values()
        stage.later(1, lambda: stage.approve(line, self._mao, "有例外，限五天"))

    def two_people(self) -> None:
        """Two of one department agree: 毛辉 has, 李强 is asked."""
        stage = self._stage
        [line] = stage.ask(self._sun, ["housing:allocation:read"], "核对救助家庭轮候次序，回复信访件", 5, case="XH-XF-0077").lines.values()
        stage.later(1, lambda: stage.approve(line, self._mao, "信访件已核实"))

    def one_after_the_other(self) -> None:
        """One step after the other: 李强 took the first, 顾建华 is asked for the second."""
        stage = self._stage
        [line] = stage.ask(self._sun, ["housing:register:write"], "更正救助家庭房屋坐落登记错误", 2, case="XH-XF-0078").lines.values()
        stage.later(1, lambda: stage.approve(line, self._li, "登记错误属实，请上级部门核准"))

    def somebody_stands_in(self) -> None:
        """毛辉 travels: 何伟 decides in his right, and is told what he would be told."""
        stage = self._stage
        ends = stage.until + timedelta(days=9)
        new = NewDelegation(stage.person("HEWEI").appointment_id, stage.now, ends, "赴京参加培训，期间委托审批", out_of_office=True)
        stage.services.approving.delegating.delegate(self._mao.actor, new)

    def what_is_routine(self, number: int) -> None:
        """Lines that wait for 李强, to be answered one by one or many at once."""
        stage, who = self._stage, self._clerks[number % len(self._clerks)]
        reasons = (
            "人才公寓申请，核对本人及配偶住房情况",
            "子女入学，核对户籍地房屋登记",
            "灵活就业补贴，核对实际居住地",
            "企业职工公积金提取，核对有无住房",
            "退役军人安置，核对住房情况",
        )
        [line] = stage.ask(
            who, ["housing:register:read"], reasons[number], 4 + number, case=f"{who.division[:6]}-{411 + number}"
        ).lines.values()
        if number == 1:
            stage.later(0.3, lambda: stage.services.approving.discussing.comment(self._li.actor, line, "一户还是一批？请说明数量"))
            stage.later(0.8, lambda: stage.services.approving.discussing.comment(who.actor, line, "一户，材料已上传"))
        if number == 2:  # noqa: PLR2004 - the third
            stage.at(stage.until - timedelta(minutes=15), lambda: stage.services.approving.handling.claim(self._li.actor, line))

    def _assistance(self, number: int, reason: str) -> None:
        """A line for 赵敏, who does not answer: in time the clock asks 邓红, then 顾建华."""
        who: Serving = self._clerks[number % len(self._clerks)]
        self._stage.ask(who, ["assistance:household:read"], reason, 6, case=f"{who.division[:6]}-{501 + number}")
