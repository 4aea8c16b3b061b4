"""Who gets a call. Pure: facts and time in, decisions out; no SIP, no SQL, no asyncio."""
