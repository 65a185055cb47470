"""Reading an ONNX model from any seekable file without reading its weights.

The fields of the protobuf wire format are visited one by one: tensor payloads are skipped, runs of
fields that stay are copied in one piece, and `onnx` parses the result. Small messages are copied
unchanged and lose their payloads afterwards, see `payload_rules`.
Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError
from younger_hf.graph.onnx_types import LENGTH_MARK, MAX_ELEMENTS, has_readable_size
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
from younger_hf.graph.read.payload_rules import drop_unread_payloads
from younger_hf.graph.read.skip_payload import MAX_PAYLOAD, read_varint, skip_payload, write_varint

SMALL = 1024
"""Maximum size in bytes of a message that is copied unchanged, which is faster than looking into
it."""
MAX_STRIPPED = 256 << 20
"""Maximum size in bytes of a model without its weights; the largest architectures known have a
tenth of it."""
MAX_FIELDS = 20_000_000
"""Maximum number of fields that are visited; more than any architecture has, and a few seconds'
work."""
MAX_DEPTH = 64
"""Deepest nesting of messages; protobuf itself stops at 100."""

HINT = "Download or export the model again."


def read_model(source: ModelLocation) -> tuple[onnx.ModelProto, str]:
    """Read an ONNX model without its weights; external data is never opened.

    Returns:
        The stripped model, and its name for messages. Tensors have name, type and shape, and their
        elements if `READ_ELEMENTS` allows. An attribute list of more than 64 elements is replaced
        by a doc string of `LENGTH_MARK` and its length.

    Raises:
        ModelReadError: If the source is missing, empty, cut off, not an ONNX model, or larger than
            256 MiB without its weights.
    """
    with open_blocks(source) as blocks:
        check_not_empty(blocks)
        data, model = strip(blocks, 0, blocks.size, "model"), onnx.ModelProto()
        try:
            model.ParseFromString(data)
        except (DecodeError, RecursionError) as error:
            raise unreadable(blocks, "its fields do not parse") from error
        if not model.HasField("graph") or not (model.ir_version or model.opset_import):
            raise not_a_model(blocks)
        drop_unread_payloads(model, data)
        return model, blocks.name


def strip(blocks: Blocks, start: int, stop: int, kind: str) -> bytes:
    """Return the message at [start, stop) without large payloads.

    Args:
        blocks: The file.
        start: Position of the message.
        stop: Position after it.
        kind: Its type in `onnx_fields`; messages of other types are returned unchanged.

    Raises:
        ModelReadError: If it cannot be read, or is larger than 256 MiB without its weights.
    """
    if kind not in RULES:
        return blocks.keep(start, stop, MAX_STRIPPED)
    stripper = WeightStripper(blocks)
    stripper.strip(start, stop, kind, 0)
    return b"".join(stripper.pieces)


@dataclass(slots=True)
class _Message:
    """A message that is being stripped.

    Attributes:
        kind: Its type in `onnx_fields`.
        depth: Number of messages around it.
        stop: Position after it.
        run: Position of the first byte that stays and is not copied yet.
        amount: Elements of its lists or bytes of its payloads so far.
        omitted: Spans of these, as long as they may turn out to stay.
    """

    kind: str
    depth: int
    stop: int
    run: int
    amount: int = 0
    omitted: list[tuple[int, int]] = field(default_factory=list)

    @property
    def limit(self) -> int:
        """Largest amount that stays."""
        return MAX_ELEMENTS if self.kind == "attribute" else MAX_PAYLOAD


class WeightStripper:
    """One pass over the fields of a message in a file.

    Attributes:
        pieces: The wire format of what stays.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.pieces: list[bytes] = []
        self._blocks = blocks
        self._num_visited = 0

    def strip(self, start: int, stop: int, kind: str, depth: int) -> None:
        """Append the message at [start, stop) without its payloads to the pieces."""
        if depth > MAX_DEPTH:
            raise unreadable(self._blocks, f"messages are nested more than {MAX_DEPTH} deep")
        message, first = _Message(kind, depth, stop, start), len(self.pieces)
        self._strip_fields(message, start)
        if message.run < stop:
            self._keep(message.run, stop)
        if message.amount > message.limit and kind == "attribute":
            mark = f"{LENGTH_MARK}{message.amount}".encode()
            self.pieces.append(write_varint(DOC_STRING << 3 | 2) + write_varint(len(mark)) + mark)
        elif 0 < message.amount <= message.limit and (kind == "attribute" or self._stays(self.pieces[first:])):
            for begin, end in message.omitted:
                self._keep(begin, end)

    def _strip_fields(self, message: _Message, position: int) -> None:
        blocks, stop, verbatim = self._blocks, message.stop, VERBATIM[message.kind]
        data, base, safe = blocks.data, blocks.base, blocks.safe
        try:
            while position < stop:
                if position > safe or position < base:
                    message.run = self._copy_window(message.run, position)
                    blocks.move(message.run, position)
                    data, base, safe = blocks.data, blocks.base, blocks.safe
                tag, at = read_varint(data, position - base)
                wire = tag & 7
                if wire == 2:
                    length, at = read_varint(data, at)
                elif wire == 0:
                    length = 1
                    while data[at + length - 1] > 0x7F:
                        length += 1
                else:
                    length = WIDTHS.get(wire, stop)
                value = base + at
                after = value + length
                if after > stop or tag < 8:
                    problem = f"at byte {position} a field of type {wire} ends at byte {after}, expected at most {stop}"
                    raise unreadable(blocks, problem)
                if length <= SMALL and tag in verbatim:
                    position = after
                    continue
                if message.run < position:
                    self._keep(message.run, position)
                position = self._strip_field(message, tag, position, value, after)
                data, base, safe = blocks.data, blocks.base, blocks.safe
        except IndexError:
            raise unreadable(blocks, f"the field at byte {position} does not end") from None

    def _strip_field(self, message: _Message, tag: int, position: int, value: int, after: int) -> int:
        """Append a field without its payload.

        Return the position after it and after the fields counted with it.
        """
        blocks, base, rule = self._blocks, self._blocks.base, RULES[message.kind].get(tag)
        message.run = after
        if message.kind == "graph" and tag in (NODE, INITIALIZER):
            skipped = skip_payload(blocks.data, position - base, value - base, after - base, SMALL)
            if skipped is not None:
                head, rest = skipped
                self.pieces.append(head)
                blocks.note_kept(len(head), MAX_STRIPPED)
                message.run = base + rest
                return after
        if rule in RULES:
            begin, slot = position - base, len(self.pieces)
            self.pieces.append(blocks.data[begin : begin + (1 if tag < 0x80 else 2)])
            self.strip(value, after, rule, message.depth + 1)
            self.pieces[slot] += write_varint(sum(map(len, self.pieces[slot + 1 :])))
        elif rule == KEEP:
            self._keep(position, after)
        elif rule is not None:
            elements, after = self._count(position, value, after, message.stop, tag)
            message.amount += elements if rule == LIST else after - position
            if message.amount <= message.limit:
                message.omitted.append((position, after))
            message.run = after
        self._num_visited += 1
        if self._num_visited > MAX_FIELDS:
            raise unreadable(blocks, f"there are more than {MAX_FIELDS:,} fields in it")
        return after

    def _keep(self, start: int, stop: int) -> None:
        self.pieces.append(self._blocks.keep(start, stop, MAX_STRIPPED))

    def _copy_window(self, run: int, position: int) -> int:
        """Copy [run, position) as far as that saves reading it again.

        Return the position up to which it is copied.
        """
        end = self._blocks.base + len(self._blocks.data)
        if run < end and position - end <= SMALL:
            stop = min(position, end)
        elif position - run <= SMALL:
            stop = run
        else:
            stop = position
        if run < stop:
            self._keep(run, stop)
        return stop

    def _count(self, position: int, value: int, after: int, stop: int, tag: int) -> tuple[int, int]:
        """Count the elements of a list or payload from a position on.

        Return also the position after these.
        """
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
        """Return whether a tensor's payload stays, which the other fields decide."""
        tensor = onnx.TensorProto()
        try:
            tensor.ParseFromString(b"".join(head))
        except DecodeError as error:
            raise unreadable(self._blocks, "a tensor's fields do not parse") from error
        return has_readable_size(tensor)


def check_not_empty(blocks: Blocks) -> None:
    """Raise ModelReadError if a file is empty."""
    if not blocks.size:
        raise ModelReadError(f"{blocks.name}: the file is empty, expected an ONNX model.", HINT)


def not_a_model(blocks: Blocks) -> ModelReadError:
    """Return the error of a protobuf message that is not a model."""
    return ModelReadError(
        f"{blocks.name}: this is not an ONNX model: it has no graph, or neither IR version nor operator sets.", HINT
    )


def unreadable(blocks: Blocks, reason: str) -> ModelReadError:
    """Return the error of a file that is not a protobuf message of ONNX."""
    return ModelReadError(
        f"{blocks.name}: this is not a readable ONNX model ({blocks.size:,} bytes; cut off, or another format: {reason}).",
        HINT,
    )
