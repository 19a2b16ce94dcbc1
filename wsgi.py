"""The door: the WSGI application of the platform, with the settings of the environment."""

from govcloud.app import create_app

app = create_app()
# A served process may let a draft decide beside the live policy; what is only assembled may not.
app.extensions["govcloud"].shadowing.run_within(app.app_context)
