"""What OAuth 2 adds to tickets and access tokens: refresh tokens, devices, pushed requests, exchange, and proofs of possession."""
