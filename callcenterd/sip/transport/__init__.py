"""Where SIP meets sockets: sending, receiving, framing (RFC 3261 §18)."""
