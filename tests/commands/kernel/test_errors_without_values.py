"""An error of the database names table and constraint; the row that failed, with people's data in it, goes into no log."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from govcloud.services import Services
from tests.factories.world import SEED, World


def test_the_failing_row_is_not_told(services: Services, world: World) -> None:
    statement = (
        "INSERT INTO credential (id, account_id, kind, secret_hash) VALUES (gen_random_uuid(), gen_random_uuid(), 'password', :secret)"
    )
    with pytest.raises(IntegrityError) as failed, services.uow.begin(SEED, "govcloud:password:set") as tx:
        tx.session.execute(text(statement), {"secret": "$argon2id$kept-away"})
    error: BaseException | None = failed.value
    while error is not None:
        assert "kept-away" not in str(error) + repr(error)
        error = error.__cause__ or error.__context__
    assert "changed_at" in str(failed.value)
