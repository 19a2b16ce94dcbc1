"""What proves who somebody is beside the password: one-time codes of an app, recovery codes; room for passkeys and certificates."""
