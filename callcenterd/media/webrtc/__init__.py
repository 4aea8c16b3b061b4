"""The browser as a phone: a process of its own ends ICE, DTLS and SRTP, and speaks plain RTP with the engine."""
