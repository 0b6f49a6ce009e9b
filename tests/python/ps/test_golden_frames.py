"""The frames that the Scala codec's tests read too."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest

from sparkflow.ps import wire
from sparkflow.ps.client import ParameterClient
from sparkflow.ps.compression import compressor
from sparkflow.ps.connection import Connection

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
INDEX = json.loads((FRAMES / "index.json").read_text("utf-8"))


def message(name, fields):
    fields = dict(fields)
    if name == "Welcome":
        fields["flags"] = wire.INITIALIZE if fields.pop("initialize") else 0
        fields["weights"] = fields.pop("weightCount")
        fields["state_bytes"] = fields.pop("stateBytes")
    if name in ("Push", "PushRows"):
        fields["flags"] = {"float32": 0, "bf16": wire.BF16, "int8": wire.INT8, "topk": wire.TOPK}[
            fields.pop("encoding")
        ]
        fields["flags"] |= wire.BF16_WEIGHTS if fields.pop("bf16Weights") else 0
        fields["flags"] |= wire.SHARED if fields.pop("shared") else 0
    if name == "Push":
        fields["flags"] |= wire.ANSWER_WEIGHTS if fields.pop("answerWithWeights") else 0
        fields["flags"] |= wire.CHANGE if fields.pop("change") else 0
    if name == "Segment":
        fields["weights_offset"] = fields.pop("weightsOffset")
    if name == "Attached":
        fields["flags"] = wire.MAPPED if fields.pop("mapped") else 0
    for key in ("nonce", "mac"):
        if key in fields:
            fields[key] = bytes.fromhex(fields[key])
    return getattr(wire, name)(**fields)


def test_there_is_a_golden_frame_of_every_message():
    assert {frame["tag"] for frame in INDEX["frames"]} == set(wire._CODECS)


@pytest.mark.parametrize("frame", INDEX["frames"], ids=lambda frame: frame["file"])
def test_a_golden_frame_is_read_and_written(frame):
    data = (FRAMES / frame["file"]).read_bytes()
    body = np.array(frame["weights"], "<f4").tobytes() + bytes.fromhex(frame["state"])
    tag, meta_length, body_length = wire.decode_header(data[:24])
    assert tag == frame["tag"]
    assert body_length == len(body)
    expected = message(frame["name"], frame["fields"])
    assert wire.decode(tag, data[24 : 24 + meta_length]) == expected
    assert wire.encode(expected, len(body)) + body == data


@pytest.mark.parametrize("name", ["bf16", "int8", "topk"])
def test_a_gradient_is_encoded_as_in_its_golden_frame(name):
    frame = next(frame for frame in INDEX["frames"] if frame["fields"].get("encoding") == name)
    gradient = np.array(frame["gradient"], np.float32)
    encoder = compressor(name, gradient.size)
    body = encoder.encode([gradient[:2], gradient[2:]])
    assert b"".join(part.tobytes() for part in body).hex() == frame["state"]
    assert message("Push", frame["fields"]).flags & 0x30 == encoder.encoding


@pytest.mark.parametrize("frame", INDEX["refused"], ids=lambda frame: frame["file"])
def test_a_worker_refuses_a_bad_frame(frame):
    ours, theirs = socket.socketpair()
    with theirs, ParameterClient(Connection(ours)) as client:
        theirs.sendall((FRAMES / frame["file"]).read_bytes())
        with pytest.raises(wire.ProtocolError):
            client.done()
