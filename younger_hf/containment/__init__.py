"""Limits, sandbox and monitor of a process that handles untrusted input."""
