"""运行: record, log, keys, outbox, sessions, sign-outs, rules of the province."""
