"""Signalling: SIP messages, transactions, dialogs, registrar and trunks (RFC 3261). Bodies are octets here."""
