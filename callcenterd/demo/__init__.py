"""A whole call without a phone: a scripted caller and a scripted agent's phone over real SIP and RTP."""
