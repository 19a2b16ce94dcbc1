"""The weeks before the first look: what a province asked, decided and ended, played through the services with the clock set back.

``stage.py`` has the clock and the people, ``routine.py`` the ordinary requests of seven weeks, ``staff.py`` and ``deciders.py`` what the
pages of the story's people show, ``playing.py`` puts them together.
"""
