"""Setting, issuing and changing passwords."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.authorization.commands import NewAssignment
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid, NotFound
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from govcloud.signon.errors import SignInLocked, SignInRefused
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.test_sessions import own
from tests.factories.world import PASSWORD, SEED, Person, World

NEW = "Qiantang-Tide-8"


def account_id(services: Services, person: Person) -> UUID:
    account = services.identity_queries.account_of(person.official_id)
    assert account is not None
    return account.id


def test_an_issued_password_opens_the_account(services: Services, world: World) -> None:
    password = services.signon.issue_password(world.system_admin.actor(), account_id(services, world.zhao))
    assert sign_in(services, "ZHAOMIN", password).official_id == world.zhao.official_id
    entries = services.audit_queries.by_subject(f"official:{world.zhao.official_id}")
    recorded = next(entry for entry in entries if entry.name == "signon:password:set")
    assert recorded.data["issued"] is True
    assert password not in str(entries)


def test_a_department_admin_issues_passwords_below_the_own_department_only(services: Services, world: World) -> None:
    sun = world.people["SUNLI"]
    services.signon.issue_password(sun.actor(), account_id(services, world.wang))
    with pytest.raises(Denied):
        services.signon.issue_password(sun.actor(), account_id(services, world.li))
    with pytest.raises(Denied):
        services.signon.issue_password(world.wang.actor(), account_id(services, world.li))


def test_nobody_gets_the_password_of_those_who_are_entrusted_with_more(services: Services, world: World) -> None:
    """Whoever sets a password can sign in with it: the three offices and the administrators of a department stay apart here, too."""
    for officer in (world.security_admin, world.audit_admin, world.system_admin):
        with pytest.raises(Denied):
            services.signon.issue_password(world.system_admin.actor(), account_id(services, officer))
    neighbour = NewAssignment(world.people["HEWEI"].official_id, "department_admin", scope={"department_path": "/"}, reason="岗位职责")
    services.authorization.assign_roles(SEED, [neighbour])
    actor = world.people["HEWEI"].actor()
    for person in (world.li, world.people["SUNLI"], world.security_admin):
        with pytest.raises(Denied):
            services.signon.issue_password(actor, account_id(services, person))
    services.signon.issue_password(actor, account_id(services, world.wang))


def test_a_new_password_ends_the_sessions_of_the_old(services: Services, world: World) -> None:
    sign_in(services)
    services.signon.set_password(SEED, account_id(services, world.wang), NEW)
    assert services.signon.sessions_of(world.wang.official_id) == ()
    with pytest.raises(SignInRefused):
        sign_in(services)
    assert sign_in(services, password=NEW)


def test_a_bad_password_and_an_unknown_account_are_refused(services: Services, world: World) -> None:
    with pytest.raises(Invalid):
        services.signon.set_password(SEED, account_id(services, world.wang), "short")
    with pytest.raises(NotFound):
        services.signon.set_password(SEED, new_id(), NEW)
    with pytest.raises(Denied):
        services.signon.set_password(world.li.actor(), account_id(services, world.wang), NEW)
    assert sign_in(services)


def test_changing_ones_own_password_keeps_the_session_it_is_done_in(services: Services, world: World) -> None:
    here, elsewhere = sign_in(services), sign_in(services)
    services.signon.change_password(own(here), PASSWORD, NEW)
    assert [item.session_id for item in services.signon.sessions_of(world.wang.official_id)] == [here.session_id]
    assert elsewhere.session_id != here.session_id
    assert sign_in(services, password=NEW)


def test_the_present_password_is_needed_and_cannot_be_guessed(services: Services, world: World) -> None:
    here = sign_in(services)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            services.signon.change_password(own(here), "Not-the-password-1", NEW)
    with pytest.raises(SignInLocked):
        services.signon.change_password(own(here), PASSWORD, NEW)
    with pytest.raises(Invalid):
        services.signon.change_password(own(here), PASSWORD, "short")


def test_the_last_five_passwords_do_not_come_back_and_the_one_before_may(services: Services, world: World, clock: ManualClock) -> None:
    here, passwords = sign_in(services), [PASSWORD, *(f"{NEW}{number}" for number in range(5))]
    for number, (old, new) in enumerate(itertools.pairwise(passwords), start=1):
        clock.advance(timedelta(minutes=1))
        services.signon.change_password(own(here), old, new)
        if number < 5:  # among the last five is the first one still
            with pytest.raises(Invalid):
                services.signon.change_password(own(here), new, PASSWORD)
    with pytest.raises(Invalid):
        services.signon.change_password(own(here), passwords[-1], passwords[1])
    services.signon.change_password(own(here), passwords[-1], PASSWORD)
    assert sign_in(services)


def test_only_officials_have_an_own_password(services: Services, world: World) -> None:
    with pytest.raises(Denied):
        services.signon.change_password(SEED, PASSWORD, NEW)
