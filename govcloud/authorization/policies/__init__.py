"""Policies as texts: the document, its language of conditions and row rules, and the checks of both."""
