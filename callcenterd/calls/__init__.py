"""Calls: a dialog and a media row become a leg, legs become a call."""
