"""Separation of duty (职责分离): rules on which functions nobody holds together, their exceptions, and who breaks one."""
