"""Waits that the headers of a server's answer ask for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_RATE_LIMIT = re.compile(r"\br\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)")
"""Requests left and seconds until the reset in a `RateLimit` header.

The format is that of draft-ietf-httpapi-ratelimit-headers-09.
"""


def seconds_asked(headers: httpx.Headers) -> float:
    """Return the seconds that a refused client must wait.

    The source is a number or date in `Retry-After`, or a used-up rate limit.
    """
    text = headers.get("Retry-After", "").strip()
    seconds = float(text) if text.isdecimal() else 0.0
    if text and not seconds:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            seconds = 0.0
    return max(seconds, seconds_until_reset(headers), 0.0)


def seconds_until_reset(headers: httpx.Headers) -> float:
    """Return the seconds until the last of the used-up rate limits is reset."""
    limits = _RATE_LIMIT.findall(headers.get("RateLimit", ""))
    return max((float(seconds) for left, seconds in limits if int(left) == 0), default=0.0)
