"""Numbers in protobuf's wire format."""

from __future__ import annotations


def varint(value: int) -> bytes:
    """A number of up to 64 bits, a negative one as its two's complement."""
    value %= 1 << 64
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
