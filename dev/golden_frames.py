#!/usr/bin/env python3
"""Write the golden frames of docs/protocol.md to tests/fixtures/frames/.

The Scala and the Python codec tests both read them. This file knows nothing of either codec: it packs the
fields by hand from the text of the protocol. Run it again after a change of the protocol; the output is the
same every time.

`index.json` describes the files. `frames` are valid: `fields` are the tag's fields under the names of the
protocol (nonces and MACs in hex, flags spelled out), `weights` the float32 values of the body (also of a
gradient), `state` the rest of the body in hex. An encoded gradient is there, too; `gradient` is what a worker
that has left nothing out before encodes so, `decoded` what the server reads. `refused` must be answered by an
Error with the given code.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "frames"

LAYOUT = json.dumps(
    {
        "weights": [{"name": "dense/kernel", "shape": [2, 2]}, {"name": "dense/bias", "shape": [1]}],
        "state": [
            {"name": "bn/moving_mean", "shape": [2], "dtype": "float32"},
            {"name": "schritt/zähler", "shape": [], "dtype": "int64"},
        ],
    },
    ensure_ascii=False,
    separators=(",", ":"),
)
# Exact in float32, with a negative zero, a subnormal and the largest finite value among them.
WEIGHTS = [0.5, -1.25, -0.0, 2.0**-149, 3.4028234663852886e38]
STATE = struct.pack("<2fq", 0.25, -8.0, 2**40 + 7)
PLAIN = {"encoding": "float32", "bf16Weights": False}
# Ties of bfloat16, to either side; a negative zero, a subnormal; a tie of int8 at a scale of 1.
GRADIENT = [1.00390625, 1.01171875, -0.0, 2.0**-149, -127.0, 2.5]
NONCE = bytes(range(32))
MAC = bytes(range(255, 223, -1))


def frame(
    tag: int,
    meta: bytes = b"",
    body: bytes = b"",
    *,
    magic: bytes = b"SPKF",
    version: int = 1,
    reserved: tuple[int, int] = (0, 0),
    meta_length: int | None = None,
    body_length: int | None = None,
) -> bytes:
    header = struct.pack(
        "<4sBBHIIQ",
        magic,
        version,
        tag,
        reserved[0],
        len(meta) if meta_length is None else meta_length,
        reserved[1],
        len(body) if body_length is None else body_length,
    )
    return header + meta + body


def floats(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def valid() -> list[dict[str, Any]]:
    def entry(
        file: str,
        tag: int,
        name: str,
        meta: bytes,
        fields: dict[str, Any],
        weights: list[float] | None = None,
        state: bytes = b"",
        **more: Any,
    ) -> dict[str, Any]:
        weights = weights or []
        (HERE / f"{file}.bin").write_bytes(frame(tag, meta, floats(weights) + state))
        return {
            "file": f"{file}.bin",
            "tag": tag,
            "name": name,
            "fields": fields,
            "weights": weights,
            "state": state.hex(),
            **more,
        }

    def encoded(
        encoding: str, flags: int, gradient: list[float], body: bytes, decoded: list[float]
    ) -> dict[str, Any]:
        return entry(
            f"push-{encoding}",
            15,
            "Push",
            struct.pack("<qqiid", 5, 4, 300, flags | 9, 0.5),
            {
                "step": 5,
                "version": 4,
                "samples": 300,
                "answerWithWeights": True,
                "shared": False,
                "change": False,
                "loss": 0.5,
                "encoding": encoding,
                "bf16Weights": True,
            },
            state=body,
            gradient=gradient,
            decoded=decoded,
        )

    layout = LAYOUT.encode()
    metrics = '{"accuracy":[5400.0,6000.0]}'
    failed = "ValueError: die Größe 10 passt nicht"
    error = "the fit is over"
    segment = "/dev/shm/sparkflow-0123456789abcdef0123456789abcdef"
    unmapped = "no such file"
    tables = '["wörter/tabelle","tags"]'
    numbers = struct.pack("<4i", 0, 7, 2**20, 2**31 - 2)
    return [
        entry("challenge", 1, "Challenge", NONCE, {"nonce": NONCE.hex()}),
        entry("answer", 2, "Answer", NONCE + MAC, {"nonce": NONCE.hex(), "mac": MAC.hex()}),
        entry("accept", 3, "Accept", MAC, {"mac": MAC.hex()}),
        entry(
            "hello",
            10,
            "Hello",
            struct.pack("<iiqq", 1, 3, 2**33 + 5, 60000),
            {"round": 1, "worker": 3, "attempt": 2**33 + 5, "rows": 60000, "tables": ""},
        ),
        entry(
            "hello-tables",
            10,
            "Hello",
            struct.pack("<iiqq", 0, 1, 2, 300) + tables.encode(),
            {"round": 0, "worker": 1, "attempt": 2, "rows": 300, "tables": tables},
        ),
        entry(
            "welcome",
            11,
            "Welcome",
            struct.pack("<qqqqq", 0, 17, 40, len(WEIGHTS), len(STATE)) + layout,
            {
                "initialize": False,
                "step": 17,
                "version": 40,
                "weightCount": len(WEIGHTS),
                "stateBytes": len(STATE),
                "layout": LAYOUT,
            },
            WEIGHTS,
            STATE,
        ),
        entry(
            "welcome-initialize",
            11,
            "Welcome",
            struct.pack("<qqqqq", 1, 0, 0, 0, 0),
            {"initialize": True, "step": 0, "version": 0, "weightCount": 0, "stateBytes": 0, "layout": ""},
        ),
        entry("initialize", 12, "Initialize", layout, {"layout": LAYOUT}, WEIGHTS, STATE),
        entry("pull", 13, "Pull", b"", {}),
        entry("weights", 14, "Weights", struct.pack("<q", 41), {"version": 41}, WEIGHTS),
        entry(
            "push",
            15,
            "Push",
            struct.pack("<qqiid", 17, 40, 128, 0, 0.693359375),
            {
                "step": 17,
                "version": 40,
                "samples": 128,
                "answerWithWeights": False,
                "shared": False,
                "change": False,
                "loss": 0.693359375,
                **PLAIN,
            },
            WEIGHTS[::-1],
        ),
        entry(
            "push-pull",
            15,
            "Push",
            struct.pack("<qqiid", 2**40, 2**41, 1, 1, -1.5),
            {
                "step": 2**40,
                "version": 2**41,
                "samples": 1,
                "answerWithWeights": True,
                "shared": False,
                "change": False,
                "loss": -1.5,
                **PLAIN,
            },
            WEIGHTS,
        ),
        entry(
            "push-shared",
            15,
            "Push",
            struct.pack("<qqiid", 3, 2, 300, 3, 0.5),
            {
                "step": 3,
                "version": 2,
                "samples": 300,
                "answerWithWeights": True,
                "shared": True,
                "change": False,
                "loss": 0.5,
                **PLAIN,
            },
        ),
        entry(
            "push-change",
            15,
            "Push",
            struct.pack("<qqiid", 4, 9, 2400, 5, 0.25),
            {
                "step": 4,
                "version": 9,
                "samples": 2400,
                "answerWithWeights": True,
                "shared": False,
                "change": True,
                "loss": 0.25,
                **PLAIN,
            },
            WEIGHTS,
        ),
        encoded(
            "bf16",
            16,
            GRADIENT,
            struct.pack("<6H", 0x3F80, 0x3F82, 0x8000, 0x0000, 0xC2FE, 0x4020),
            [1.0, 1.015625, -0.0, 0.0, -127.0, 2.5],
        ),
        encoded(
            "int8",
            32,
            GRADIENT,
            struct.pack("<f6b", 1.0, 1, 1, 0, 0, -127, 2),
            [1.0, 1.0, 0.0, 0.0, -127.0, 2.0],
        ),
        # 21 values, so that 5 %, rounded up, are two.
        encoded(
            "topk",
            48,
            GRADIENT + 15 * [0.0],
            struct.pack("<2i2f", 4, 5, -127.0, 2.5),
            [0.0, 0.0, 0.0, 0.0, -127.0, 2.5] + 15 * [0.0],
        ),
        entry("ack", 16, "Ack", struct.pack("<q", 42), {"version": 42}),
        entry(
            "report",
            17,
            "Report",
            struct.pack("<iiqdd", 19, 0, 60000, 0.125, 0.75),
            {"iteration": 19, "samples": 60000, "loss": 0.125, "waited": 0.75},
        ),
        entry("push-state", 18, "PushState", b"", {}, state=STATE + struct.pack("<2f", 0.5, 1.0)),
        entry("state", 19, "State", b"", {}, state=STATE[::-1]),
        entry("done", 20, "Done", b"", {}),
        entry("failed", 21, "Failed", failed.encode(), {"message": failed}),
        entry("error", 22, "Error", struct.pack("<i", 4) + error.encode(), {"code": 4, "message": error}),
        entry("share", 23, "Share", b"", {}),
        entry(
            "segment",
            24,
            "Segment",
            struct.pack("<qq", 2**33, 2**32 + 4096) + segment.encode(),
            {"length": 2**33, "weightsOffset": 2**32 + 4096, "text": segment},
        ),
        entry(
            "attached",
            25,
            "Attached",
            struct.pack("<q", 0) + unmapped.encode(),
            {"mapped": False, "reason": unmapped},
        ),
        entry("pull-rows", 26, "PullRows", b"", {}, state=numbers),
        entry(
            "push-rows",
            27,
            "PushRows",
            struct.pack("<qqiid", 2**40, 2**41, 300, 0, 0.25),
            {"step": 2**40, "version": 2**41, "samples": 300, "shared": False, "loss": 0.25, **PLAIN},
            WEIGHTS,
            numbers,
        ),
        entry(
            "validation",
            29,
            "Validation",
            struct.pack("<iiqd", 19, 0, 6000, 0.25) + metrics.encode(),
            {"iteration": 19, "samples": 6000, "loss": 0.25, "metrics": metrics},
        ),
        entry(
            "push-rows-shared",
            27,
            "PushRows",
            struct.pack("<qqiid", 1, 2, 3, 2, -0.5),
            {"step": 1, "version": 2, "samples": 3, "shared": True, "loss": -0.5, **PLAIN},
            WEIGHTS[:1],
            numbers,
        ),
        entry(
            "push-rows-int8",
            27,
            "PushRows",
            struct.pack("<qqiid", 6, 5, 300, 40, 0.125),
            {
                "step": 6,
                "version": 5,
                "samples": 300,
                "shared": False,
                "loss": 0.125,
                "encoding": "int8",
                "bf16Weights": True,
            },
            state=struct.pack("<f3b", 0.5, -127, 0, 3) + floats(WEIGHTS) + numbers,
        ),
        entry("alive", 28, "Alive", b"", {}),
        entry(
            "starting",
            30,
            "Starting",
            struct.pack("<iiq", 2, 3, 1 << 40),
            {"round": 2, "worker": 3, "attempt": 1 << 40},
        ),
    ]


def refused() -> list[dict[str, Any]]:
    def entry(file: str, data: bytes, why: str) -> dict[str, Any]:
        (HERE / f"{file}.bin").write_bytes(data)
        return {"file": f"{file}.bin", "code": 1, "why": why}

    return [
        entry("bad-magic", frame(13, magic=b"SPKG"), "wrong magic"),
        entry("bad-version", frame(13, version=2), "protocol version 2"),
        entry("bad-tag", frame(99), "unknown tag"),
        entry("bad-reserved", frame(13, reserved=(1, 0)), "bytes 6 and 7 are not zero"),
        entry("bad-reserved-2", frame(13, reserved=(0, 1)), "bytes 12 to 15 are not zero"),
        entry("bad-meta", frame(10, bytes(23)), "Hello with 23 bytes of meta, not 24"),
        entry("bad-body", frame(13, body=bytes(4)), "Pull with a body"),
        entry("bad-meta-length", frame(21, meta_length=2**24 + 1), "meta longer than 16 MiB"),
        entry("bad-body-length", frame(18, body_length=2**63), "body length beyond 2^63 - 1"),
        entry(
            "bad-flags", frame(15, struct.pack("<qqiid", 0, 0, 1, 64, 0.0), floats(WEIGHTS)), "unknown flag"
        ),
        entry(
            "bad-flags-rows",
            frame(27, struct.pack("<qqiid", 0, 0, 1, 1, 0.0), floats(WEIGHTS)),
            "unknown flag of PushRows",
        ),
        entry("bad-text", frame(21, b"\xc3\x28"), "message is not UTF-8"),
    ]


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    for old in HERE.glob("*.bin"):
        old.unlink()
    index = {"frames": valid(), "refused": refused()}
    (HERE / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(index['frames'])} frames and {len(index['refused'])} refused ones in {HERE}")


if __name__ == "__main__":
    main()
