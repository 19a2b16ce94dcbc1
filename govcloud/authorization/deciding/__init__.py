"""Deciding: a policy made ready, where its inputs come from, the engine, the reasons, and what a yes obliges to."""
