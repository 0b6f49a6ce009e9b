import struct

import pytest

from sparkflow.ps import wire

MESSAGES = [
    wire.Challenge(bytes(range(32))),
    wire.Answer(b"n" * 32, b"m" * 32),
    wire.Accept(b"a" * 32),
    wire.Hello(2, 3, 1 << 40, 12),
    wire.Welcome(0, 5, 7, 3, 8, '{"weights": [], "state": [], "ü": 1}'),
    wire.Initialize('{"weights": []}'),
    wire.Pull(),
    wire.Weights(1 << 33),
    wire.Push(9, 10, 128, wire.ANSWER_WEIGHTS, 0.25),
    wire.Ack(-1),
    wire.Report(4, 60000, 0.125, 0.5),
    wire.PushState(),
    wire.State(),
    wire.Done(),
    wire.Failed("loss became nan — stop"),
    wire.Error(3, "a newer attempt"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_every_message_survives_the_wire(message):
    frame = wire.encode(message, 12)
    tag, meta_length, body_length = wire.decode_header(frame[:24])
    assert len(frame) == 24 + meta_length
    assert body_length == 12
    assert wire.decode(tag, frame[24:]) == message


def test_a_push_frame_byte_by_byte():
    expected = b"SPKF" + bytes([1, 15, 0, 0]) + struct.pack("<IIQ", 32, 0, 8)
    expected += struct.pack("<qqiid", 3, 4, 5, 1, 1.5)
    assert wire.encode(wire.Push(3, 4, 5, 1, 1.5), 8) == expected


def test_a_report_frame_keeps_its_reserved_field_zero():
    assert wire.encode(wire.Report(1, 2, 3.0, 4.0))[24:] == struct.pack("<iiqdd", 1, 0, 2, 3.0, 4.0)


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0, b"X", "starts with"),
        (4, b"\x02", "protocol version 2"),
        (5, b"\x63", "unknown message tag 99"),
        (6, b"\x01", "reserved"),
        (12, b"\x01", "reserved"),
    ],
)
def test_a_bad_header_is_refused(offset, value, words):
    header = bytearray(wire.encode(wire.Pull()))
    header[offset : offset + 1] = value
    with pytest.raises(wire.ProtocolError, match=words):
        wire.decode_header(header)


def test_meta_of_the_wrong_length_or_encoding_is_refused():
    with pytest.raises(wire.ProtocolError, match="Ack has 7 bytes"):
        wire.decode(16, b"1234567")
    with pytest.raises(wire.ProtocolError, match="Ack has 9 bytes"):
        wire.decode(16, b"123456789")
    with pytest.raises(wire.ProtocolError, match="not UTF-8"):
        wire.decode(21, b"\xff\xfe")
