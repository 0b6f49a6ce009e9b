"""The frames of docs/protocol.md: one table says which tag is which message and how its fields are laid out.

A frame is a 24-byte header, the message's own fields ("meta") and a body of raw values. The body never passes
through this file: it is sent from, and received into, the caller's own memory.
"""

from __future__ import annotations

import dataclasses
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MAGIC = b"SPKF"
VERSION = 1
HEADER = struct.Struct("<4sBBHIIQ")

# Until both sides have proved that they know the secret, a peer may be anybody: no more than this is read.
MAX_HANDSHAKE_FRAME = 4096
# A layout of tens of thousands of variables.
MAX_META = 16 << 20
MAX_BODY = 8 << 30

INITIALIZE = 1  # Welcome.flags: this worker makes the initial weights
ANSWER_WEIGHTS = 1  # Push.flags: the answer is Weights, not Ack
SHARED = 2  # Push.flags, PushRows.flags: the (dense) gradient is in the shared segment, not in the body
CHANGE = 4  # Push.flags: no gradient but a change, to be added to the weights
BF16_WEIGHTS = 8  # Push.flags, PushRows.flags: the (dense) weights in the answer are bfloat16
BF16, INT8, TOPK = 16, 32, 48  # Push.flags, PushRows.flags: what the (dense) gradient is encoded as
MAPPED = 1  # Attached.flags: this worker has mapped the segment

if sys.byteorder != "little":
    raise ImportError("sparkflow sends memory as it is, little-endian; this machine is big-endian")


class ProtocolError(ConnectionError):
    """The peer sent something that docs/protocol.md does not allow."""


@dataclass(frozen=True)
class Challenge:
    nonce: bytes


@dataclass(frozen=True)
class Answer:
    nonce: bytes
    mac: bytes


@dataclass(frozen=True)
class Accept:
    mac: bytes


@dataclass(frozen=True)
class Starting:
    round: int
    worker: int
    attempt: int


@dataclass(frozen=True)
class Hello:
    round: int
    worker: int
    attempt: int
    rows: int
    tables: str = ""  # JSON array of names


@dataclass(frozen=True)
class Welcome:
    flags: int
    step: int
    version: int
    weights: int
    state_bytes: int
    layout: str


@dataclass(frozen=True)
class Initialize:
    layout: str


@dataclass(frozen=True)
class Alive:
    """A sign of life, from whoever's turn it is to speak."""


@dataclass(frozen=True)
class Pull:
    pass


@dataclass(frozen=True)
class Weights:
    version: int


@dataclass(frozen=True)
class Push:
    step: int
    version: int
    samples: int
    flags: int
    loss: float


@dataclass(frozen=True)
class Ack:
    version: int


@dataclass(frozen=True)
class Report:
    iteration: int
    samples: int
    loss: float
    waited: float  # seconds


@dataclass(frozen=True)
class PushState:
    pass


@dataclass(frozen=True)
class State:
    pass


@dataclass(frozen=True)
class Done:
    pass


@dataclass(frozen=True)
class Failed:
    message: str


@dataclass(frozen=True)
class Error:
    code: int
    message: str


@dataclass(frozen=True)
class Share:
    pass


@dataclass(frozen=True)
class Segment:
    length: int
    weights_offset: int
    text: str


@dataclass(frozen=True)
class Attached:
    flags: int
    reason: str


@dataclass(frozen=True)
class PullRows:
    pass


@dataclass(frozen=True)
class PushRows:
    step: int
    version: int
    samples: int
    flags: int
    loss: float


@dataclass(frozen=True)
class Validation:
    iteration: int
    samples: int
    loss: float
    metrics: str  # JSON object


Message = (
    Challenge
    | Answer
    | Accept
    | Starting
    | Hello
    | Welcome
    | Initialize
    | Pull
    | Weights
    | Push
    | Ack
    | Report
    | PushState
    | State
    | Done
    | Failed
    | Error
    | Share
    | Segment
    | Attached
    | PullRows
    | PushRows
    | Alive
    | Validation
)


class _Codec(NamedTuple):
    kind: Callable[..., Message]
    fields: struct.Struct
    text: bool = False  # the last field is UTF-8 and takes the rest of the meta


_CODECS: dict[int, _Codec] = {
    1: _Codec(Challenge, struct.Struct("<32s")),
    2: _Codec(Answer, struct.Struct("<32s32s")),
    3: _Codec(Accept, struct.Struct("<32s")),
    10: _Codec(Hello, struct.Struct("<iiqq"), text=True),
    11: _Codec(Welcome, struct.Struct("<qqqqq"), text=True),
    12: _Codec(Initialize, struct.Struct("<"), text=True),
    13: _Codec(Pull, struct.Struct("<")),
    14: _Codec(Weights, struct.Struct("<q")),
    15: _Codec(Push, struct.Struct("<qqiid")),
    16: _Codec(Ack, struct.Struct("<q")),
    17: _Codec(Report, struct.Struct("<i4xqdd")),
    18: _Codec(PushState, struct.Struct("<")),
    19: _Codec(State, struct.Struct("<")),
    20: _Codec(Done, struct.Struct("<")),
    21: _Codec(Failed, struct.Struct("<"), text=True),
    22: _Codec(Error, struct.Struct("<i"), text=True),
    23: _Codec(Share, struct.Struct("<")),
    24: _Codec(Segment, struct.Struct("<qq"), text=True),
    25: _Codec(Attached, struct.Struct("<q"), text=True),
    26: _Codec(PullRows, struct.Struct("<")),
    27: _Codec(PushRows, struct.Struct("<qqiid")),
    28: _Codec(Alive, struct.Struct("<")),
    29: _Codec(Validation, struct.Struct("<i4xqd"), text=True),
    30: _Codec(Starting, struct.Struct("<iiq")),
}
_TAGS: dict[object, int] = {codec.kind: tag for tag, codec in _CODECS.items()}


def encode(message: Message, body_length: int = 0) -> bytes:
    """Return header and meta of a frame; `body_length` bytes of body are to follow it."""
    tag = _TAGS[type(message)]
    codec = _CODECS[tag]
    values = [getattr(message, field.name) for field in dataclasses.fields(message)]
    tail = values.pop().encode("utf-8") if codec.text else b""
    meta = codec.fields.pack(*values) + tail
    return HEADER.pack(MAGIC, VERSION, tag, 0, len(meta), 0, body_length) + meta


def decode_header(header: bytes | bytearray) -> tuple[int, int, int]:
    """Return (tag, meta length, body length) of a frame's first 24 bytes.

    Raises
    ------
    ProtocolError
        If it is no frame of this protocol version, or its tag is unknown.
    """
    magic, version, tag, zero, meta_length, zeros, body_length = HEADER.unpack(header)
    if magic != MAGIC:
        raise ProtocolError(f"expected a frame that starts with {MAGIC!r}, got {bytes(header[:4])!r}")
    if version != VERSION:
        raise ProtocolError(f"the peer speaks protocol version {version}, this worker {VERSION}")
    if zero or zeros:
        raise ProtocolError("reserved bytes of a frame header are not zero")
    if tag not in _CODECS:
        raise ProtocolError(f"unknown message tag {tag}")
    return tag, meta_length, body_length


def decode(tag: int, meta: bytes | bytearray) -> Message:
    """Return the message of a known `tag` whose fields are `meta`."""
    codec = _CODECS[tag]
    size, name = codec.fields.size, getattr(codec.kind, "__name__", tag)
    if len(meta) < size or (len(meta) > size and not codec.text):
        raise ProtocolError(f"{name} has {len(meta)} bytes of fields, expected {size}")
    values: list[object] = list(codec.fields.unpack_from(meta))
    if codec.text:
        try:
            values.append(bytes(meta[size:]).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ProtocolError(f"{name} holds text that is not UTF-8") from error
    return codec.kind(*values)
