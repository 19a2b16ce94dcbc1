"""A believable province to start with: the plan (pure), its loading through the services, and the command ``govcloud seed``.

``govcloud.cli.seed.loader.seed`` is the function for programs; ``seed`` here is the command of that name.
"""

from govcloud.cli.seed.command import seed

__all__ = ["seed"]
