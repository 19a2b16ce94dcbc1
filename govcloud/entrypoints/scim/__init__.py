"""The SCIM way in (RFC 7643, 7644, 9865): a personnel system keeps people and departments in step through the same commands.

``schemas.py`` says what there is; ``users.py`` and ``groups.py`` turn records into resources and differences into commands;
``filters.py`` and ``searching.py`` turn a search into look-ups that an index serves. The protocol itself is scim2-server's.
"""

from govcloud.entrypoints.scim.blueprint import scim

__all__ = ["scim"]
