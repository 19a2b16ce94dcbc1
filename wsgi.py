"""The door: the WSGI application of the platform, with the settings of the environment."""

from govcloud.app import create_app

app = create_app()
