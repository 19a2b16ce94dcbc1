"""The CAS protocol's side of sign-on: service tickets, proxy tickets, and what lets a service ask for them (CAS Protocol 3.0.3)."""
