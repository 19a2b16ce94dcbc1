"""签名密钥: which waits, which signs, which only verifies; and letting them follow one another, shown before it is done.

The keys of decision receipts are shown beside those of tokens. They follow one another by themselves and stay published for good; ended
by hand they are at the command line alone, as what a withdrawn one signed stands in files for years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.key_rotation import CREATE, RETIRE, WITHDRAW
from govcloud.kernel.keys import JWKS_LIFE, PUBLISHED_AFTER_RETIREMENT, RECEIPTS, SIGNS_AFTER, KeyView
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say
from govcloud.web.words import StateWord

_MINUTE = 60


def _minutes(length: Any) -> int:  # noqa: ANN401 - a span of time
    return int(length.total_seconds()) // _MINUTE


_LOST = (
    Message("由它签名的令牌立即失效：在用的访问令牌（最长五分钟）被拒绝，子系统会自行换取新的。"),
    Message("会话和刷新令牌照常有效；其他进程在一分钟内跟进。"),
)


@dataclass(frozen=True)
class KeyAct:
    """What can be done with keys: its name in the address, words, the function that opens it, and what it does, sentence by sentence.

    ``about_one`` acts concern one key, and apply to it as long as ``applies``.
    """

    name: str
    label: Message
    icon: str
    function: str
    effects: tuple[Message, ...]
    said: Message
    run: Callable[[str], object]
    about_one: bool = False
    grave: bool = False
    applies: Callable[[KeyView, datetime], bool] = lambda _key, _now: True


ACTS: Mapping[str, KeyAct] = {
    act.name: act
    for act in (
        KeyAct(
            "rotate",
            Message("轮换密钥"),
            "key-round",
            CREATE,
            (
                Message(
                    "每种算法生成下一把密钥，立即公布，%(minutes)s 分钟后开始签名，此前各子系统都能读到。", minutes=_minutes(SIGNS_AFTER)
                ),
                Message("已有密钥在等待的算法不再生成。原密钥由后台任务在新密钥开始签名后停用。"),
                Message("登录和令牌不受影响。"),
            ),
            Message("已生成并公布，%(minutes)s 分钟后开始签名。", minutes=_minutes(SIGNS_AFTER)),
            lambda _kid: services().key_rotation.rotate(current_actor()),
        ),
        KeyAct(
            "replace",
            Message("全部作废并立即更换"),
            "triangle-alert",
            WITHDRAW,
            (
                Message("密钥泄露时使用：所有公布中的密钥立即作废，新密钥立即签名。"),
                *_LOST,
                Message("缓存了公钥的子系统在重新读取之前（最长 %(minutes)s 分钟）会拒绝新的登录。", minutes=_minutes(JWKS_LIFE)),
            ),
            Message("原密钥已全部作废，新密钥立即签名。"),
            lambda _kid: services().key_rotation.replace(current_actor()),
            grave=True,
        ),
        KeyAct(
            "retire",
            Message("停用密钥"),
            "ban",
            RETIRE,
            (
                Message(
                    "它不再签名；仍公布 %(minutes)s 分钟，由它签名的令牌在有效期内照常有效。", minutes=_minutes(PUBLISHED_AFTER_RETIREMENT)
                ),
                Message("同一算法须有另一把密钥接替签名。"),
            ),
            Message("已停用，不再签名。"),
            lambda kid: services().key_rotation.retire(current_actor(), kid),
            about_one=True,
            applies=lambda key, now: not key.ended_at(now),
        ),
        KeyAct(
            "withdraw",
            Message("立即作废密钥"),
            "triangle-alert",
            WITHDRAW,
            (Message("密钥泄露时使用：它不再签名，也不再公布。"), *_LOST, Message("同一算法须有另一把密钥接替签名。")),
            Message("已作废，由它签名的令牌不再有效。"),
            lambda kid: services().key_rotation.withdraw(current_actor(), kid),
            about_one=True,
            grave=True,
            applies=lambda key, now: key.published_at(now),
        ),
    )
}

_SIGNS = StateWord(Message("签名中"), "circle-check", "success")
_WAITS = StateWord(Message("已公布，待签名"), "clock", "primary")
_FOLLOWED = StateWord(Message("已被接替，待停用"), "hourglass", "warning")
_VERIFIES = StateWord(Message("已停用，仍可核验"), "history")
_GONE = StateWord(Message("已停用，不再公布"), "circle-slash")
_WITHDRAWN = StateWord(Message("已作废"), "ban", "danger")


@dataclass(frozen=True)
class KeyRow:
    """A key as the page shows it; ``acts`` are what the reader may do with it."""

    key: KeyView
    state: StateWord
    ended_at: datetime | None
    acts: tuple[KeyAct, ...]


class KeysView(ConsolePage):
    """The keys that tokens are signed with, and those of receipts."""

    opens = "govcloud:console:keys"
    asks = (CREATE, RETIRE, WITHDRAW)
    title = Message("令牌签名密钥")
    lead = Message("平台签发令牌所用的密钥；后台任务按期轮换，这里查看状态，必要时提前轮换或作废。")
    icon = "key-round"
    group = Message("运行")

    def __init__(self) -> None:
        """Serve below ``/console/keys/``."""
        super().__init__("keys")

    @expose("/")
    def index_view(self) -> str:
        """Show the published keys, or all that there ever were; of receipts always all, as all stay published."""
        every = request.args.get("state") == "all"
        now, standing, receipts = services().clock.now(), services().keys.standing(), services().keys.standing(RECEIPTS)
        signing = _signing(standing, now)
        rows = [self._row(key, now, signing) for key in standing if every or key.published_at(now)]
        may = [act for act in ACTS.values() if not act.about_one and opened(act.function)]
        jwks = f"{services().settings.public_url}/oidc/jwks"
        kept = [KeyRow(key, _kept_state(key, now, _signing(receipts, now)), _ended(key), ()) for key in receipts]
        return self._show("console/keys.html", rows=rows, every=every, may=may, jwks=jwks, receipts=kept)

    @expose("/act/<act_name>", methods=("GET", "POST"))
    def act_view(self, act_name: str) -> Response:
        """Say what would happen to which keys, and do it when that is confirmed.

        Raises:
            NotFound: there is no such act, or no such key to which it applies.
            Denied: the reader may not do it.
        """
        act = ACTS.get(act_name)
        if act is None:
            raise NotFound.of(Message("操作"), act_name)
        if not opened(act.function):
            raise no_permission()
        now, standing = services().clock.now(), services().keys.standing()
        kid = request.values.get("kid", "") if act.about_one else ""
        touched = [key for key in standing if key.published_at(now) and act.applies(key, now) and kid in {"", key.kid}]
        if act.about_one and (not kid or not touched):
            raise NotFound.of(Message("签名密钥"), kid)
        error: GovcloudError | None = None
        # Sent twice, or beside somebody else's, the keys are no longer those that were looked at.
        stale = request.method == "POST" and request.form.get("seen", "") != _seen(standing, now)
        if request.method == "POST" and not stale:
            try:
                act.run(kid)
            except GovcloudError as refused:
                error = refused
            else:
                flash(say(act.said), "success")
                return make_response(redirect(url_for(".index_view"), 303))
        signing = _signing(standing, now)
        page = self._show(
            "console/key_act.html",
            act=act,
            kid=kid,
            rows=[self._row(key, now, signing) for key in touched],
            seen=_seen(standing, now),
            stale=stale,
            error=error,
        )
        return make_response(page, status_of(error) if error else 409 if stale else 200)

    def _row(self, key: KeyView, now: datetime, signing: Mapping[str, str]) -> KeyRow:
        acts = tuple(act for act in ACTS.values() if act.about_one and opened(act.function) and act.applies(key, now))
        return KeyRow(key, _state(key, now, signing), _ended(key), acts)

    def _show(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        rendered: str = self.render(template, view=self, **values)
        return rendered


def _signing(standing: Sequence[KeyView], now: datetime) -> Mapping[str, str]:
    """Return the key that signs now, by algorithm: the newest that is live."""
    found: dict[str, str] = {}
    for key in standing:
        if key.signs_at(now):
            found.setdefault(key.algorithm, key.kid)
    return found


def _state(key: KeyView, now: datetime, signing: Mapping[str, str]) -> StateWord:
    if key.withdrawn_at is not None and key.withdrawn_at <= now:
        return _WITHDRAWN
    if key.ended_at(now):
        return _VERIFIES if key.published_at(now) else _GONE
    if key.signs_from > now:
        return _WAITS
    return _SIGNS if signing.get(key.algorithm) == key.kid else _FOLLOWED


def _kept_state(key: KeyView, now: datetime, signing: Mapping[str, str]) -> StateWord:
    """Return how a key of receipts stands: one that was retired verifies for good."""
    state = _state(key, now, signing)
    return _VERIFIES if state is _GONE else state


def _ended(key: KeyView) -> datetime | None:
    return key.withdrawn_at or key.retired_at


def _seen(standing: Sequence[KeyView], now: datetime) -> str:
    """Return what stands for the keys that have not stopped, to be compared when a preview is confirmed."""
    return " ".join(sorted(key.kid for key in standing if not key.ended_at(now)))
