"""The console: Flask-Admin inside the platform's shell, reading on the read-only session, writing through commands."""
