"""The one place where calls, flows and queues meet."""
