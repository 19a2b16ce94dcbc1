"""Commands on a row of the console: a page that says what will happen, and the command itself when it is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.entrypoints.console.conftest import said

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.console.conftest import Become
    from tests.factories.world import World


def test_an_official_is_disabled_from_the_list(services: Services, world: World, become: Become) -> None:
    admin = become("ZHOUJIANJUN")
    path = f"/officials/command/disable/{world.wang.official_id}"
    assert path in admin.get("/officials/?search=wangfang").text
    assert "停用后立即不能登录" in said(admin.get(path))
    assert admin.post(path, {"reason": "调离原岗位"}).status_code == 302
    official = services.identity_queries.official(world.wang.official_id)
    assert official is not None
    assert not official.active
    assert admin.get(f"/officials/command/nonsense/{world.wang.official_id}").status_code == 404
