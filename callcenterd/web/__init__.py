"""HTTP, live events and pages."""
