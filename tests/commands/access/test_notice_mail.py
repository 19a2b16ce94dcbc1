"""Notices by mail, against a real mail server: an address confirmed by a code, none lost, none twice, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from govcloud.access.deciding.decision_links import LinkedLine, read_token
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.notices.desk import MOST_LETTERS, MOST_TRIES
from govcloud.access.notices.mailing import GATHERS, seal_address
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.kernel.ids import new_id
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.mail import MailServer
from govcloud.outbox.promising import Promise, promise
from govcloud.services import Services
from govcloud.settings import Settings, SettingsError, load_settings
from tests.factories.mailbox import Mailbox, certificate, mailbox
from tests.factories.requests import ask
from tests.factories.world import Person, World

JOBS = Actor.system("jobs")
ADDRESS = "wangfang@zj.example"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Return a mail server without TLS, as on the platform's own machine."""
    with mailbox() as found:
        yield found


@pytest.fixture
def settings(settings: Settings, box: Mailbox) -> Settings:
    """Let the platform of the test hand its mail to that server."""
    url = SecretStr(f"smtp://127.0.0.1:{box.port}")
    return settings.model_copy(update={"smtp_url": url, "mail_from": "noreply@cloud.example"})


def code_in(box: Mailbox, address: str = ADDRESS) -> str:
    found = re.search(r"[0-9]{6}", box.to(address)[-1].text)
    assert found
    return found[0]


def confirmed(services: Services, box: Mailbox, person: Person, address: str = ADDRESS) -> None:
    """Let a person enter an address and show the code that came there."""
    services.notice_desk.enter_address(person.actor(), address, "zh")
    services.delivery.deliver_due(JOBS)
    services.notice_desk.confirm_address(person.actor(), code_in(box, address))
    box.received.clear()


def waiting(services: Services) -> list[str | None]:
    db.session.remove()
    return list(
        services.uow.read().scalars(text("SELECT last_error FROM outbox_message WHERE delivered_at IS NULL AND abandoned_at IS NULL"))
    )


def rejected(services: Services, world: World) -> None:
    """Let a request of 王芳 be refused, and the time go by in which a letter waits for more."""
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    gathered(services)


def gathered(services: Services) -> None:
    """Let the time go by in which letters wait for what else there is to tell."""
    services.clock.advance(GATHERS)  # type: ignore[attr-defined]  # the test's clock


def test_an_address_is_confirmed_by_the_code_that_comes_there(services: Services, world: World, box: Mailbox) -> None:
    desk, wang = services.notice_desk, world.wang
    desk.enter_address(wang.actor(), f"  {ADDRESS} ", "zh")
    assert services.delivery.deliver_due(JOBS).delivered == 1
    [letter] = box.received
    assert (letter.sender, letter.recipient) == ("noreply@cloud.example", ADDRESS)
    assert letter.message["Subject"] == "【政务云】邮箱验证码"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert (desk.choices(wang.official_id).address, desk.choices(wang.official_id).entered) == ("", "w***@zj.example")
    desk.confirm_address(wang.actor(), f" {code_in(box)} ")
    db.session.remove()
    assert (desk.choices(wang.official_id).address, desk.choices(wang.official_id).entered) == ("w***@zj.example", "")
    with pytest.raises(Conflict):
        desk.confirm_address(wang.actor(), code_in(box))


def test_neither_address_nor_code_stands_anywhere_in_clear(services: Services, world: World, box: Mailbox, superuser_url: str) -> None:
    import psycopg  # noqa: PLC0415

    services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
    services.delivery.deliver_due(JOBS)
    code = code_in(box)
    services.notice_desk.confirm_address(world.wang.actor(), code)
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace").fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):
                assert ADDRESS not in repr(row), table
                assert table in {"appointment", "official"} or f"'{code}'" not in repr(row), table


def test_what_is_wanted_comes_once_and_says_it_in_chinese(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    rejected(services, world)
    assert services.delivery.deliver_due(JOBS).delivered == 1
    assert services.delivery.deliver_due(JOBS).delivered == 0
    [letter] = box.to(ADDRESS)
    [notice] = services.notice_queries.page(world.wang.official_id).entries
    assert (
        letter.message["Message-ID"]
        == f"<{services.uow.read().scalar(text('SELECT letter_id FROM notice WHERE id = :id'), {'id': notice.id})}@localhost>"
    )
    assert letter.message["Content-Language"] == "zh-CN"
    assert letter.message["Subject"] == "【政务云】申请被驳回"
    assert "浙江省住房和城乡建设厅驳回了“查询住房登记信息”" in letter.text
    assert f"http://localhost{notice.link}" in letter.text
    assert letter.message.get_content_type() == "text/plain"


def test_who_reads_english_gets_english(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    services.notice_desk.choose(world.wang.actor(), ["rejected"], "en")
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    [letter] = box.received
    assert letter.message["Subject"] == "[Government cloud] Request refused"
    assert "Do not reply" in letter.text
    assert "查看与办理" not in letter.text


def test_what_is_not_wanted_is_not_mailed(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    confirmed(services, box, world.li, "liqiang@zj.example")
    services.notice_desk.choose(world.wang.actor(), ["approved"], "zh")
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert box.received == [], "a call to decide is usually not mailed, and 王芳 wants only good news"


def test_a_server_that_defers_is_asked_again_under_the_same_id(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.wang)
    box.defer = 2
    rejected(services, world)
    for _ in range(3):
        services.delivery.deliver_due(JOBS)
        clock.advance(timedelta(minutes=1))
    assert len(box.to(ADDRESS)) == 1
    assert waiting(services) == []


def test_a_connection_that_breaks_after_the_letter_loses_nothing_and_shows_the_same_id(
    services: Services, world: World, box: Mailbox, clock: ManualClock
) -> None:
    """The one case in which SMTP itself cannot say whether a letter arrived: it comes twice, and can be known by its Message-ID."""
    confirmed(services, box, world.wang)
    box.vanish = 1
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert len(waiting(services)) == 1
    clock.advance(timedelta(minutes=1))
    services.delivery.deliver_due(JOBS)
    assert waiting(services) == []
    assert len({letter.message["Message-ID"] for letter in box.to(ADDRESS)}) == 1
    assert len(box.to(ADDRESS)) == 2


def test_a_worker_that_dies_before_it_says_so_leaves_the_letter_to_the_next(
    services: Services, world: World, box: Mailbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(services, box, world.wang)
    rejected(services, world)

    class Stop(BaseException):
        """The process ends here."""

    def stop(*_: object, **__: object) -> None:
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(Delivery, "settle", stop)
        with pytest.raises(Stop):
            services.delivery.deliver_due(JOBS)
    assert services.delivery.deliver_due(JOBS).delivered == 0, "its lease has not run out"
    clock.advance(timedelta(minutes=5))
    assert services.delivery.deliver_due(JOBS).delivered == 1
    assert len({letter.message["Message-ID"] for letter in box.to(ADDRESS)}) == 1


def test_an_address_that_there_is_not_is_given_up_and_named_nowhere(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    box.refuse[ADDRESS] = f"550 5.1.1 <{ADDRESS}>: no such user"
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    db.session.remove()
    row = services.uow.read().execute(text("SELECT last_error, abandoned_at FROM outbox_message WHERE last_error IS NOT NULL")).one()
    assert row.abandoned_at is not None
    assert row.last_error == "550 5.1.1 <…>: no such user"


def test_what_settings_may_mend_is_tried_again(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.wang)
    box.refuse[ADDRESS] = "550 5.7.1 relaying denied"
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert waiting(services) == ["550 5.7.1 relaying denied"]
    box.refuse.clear()
    clock.advance(timedelta(minutes=1))
    services.delivery.deliver_due(JOBS)
    assert len(box.to(ADDRESS)) == 1


def test_one_bad_address_holds_nobody_up(services: Services, world: World, box: Mailbox) -> None:
    sun = world.people["SUNLI"]
    confirmed(services, box, world.wang)
    confirmed(services, box, sun, "sunli@zj.example")
    box.refuse[ADDRESS] = "550 5.1.1 unknown"
    for person in (world.wang, sun):
        services.access.reject(world.li.actor(), ask(services, world, person).line_id, 1, "not_needed")
    gathered(services)
    before = box.connections
    services.delivery.deliver_due(JOBS)
    assert [letter.recipient for letter in box.received] == ["sunli@zj.example"]
    assert box.connections == before + 1, "one connection for all of a lane"


def test_who_takes_the_address_away_gets_nothing_more(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    rejected(services, world)
    services.notice_desk.remove_address(world.wang.actor())
    services.notice_desk.remove_address(world.wang.actor())
    services.delivery.deliver_due(JOBS)
    assert box.received == []
    assert waiting(services) == []


def test_five_wrong_codes_end_it_and_each_is_counted(services: Services, world: World, box: Mailbox) -> None:
    services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
    services.delivery.deliver_due(JOBS)
    right = code_in(box)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(MOST_TRIES):
        with pytest.raises(Invalid):
            services.notice_desk.confirm_address(world.wang.actor(), wrong)
    with pytest.raises(Conflict):
        services.notice_desk.confirm_address(world.wang.actor(), right)


def test_a_code_runs_out(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
    services.delivery.deliver_due(JOBS)
    clock.advance(timedelta(minutes=30))
    with pytest.raises(Conflict):
        services.notice_desk.confirm_address(world.wang.actor(), code_in(box))


def test_a_code_that_was_not_sent_in_time_is_not_sent_at_all(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
    clock.advance(timedelta(minutes=30))
    services.delivery.deliver_due(JOBS)
    assert box.received == []
    assert waiting(services) == []


def test_the_address_before_stays_until_the_new_one_is_confirmed(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    services.notice_desk.enter_address(world.wang.actor(), "other@zj.example", "zh")
    services.delivery.deliver_due(JOBS)
    code = code_in(box, "other@zj.example")
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert [letter.recipient for letter in box.received] == ["other@zj.example", ADDRESS]
    services.notice_desk.confirm_address(world.wang.actor(), code)
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert box.received[-1].recipient == "other@zj.example"


def test_nobody_floods_a_mailbox_through_the_platform(services: Services, world: World, clock: ManualClock) -> None:
    for number in range(MOST_LETTERS):
        services.notice_desk.enter_address(world.wang.actor(), f"victim{number}@zj.example", "zh")
    with pytest.raises(Conflict) as caught:
        services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
    assert caught.value.code == "too_many_codes"
    clock.advance(timedelta(hours=1, seconds=1))
    services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")


WRONG = [
    "",
    "wang",
    "wang@",
    "@zj.example",
    "wang@zj",
    "wang fang@zj.example",
    "wang@zj.example\r\nBcc: all@zj.example",
    "a@b.example, c@d.example",
    "<wang@zj.example>",
    "王芳@zj.example",
    "wang..fang@zj.example",
    f"{'w' * 65}@zj.example",
    f"w@{'z' * 260}.example",
    "wang@-zj.example",
]


def test_what_is_no_address_is_refused(services: Services, world: World) -> None:
    for address in WRONG:
        with pytest.raises(Invalid):
            services.notice_desk.enter_address(world.wang.actor(), address, "zh")


def test_only_for_oneself(services: Services) -> None:
    for actor in (JOBS, Actor.anonymous(), Actor.system("operator")):
        with pytest.raises(Denied):
            services.notice_desk.enter_address(actor, ADDRESS, "zh")
        with pytest.raises(Denied):
            services.notice_desk.confirm_address(actor, "000000")
        with pytest.raises(Denied):
            services.notice_desk.remove_address(actor)


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_across_a_network_it_goes_over_tls_as_somebody(
    services: Services, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    context, authority = certificate(tmp_path)
    with mailbox(context, at_once=at_once) as secure:
        secure.users["cloud"] = "p@ss word"
        scheme = "smtps" if at_once else "smtp+starttls"
        server = MailServer.of(f"{scheme}://cloud:p%40ss%20word@127.0.0.1:{secure.port}")
        monkeypatch.setattr(services.delivery, "_mail", server)
        services.notice_desk.enter_address(world.wang.actor(), ADDRESS, "zh")
        services.delivery.deliver_due(JOBS)
        assert secure.received == [], "nobody vouches for its certificate"
        assert any("CERTIFICATE_VERIFY_FAILED" in (error or "") for error in waiting(services))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        services.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]  # the test's clock
        services.delivery.deliver_due(JOBS)
        [letter] = secure.received
        assert (letter.secure, letter.user) == (True, "cloud")


UNSAFE = [
    {"smtp_url": "smtp://mail.example:25", "mail_from": "a@b.example"},
    {"smtp_url": "smtps://mail.example"},
    {"smtp_url": "http://mail.example", "mail_from": "a@b.example"},
    {"smtp_url": "smtps://", "mail_from": "a@b.example"},
    {"smtp_url": "smtps://mail.example", "mail_from": "a b"},
    {"smtp_url": "smtps://mail.example", "mail_from": "a@b.example\r\nBcc: c@d.example"},
]


@pytest.mark.parametrize("given", UNSAFE)
def test_an_unsafe_setting_stops_the_start(given: dict[str, str], master_key_file: Path) -> None:
    with pytest.raises(SettingsError):
        load_settings(DATABASE_URL="postgresql://x@localhost/x", master_key_file=master_key_file, **given)


def test_a_password_in_a_wrong_address_is_not_repeated(master_key_file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            DATABASE_URL="postgresql://x@localhost/x",
            master_key_file=master_key_file,
            smtp_url="smtp://u:geheim@mail.example",
            mail_from="a@b.c",
        )
    assert "geheim" not in str(caught.value)


def test_a_call_to_decide_leads_to_the_line_by_a_link_that_carries_no_authority(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.li)
    services.notice_desk.choose(world.li.actor(), ["to_decide"], "zh")
    submitted = ask(services, world)
    gathered(services)
    assert services.delivery.deliver_due(JOBS).delivered == 1
    [letter] = box.to(ADDRESS)
    [token] = re.findall(r"http://localhost/decide/(\S+)", letter.text)
    assert read_token(services.keys, token, services.clock.now()) == LinkedLine(submitted.line_id, 1)


# Letters that gather, say little, and cannot be bent


def reminded(services: Services, world: World, clock: ManualClock, *logins: str) -> None:
    """Let several requests wait until their approvers are reminded, each in a transaction of its own."""
    for login in logins:
        ask(services, world, world.people[login])
    clock.advance(timedelta(days=1))
    assert services.escalating.run(JOBS) == len(logins)


def test_forty_reminders_are_one_letter(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.li)
    reminded(services, world, clock, "WANGFANG", "SUNLI", "SHANXUEMEI")
    assert services.delivery.deliver_due(JOBS).delivered == 0, "it waits for what else there is to tell"
    gathered(services)
    assert services.delivery.deliver_due(JOBS).delivered == 1
    [letter] = box.received
    assert letter.message["Subject"] == "【政务云】催办（3 条）"
    assert len(re.findall(r"http://localhost/decide/\S+", letter.text)) == 3
    assert letter.text.count("请勿回复") == 1
    gathered(services)
    services.delivery.deliver_due(JOBS)
    assert len(box.received) == 1


def test_what_comes_later_is_another_letter(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.wang)
    rejected(services, world)
    box.defer = 1
    services.delivery.deliver_due(JOBS)
    rejected(services, world)  # the first letter was tried by now, so it takes nothing more in
    clock.advance(timedelta(minutes=5))
    services.delivery.deliver_due(JOBS)
    assert [letter.message["Subject"] for letter in box.received] == ["【政务云】申请被驳回"] * 2
    assert len({letter.message["Message-ID"] for letter in box.received}) == 2


def test_an_attempt_that_is_made_again_is_the_same_letter(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.wang)
    box.vanish = 1
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    clock.advance(timedelta(hours=1))
    services.delivery.deliver_due(JOBS)
    first, second = box.received
    assert first.raw == second.raw


def test_a_call_that_is_over_is_not_mailed(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    confirmed(services, box, world.li)
    reminded(services, world, clock, "WANGFANG", "SUNLI")
    [first] = services.access_queries.my_requests(world.wang.official_id).entries
    services.access.reject(world.people["QIANWEI"].actor(), first.lines[0].id, 1, "not_needed")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    [letter] = box.received
    assert letter.message["Subject"] == "【政务云】催办"
    assert "孙*" in letter.text
    assert "王*" not in letter.text


def test_a_letter_says_no_more_of_people_than_it_must(services: Services, world: World, box: Mailbox, clock: ManualClock) -> None:
    for person in (world.li, world.wang):
        confirmed(services, box, person, f"{person.login.lower()}@zj.example")
    services.notice_desk.choose(world.wang.actor(), ["revoked", "suspended"], "zh")
    reminded(services, world, clock, "WANGFANG")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    [line] = services.access_queries.my_requests(world.wang.official_id).entries[0].lines
    grant = services.access.approve(world.li.actor(), line.id, 1).grant_id
    assert grant is not None
    services.access.revoke(world.people["QIANWEI"].actor(), grant, "王芳涉嫌违规查询，移交处理")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    [to_li], [to_wang] = box.to("liqiang@zj.example"), box.to("wangfang@zj.example")
    for letter in (to_li, to_wang):
        assert "王芳" not in letter.text + letter.message["Subject"]
    assert "王*申请的“查询住房登记信息”" in to_li.text
    assert "违规" not in to_wang.text
    assert "理由见平台" in to_wang.text


def test_who_is_out_of_office_gets_no_call_by_mail_and_the_stand_in_does(
    services: Services, world: World, box: Mailbox, clock: ManualClock
) -> None:
    chen, now = world.people["CHENJIE"], clock.now()
    confirmed(services, box, world.li, "li@zj.example")
    confirmed(services, box, chen, "chen@zj.example")
    away = NewDelegation(chen.appointment_id, now, now + timedelta(days=5), "休假", out_of_office=True)
    services.approving.delegating.delegate(world.li.actor(), away)
    reminded(services, world, clock, "WANGFANG")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    assert [letter.recipient for letter in box.received] == ["chen@zj.example"] * 2
    assert box.received[-1].message["Subject"] == "【政务云】催办"


@pytest.mark.parametrize("attack", ["header", "copied"])
def test_an_address_that_was_tampered_with_reaches_nobody_and_holds_nobody_up(
    services: Services, world: World, box: Mailbox, superuser_url: str, attack: str
) -> None:
    """Somebody who can write to the database seals an address that would add a recipient: no letter goes there, the others go on."""
    import psycopg  # noqa: PLC0415

    sun = world.people["SUNLI"]
    confirmed(services, box, world.wang)
    confirmed(services, box, sun, "sunli@zj.example")
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as owner:
        [row_id] = owner.execute(
            "SELECT id FROM notice_address WHERE official_id = %s AND confirmed_at IS NOT NULL", (world.wang.official_id,)
        ).fetchone() or (None,)
        assert row_id
        given = {
            "header": seal_address(services.keys, row_id, "wang@zj.example\r\nBcc: all@zj.example"),
            # Sealed to somebody else's row, as if it had been copied.
            "copied": seal_address(services.keys, new_id(), "wang@zj.example"),
        }
        owner.execute("UPDATE notice_address SET sealed = %s WHERE id = %s", (given[attack], row_id))
    for person in (world.wang, sun):
        services.access.reject(world.li.actor(), ask(services, world, person).line_id, 1, "not_needed")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    assert [letter.recipient for letter in box.received] == ["sunli@zj.example"]
    assert len(waiting(services)) == (attack == "copied"), "what a key might yet open is tried again, for three days"


def test_words_of_the_catalogue_add_no_header(services: Services, world: World, box: Mailbox, superuser_url: str) -> None:
    import psycopg  # noqa: PLC0415

    confirmed(services, box, world.wang)
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("UPDATE catalogue_item_version SET name = E'登记\\r\\nBcc: all@zj.example\\r\\n\\r\\n点击 http://evil.example'")
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    [letter] = box.received
    assert letter.message["Bcc"] is None
    assert {name.lower() for name in letter.message} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "content-type",
        "content-transfer-encoding",
        "content-language",
        "mime-version",
    }


def test_a_message_that_nobody_knows_holds_nobody_up(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.wang)
    with services.uow.begin(Actor.system("seed"), "govcloud:platform:seed") as tx:
        promise(tx, [Promise("mail:server", "access:of_another_release", {})])
    rejected(services, world)
    services.delivery.deliver_due(JOBS)
    assert len(box.received) == 1
    assert waiting(services) == []


def test_two_who_tell_the_same_person_at_once_wait_for_nobody(services: Services, world: World, box: Mailbox, settings: Settings) -> None:
    """A letter that another transaction adds to is left alone: this one begins another."""
    import psycopg  # noqa: PLC0415

    confirmed(services, box, world.wang)
    first = ask(services, world).line_id
    services.access.reject(world.li.actor(), first, 1, "not_needed")
    db.session.remove()
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as other:
        other.execute("SELECT id FROM outbox_message WHERE delivered_at IS NULL FOR UPDATE")
        services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    gathered(services)
    assert services.delivery.deliver_due(JOBS).delivered == 2


def test_in_a_letter_of_several_only_calls_lead_to_the_decision(services: Services, world: World, box: Mailbox) -> None:
    confirmed(services, box, world.li)
    services.notice_desk.choose(world.li.actor(), ["to_decide", "commented_deciding"], "en")
    line_id = ask(services, world).line_id
    services.approving.discussing.comment(world.wang.actor(), line_id, "急件")
    gathered(services)
    services.delivery.deliver_due(JOBS)
    [letter] = box.received
    assert letter.message["Subject"] == "[Government cloud] 2 notices"
    assert letter.message["Content-Language"] == "en"
    assert len(re.findall(r"http://localhost/decide/\S+", letter.text)) == 1
    assert f"http://localhost/inbox/{line_id}" in letter.text
    assert "急件" not in letter.text
