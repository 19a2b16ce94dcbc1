"""What sign-on refuses, and how it says so.

::

    Denied
    ├── FactorRefused   what was typed proves no second factor
    ├── CeremonyOver    the ceremony of signing in took too long, or something changed meanwhile: begin again
    ├── FactorDemanded  the rules want a second factor, so it cannot be taken away
    ├── ActivationRefused  unknown account, wrong, used or expired code: one text for all
    ├── SignInRefused   unknown account, wrong or no password, disabled: one text for all, so that nothing can be learned
    ├── SignInLocked    too many failures from this address; ``retry_after`` says when
    ├── TooManySessions the password was right, but the person has as many sessions as the rules allow
    └── NotAdmitted     the door of a subsystem is closed to the official
    Unavailable
    └── hashing_busy    more sign-ins at once than this machine can check
    Invalid
    ├── TicketRefused   a code that is unknown, expired, used, or not this client's (``reused`` ended its family)
    └── TokenRefused    a token that is tampered with, expired, revoked, or meant for somebody else
"""

from __future__ import annotations

from govcloud.authorization.deciding.decisions import Decision
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from govcloud.kernel.messages import Message

_MINUTE = 60


class SignInRefused(Denied):
    """Account and password do not open a session; the text is the same whatever the reason."""

    def __init__(self, attempts: int, minutes: int) -> None:
        """Say what to do; after ``attempts`` failures the pair of account and address is locked for ``minutes``."""
        super().__init__(
            "sign_in_refused",
            Message("账号或密码不正确。"),
            remedy=Message(
                "请核对后重试；连续 %(attempts)s 次不正确将锁定 %(minutes)s 分钟。忘记密码请联系本部门管理员。",
                attempts=attempts,
                minutes=minutes,
            ),
        )


class ActivationRefused(Denied):
    """Account and code do not let anybody set a password; the text is the same whatever the reason."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "activation_refused",
            Message("工号或激活码不正确，或激活码已使用、已过期。"),
            remedy=Message("请核对后重试；仍不成功请联系本部门管理员重新签发激活码。"),
        )


class SignInLocked(Denied):
    """Too many failures for this account from this address; other addresses are not affected."""

    def __init__(self, seconds: int) -> None:
        """Say when to try again."""
        super().__init__(
            "sign_in_locked",
            Message("尝试次数过多，登录已暂时锁定。"),
            remedy=Message("请在 %(minutes)s 分钟后重试；忘记密码请联系本部门管理员。", minutes=-(-seconds // _MINUTE)),
            retry_after=seconds,
        )


class NotAdmitted(Denied):
    """The door of a subsystem is closed to the official, so no ticket is made; ``decision`` names the reason."""

    def __init__(self, decision: Decision) -> None:
        """Keep the engine's decision."""
        super().__init__("not_admitted", decision.message)
        self.decision = decision


class TooManySessions(Denied):
    """Somebody who proved who they are has as many sessions as the rules allow, and the rules do not end the oldest."""

    def __init__(self, most: int) -> None:
        """Say how many are allowed, and what to do."""
        super().__init__(
            "too_many_sessions",
            Message("您已有 %(most)s 个登录会话，达到上限。", most=most),
            remedy=Message("请先在其他设备上退出登录，或请本部门管理员结束您的会话。"),
        )


class FactorRefused(Denied):
    """What was typed proves no second factor; the text is the same whatever the reason."""

    def __init__(self, attempts: int, minutes: int) -> None:
        """Say what to do; after ``attempts`` failures it is locked for ``minutes``."""
        super().__init__(
            "factor_refused",
            Message("动态口令或恢复码不正确，或已经用过。"),
            remedy=Message(
                "请等待应用显示下一个口令后重试；连续 %(attempts)s 次不正确将锁定 %(minutes)s 分钟。", attempts=attempts, minutes=minutes
            ),
        )


class CeremonyOver(Denied):
    """The ceremony of signing in cannot go on; it begins anew."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("ceremony_over", Message("登录步骤已过期。"), remedy=Message("请重新登录。"))


class FactorDemanded(Denied):
    """The rules want everybody of this kind to have a second factor."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "second_factor_demanded",
            Message("按登录与会话规则，您的账号必须有第二因素，不能解除。"),
            remedy=Message("更换手机请联系管理员重置第二因素，下次登录时重新绑定。"),
        )


class TicketRefused(Invalid):
    """A ticket cannot be redeemed; ``reason`` is for the record, never for the wire beyond its kind."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: unknown, expired, reused, wrong_redirect_uri, wrong_verifier, wrong_proof or session_ended."""
        super().__init__("ticket_refused", Message("登录凭据无效或已过期。"), remedy=Message("请重新登录。"))
        self.reason = reason


class TokenRefused(Invalid):
    """A token does not hold; ``reason`` is in English, for the operator's log."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__("token_refused", Message("令牌无效或已过期。"), remedy=Message("请重新登录。"))
        self.reason = reason


def hashing_busy(seconds: int) -> Unavailable:
    """Return the error for a full queue before the password check."""
    return Unavailable(
        "sign_in_busy", Message("登录人数较多，请稍候。"), remedy=Message("请在几秒后重试，无需重复点击。"), retry_after=seconds
    )


def no_such_session() -> NotFound:
    """Return the error for a session that does not exist, has ended, or is not the caller's."""
    return NotFound("no_such_session", Message("会话不存在或已结束。"), remedy=Message("请重新登录。"))


def no_such_appointment(value: object) -> NotFound:
    """Return the error for an appointment that is not a live one of the caller."""
    return NotFound.of(Message("任职"), value)


def no_such_account(value: object) -> NotFound:
    """Return the error for an account that does not exist."""
    return NotFound.of(Message("账号"), value)


def no_own_account() -> Denied:
    """Return the refusal to change one's own password when one is not an official."""
    return Denied("no_own_account", Message("只有登录的公职人员才能修改本人的密码。"), remedy=Message("请先登录。"))


def no_such_subsystem(code: str) -> NotFound:
    """Return the error for a subsystem that is not in service."""
    return NotFound.of(Message("业务子系统"), code)


def too_many_favourites(most: int) -> Conflict:
    """Return the error for one favourite too many."""
    return Conflict("too_many_favourites", Message("常用子系统最多 %(most)s 个，请先取消一个。", most=most))
