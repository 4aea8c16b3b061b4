"""Automatic voice: YAML flows, their nodes, and the engine that walks a call through them."""
