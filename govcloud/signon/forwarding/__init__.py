"""Applications that know no protocol, behind a proxy that asks the platform about each request: who it is, and whether they may."""
