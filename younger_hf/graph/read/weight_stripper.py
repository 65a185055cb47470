"""Reading an ONNX model from any seekable file without reading its weights.

The protobuf wire format is walked field by field: tensor payloads are skipped where they lie, runs of what is kept are copied in one
piece, and the stripped model that comes out is parsed by `onnx`. Small messages are copied as they are and lose their payloads after
that; which payloads stay says `payload.py`.
Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError
from younger_hf.graph.onnx_types import MAX_ELEMENTS
from younger_hf.graph.read.blocks import Blocks
from younger_hf.graph.read.location import ModelLocation, open_blocks
from younger_hf.graph.read.onnx_fields import (
    DOC_STRING,
    INITIALIZER,
    KEEP,
    LIST,
    NODE,
    PACKED_FLOATS,
    PACKED_INTS,
    RULES,
    VERBATIM,
    WIDTHS,
)
from younger_hf.graph.read.payload_rules import LENGTH_MARK, drop_payloads, keeps_payload, listed_length
from younger_hf.graph.read.skip_payload import MAX_PAYLOAD, leap, read_varint, write_varint

__all__ = ["LENGTH_MARK", "ModelLocation", "listed_length", "read_model"]

SMALL = 1024
"""Messages of at most so many bytes are copied as they are: looking into them costs more than they weigh."""
MAX_STRIPPED = 256 << 20
"""Most bytes of a model without its weights; the largest architectures known have a tenth of it."""
MAX_FIELDS = 20_000_000
"""Most fields that are looked at one by one; more than any architecture has, and a few seconds' work."""
MAX_DEPTH = 64
"""Deepest nesting of messages; protobuf itself stops at 100."""

NO_MODEL = "Download or export the model again."


def read_model(source: ModelLocation) -> tuple[onnx.ModelProto, str]:
    """Read an ONNX model without its weights; external data is never opened.

    Returns:
        The stripped model, and the name to use for it in messages. Tensors keep name, type and shape, and their elements only if
        `payload.keeps_payload` says so; an attribute list of more than 64 elements is replaced by a doc string of `LENGTH_MARK` and its
        length.

    Raises:
        ModelReadError: If the source is missing, empty, cut off, no ONNX model, or larger without its weights than any model is.
    """
    with open_blocks(source) as blocks:
        if not blocks.size:
            raise ModelReadError(f"{blocks.name}: the file is empty, expected an ONNX model.", NO_MODEL)
        data, model = strip(blocks, 0, blocks.size, "model"), onnx.ModelProto()
        try:
            model.ParseFromString(data)
        except (DecodeError, RecursionError) as error:
            raise _unreadable(blocks, "its fields do not parse") from error
        if not model.HasField("graph") or (model.ir_version == 0 and not model.opset_import):
            raise ModelReadError(
                f"{blocks.name}: this is no ONNX model: it has no graph, or neither IR version nor operator sets.",
                NO_MODEL,
            )
        drop_payloads(model, data)
        return model, blocks.name


def strip(blocks: Blocks, start: int, stop: int, kind: str) -> bytes:
    """The message at [start, stop) without its large payloads: those in messages of up to 1,024 bytes are in it still.

    Args:
        blocks: The file.
        start: Where the message begins.
        stop: Where it ends.
        kind: Which message it is, of those in `fields.py`; any other is taken as it is.

    Raises:
        ModelReadError: If it cannot be read, or is larger without its weights than any model is.
    """
    if kind not in RULES:
        return blocks.keep(start, stop, MAX_STRIPPED)
    walk = WeightStripper(blocks)
    walk.strip(start, stop, kind, 0)
    return b"".join(walk.pieces)


class WeightStripper:
    """One pass over a file's fields.

    Attributes:
        pieces: The wire format of what is kept.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.pieces: list[bytes] = []
        self._blocks = blocks
        self._looked_at = 0

    def strip(self, start: int, stop: int, kind: str, depth: int) -> int:
        """Append the message at [start, stop) without its payloads to the pieces.

        Returns:
            How many bytes were appended.
        """
        blocks, pieces = self._blocks, self.pieces
        if depth > MAX_DEPTH:
            raise _unreadable(blocks, f"messages are nested more than {MAX_DEPTH} deep")
        rules, verbatim = RULES[kind], VERBATIM[kind]
        first, size, amount = len(pieces), 0, 0
        leaps = (NODE, INITIALIZER) if kind == "graph" else ()
        limit = MAX_ELEMENTS if kind == "attribute" else MAX_PAYLOAD
        left_out: list[tuple[int, int]] = []  # payloads or lists, as long as they may turn out to be kept
        position = run = start  # [run, position) is kept, and not copied yet
        data, base, safe = blocks.data, blocks.base, blocks.safe
        try:
            while position < stop:
                if position > safe or position < base:
                    if run < position:
                        copied = self._copy(run, position)
                        run, size = run + copied, size + copied
                    blocks.move(run, position)
                    data, base, safe = blocks.data, blocks.base, blocks.safe
                begin = position - base
                tag, at = data[begin], begin + 1
                if tag > 0x7F:
                    tag, at = read_varint(data, begin)
                wire = tag & 7
                if wire == 2:
                    length = data[at]
                    at += 1
                    if length > 0x7F:
                        length, at = read_varint(data, at - 1)
                elif wire == 0:
                    length = 1
                    while data[at + length - 1] > 0x7F:
                        length += 1
                else:
                    length = WIDTHS.get(wire, stop)
                value = base + at
                after = value + length
                if after > stop or tag < 8:
                    raise _unreadable(
                        blocks,
                        f"at byte {position} a field of type {wire} ends at byte {after}, expected at most {stop}",
                    )
                if length <= SMALL and tag in verbatim:
                    position = after
                    continue
                if run < position:
                    pieces.append(blocks.keep(run, position, MAX_STRIPPED))
                    size += position - run
                rule = rules.get(tag)
                short = leap(data, begin, at, at + length, SMALL) if tag in leaps else None
                if short:
                    head, run = short
                    pieces.append(head)
                    size += len(head)
                    blocks.note_kept(len(head), MAX_STRIPPED)
                    run, position = run + base, after
                    continue
                if rule in RULES:
                    slot = len(pieces)
                    pieces.append(b"")
                    head = data[begin : begin + (1 if tag < 0x80 else 2)]
                    inner = self.strip(value, after, rule, depth + 1)
                    pieces[slot] = head = head + write_varint(inner)
                    size += len(head) + inner
                    data, base, safe = blocks.data, blocks.base, blocks.safe
                elif rule == KEEP:
                    pieces.append(blocks.keep(position, after, MAX_STRIPPED))
                    size += after - position
                elif rule is not None:
                    elements, after = self._count(position, value, after, stop, tag)
                    amount += elements if rule == LIST else after - position
                    if amount <= limit:
                        left_out.append((position, after))
                position = run = after
                self._looked_at += 1
                if self._looked_at > MAX_FIELDS:
                    raise _unreadable(blocks, f"there are more than {MAX_FIELDS:,} fields in it")
        except IndexError:
            raise _unreadable(blocks, f"the field at byte {position} does not end") from None
        if run < stop:
            pieces.append(blocks.keep(run, stop, MAX_STRIPPED))
            size += stop - run
        if amount > limit and kind == "attribute":
            pieces.append(_tagged(DOC_STRING, f"{LENGTH_MARK}{amount}".encode()))
            size += len(pieces[-1])
        elif 0 < amount <= limit and (kind == "attribute" or self._stays(pieces[first:])):
            for begin, end in left_out:
                pieces.append(blocks.keep(begin, end, MAX_STRIPPED))
                size += end - begin
        return size

    def _copy(self, run: int, position: int) -> int:
        """Copy what the window has of [run, position), or all if the rest is long; return how many bytes that is."""
        end = self._blocks.base + len(self._blocks.data)
        stop = (
            min(position, end)
            if run < end and position - end <= SMALL
            else run
            if position - run <= SMALL
            else position
        )
        if run < stop:
            self.pieces.append(self._blocks.keep(run, stop, MAX_STRIPPED))
        return stop - run

    def _count(self, position: int, value: int, after: int, stop: int, tag: int) -> tuple[int, int]:
        """How many elements of a list or payload begin at a position, and where what was counted ends."""
        if tag == PACKED_FLOATS:
            return (after - value) // 4, after
        if tag == PACKED_INTS:
            return self._blocks.count_varints(value, after), after
        width = WIDTHS.get(tag & 7)
        if width is None or tag > 0x7F:
            return 1, after
        elements, end = self._blocks.count_fields(position, stop, tag, width)
        return (elements, end) if elements else (1, after)

    def _stays(self, head: list[bytes]) -> bool:
        """Whether a tensor's payload stays, which the fields before or after it decide."""
        tensor = onnx.TensorProto()
        try:
            tensor.ParseFromString(b"".join(head))
        except DecodeError as error:
            raise _unreadable(self._blocks, "a tensor's fields do not parse") from error
        return keeps_payload(tensor)


def _tagged(number: int, payload: bytes) -> bytes:
    return write_varint(number << 3 | 2) + write_varint(len(payload)) + payload


def _unreadable(blocks: Blocks, what: str) -> ModelReadError:
    return ModelReadError(
        f"{blocks.name}: this is no readable ONNX model ({blocks.size:,} bytes; cut off, or another format: {what}).",
        NO_MODEL,
    )
