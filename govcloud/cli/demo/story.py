"""The story, step by step, over HTTP only: one identity, two subsystems, a refusal that opens a request, a narrow grant, its end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from govcloud.cli.demo.browser import Browser, Page, StoryError

COUNTY = "330106000000"
COUNTY_NAME = "西湖区"
DAYS = "5"
_DIVISION = re.compile(r'data-division="(\d{12})"')


@dataclass(frozen=True)
class Account:
    """Who plays: login and password."""

    login: str
    password: str


@dataclass(frozen=True)
class Stage:
    """Where the story is played: the platform, both subsystems, and the cast."""

    platform: str
    housing: str
    assistance: str
    staff: Account
    senior_admin: Account
    audit_admin: Account


@dataclass
class Story:
    """The state of the play: both browsers, and what one step leaves for the next."""

    stage: Stage
    staff: Browser = field(default_factory=Browser)
    admin: Browser = field(default_factory=Browser)
    refusal: Page | None = None
    request: Page | None = None
    revoked_at: float = 0.0
    seconds_to_refusal: float = 0.0

    def close(self) -> None:
        """Close both browsers."""
        self.staff.close()
        self.admin.close()


@contextmanager
def playing(stage: Stage) -> Iterator[Story]:
    """Give a story with both browsers open."""
    story = Story(stage)
    try:
        yield story
    finally:
        story.close()


def _sign_in(browser: Browser, page: Page, account: Account) -> Page:
    """Fill the sign-in form that ``page`` shows."""
    return browser.submit(page.form("/sign-in", having="password"), login=account.login, password=account.password)


def signs_in_once(story: Story) -> str:
    """王 opens the first subsystem, is sent to the platform, signs in, and is back in it."""
    page = story.staff.open(story.stage.assistance)
    page.expect(200, "登录")
    _sign_in(story.staff, page, story.stage.staff).expect(200, "救助案件")
    return f"{story.stage.assistance} opened after one password"


def opens_second(story: Story) -> str:
    """She opens the second subsystem, of another department, without typing a password."""
    story.staff.open(story.stage.housing).expect(200, "业务办理", "住房登记信息")
    if story.staff.passwords_typed != 1:
        raise StoryError(f"{story.staff.passwords_typed} passwords were typed, expected 1")
    return f"{story.stage.housing} opened without a password"


def is_refused(story: Story) -> str:
    """The register belongs to the housing department: she is refused, and told what would mend it."""
    page = story.staff.open(f"{story.stage.housing}/register")
    page.expect(403, "权限", "申请权限")
    story.refusal = page
    return page.text[:60]


def requests(story: Story) -> str:
    """The refusal opens the prefilled request; she sends it for the case that she is handling, for the whole province."""
    if story.refusal is None:
        raise StoryError("there was no refusal to start from")
    page = story.staff.open(story.refusal.link(id="request-access"))
    form = page.expect(200, "住房登记信息").form("/requests/new", having="reason")
    days = _at_least(form.choices["days"], int(DAYS) + 1)
    values = {"reason": "办理公租房申请，需核对申请家庭的住房情况。", "case_number": "XH20261124001", "days": days}
    if "scope" in form.choices:
        values |= _widest(form.choices["scope"])
    sent = story.staff.submit(form, **values)
    story.request = sent.expect(200, "待审批")
    return f"{sent.url.rsplit('/', 1)[-1]} waits for the senior administrator"


def _at_least(choices: list[tuple[str, str]], days: int) -> str:
    """Return the first choice of at least ``days``, so that there is something to narrow."""
    for value, _ in choices:
        if value.isdigit() and int(value) >= days:
            return value
    return choices[-1][0]


def _widest(choices: list[tuple[str, str]]) -> Mapping[str, str]:
    """Return the choice of the widest scope: the whole province when it is offered, else the first."""
    values = [value for value, _ in choices]
    return {"scope": next((value for value in values if value in {"", "330000000000"}), values[0])}


def approves_narrower(story: Story) -> str:
    """李 signs in, sees the evidence, narrows the request to the county and five days, and approves."""
    home = _sign_in(story.admin, story.admin.open(f"{story.stage.platform}/sign-in"), story.stage.senior_admin)
    home.expect(200, "工作台")
    inbox = story.admin.open(f"{story.stage.platform}/inbox")
    decision = story.admin.open(inbox.expect(200, "住房登记信息").link(to="/inbox/"))
    decision.expect(200, "西湖区")
    form = decision.form("/inbox/", having="scope")
    done = story.admin.submit(form, action="narrow", scope=form.choose("scope", COUNTY_NAME), days=DAYS, comment="仅限本区办件使用。")
    done.expect(200, "同意")
    return f"approved for {COUNTY_NAME}, {DAYS} days"


def works_at_once(story: Story) -> str:
    """Her next click works, without a new sign-in, for her county only."""
    page = story.staff.open(f"{story.stage.housing}/register")
    page.expect(200, "住房登记信息")
    shown = _DIVISION.findall(page.html)
    strangers = {code for code in shown if not code.startswith(COUNTY[:6])}
    if not shown or strangers:
        raise StoryError(f"{len(shown)} rows, among them of other divisions: {sorted(strangers)}")
    if story.staff.passwords_typed != 1:
        raise StoryError("she had to sign in again")
    return f"{len(shown)} rows, all of {COUNTY_NAME}"


def revokes(story: Story) -> str:
    """李 revokes the grant."""
    grants = story.admin.open(f"{story.stage.platform}/grants").expect(200, "住房登记信息")
    confirm = story.admin.open(grants.link(to="/revoke"))
    form = confirm.form("/revoke", having="reason")
    done = story.admin.submit(form, reason="办件已结束，收回权限。")
    story.revoked_at = time.monotonic()
    done.expect(200, "撤销")
    return "revoked"


def next_click_refused(story: Story) -> str:
    """Her next click is refused."""
    page = story.staff.open(f"{story.stage.housing}/register")
    story.seconds_to_refusal = time.monotonic() - story.revoked_at
    page.expect(403, "权限")
    return page.text[:60]


def is_on_record(story: Story) -> str:
    """The audit officer, and nobody else, reads the trail of her request: submitted, approved, opened, closed, revoked."""
    if story.request is None:
        raise StoryError("there was no request")
    chain = story.request.url.rsplit("/", 1)[-1]
    officer = Browser()
    try:
        _sign_in(officer, officer.open(f"{story.stage.platform}/sign-in"), story.stage.audit_admin).expect(200, "工作台")
        page = officer.open(f"{story.stage.platform}/console/audit/?chain={chain}")
        page.expect(200, *TRAIL)
    finally:
        officer.close()
    story.admin.open(f"{story.stage.platform}/console/audit/?chain={chain}").expect(403)
    return " → ".join(TRAIL)


TRAIL = (
    "access:request:submitted",
    "access:line:approved",
    "authorization:grant:opened",
    "authorization:grant:closed",
    "access:grant:revoked",
)


@dataclass(frozen=True)
class Step:
    """One step: what happens, in both languages, and the play."""

    chinese: str
    english: str
    play: Callable[[Story], str]


STEPS = (
    Step("王芳以唯一身份登录一次", "Wang signs in once, with her one identity", signs_in_once),
    Step("不再输入密码打开另一部门的子系统", "opens another department's subsystem without a password", opens_second),
    Step("打开住房登记信息被拒绝，并说明如何办理", "is refused the register, and told what would mend it", is_refused),
    Step("从拒绝页面发起权限申请", "requests it from the refusal page", requests),
    Step("李强查看证据，缩小到本区、5 天后同意", "Li sees the evidence, narrows it to the county and 5 days, approves", approves_narrower),
    Step("无需重新登录，下一次点击即可用，只见本区数据", "her next click works, for her county only", works_at_once),
    Step("李强撤销权限", "Li revokes", revokes),
    Step("下一次点击即被拒绝", "her next click is refused", next_click_refused),
    Step("每一步都在审计记录里，只有审计管理员能看", "every step is on the record, which only the audit officer reads", is_on_record),
)
