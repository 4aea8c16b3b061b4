"""Frozen words that several rooms speak. No behaviour beyond their own meaning."""
