"""Benchmarks: what the platform takes, beside a peer or a target; `make bench` runs them all, `python -m bench.NAME` one of them."""
