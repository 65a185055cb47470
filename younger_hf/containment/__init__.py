"""Limits, sandbox and monitor of a process that handles what is not trusted."""
