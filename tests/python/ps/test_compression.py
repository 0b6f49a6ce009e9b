"""Gradients as other values than float32: what is sent, and what the residual keeps."""

import numpy as np
import pytest

from ps.fake_server import SECRET, FakeServer, decoded
from sparkflow.backend.layout import Layout, Variable
from sparkflow.ps import wire
from sparkflow.ps.client import ParameterClient
from sparkflow.ps.compression import compressor, widen

NAMES = ["bf16", "int8", "topk"]
COUNTS = [1, 5, 20, 21, 1024, 1025, 5000]


def gradient(count, seed=0):
    random = np.random.default_rng(seed)
    return (random.standard_normal(count) * 10.0 ** random.integers(-4, 2, count)).astype(np.float32)


def sent(encoder, values, count):
    body = b"".join(part.tobytes() for part in encoder.encode(values))
    return decoded(encoder.encoding, body, count), len(body)


@pytest.mark.parametrize("count", COUNTS)
def test_the_bytes_are_as_many_as_the_layout_says(count):
    for name, size in [
        ("bf16", 2 * count),
        ("int8", count + 4 * -(-count // 1024)),
        ("topk", 8 * -(-count // 20)),
    ]:
        assert sent(compressor(name, count), [gradient(count)], count)[1] == size


@pytest.mark.parametrize("count", COUNTS)
def test_bf16_is_the_nearest(count):
    values = gradient(count)
    got, _ = sent(compressor("bf16", count), [values], count)
    assert np.all(np.abs(got - values) <= np.abs(values) / 256)
    assert not np.any(got.view(np.uint32) & 0xFFFF)


@pytest.mark.parametrize("count", COUNTS)
def test_int8_is_off_by_half_a_scale_at_most(count):
    values = gradient(count)
    got, _ = sent(compressor("int8", count), [values], count)
    for start in range(0, count, 1024):
        block = slice(start, start + 1024)
        scale = np.abs(values[block]).max() / 127
        assert np.all(np.abs(got[block] - values[block]) <= 0.501 * scale)


@pytest.mark.parametrize("count", COUNTS)
def test_topk_sends_the_largest_as_they_are(count):
    values = gradient(count)
    encoder = compressor("topk", count)
    indices, got = encoder.encode([values])
    assert np.all(np.diff(indices) > 0)
    np.testing.assert_array_equal(got, values[indices])
    assert np.abs(got).min() >= np.abs(np.delete(values, indices)).max(initial=0)


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_one_vector(name):
    values = gradient(3000)
    whole, _ = sent(compressor(name, 3000), [values], 3000)
    parts, _ = sent(compressor(name, 3000), [values[:7], values[7:7], values[7:2050], values[2050:]], 3000)
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(values, gradient(3000))
    with pytest.raises(ValueError, match="has 2999 values, expected 3000"):
        compressor(name, 3000).encode([values[1:]])


@pytest.mark.parametrize("name", ["int8", "topk"])
def test_the_sum_of_what_is_sent_is_the_true_sum_but_for_what_is_kept(name):
    count, steps = 2500, 300
    values = gradient(count)
    encoder, total = compressor(name, count), np.zeros(count)
    for _ in range(steps):
        total += sent(encoder, [values], count)[0]
    exact = steps * values.astype(np.float64)
    np.testing.assert_allclose(total + encoder._total.ravel()[:count], exact, rtol=1e-4, atol=1e-4)
    # Half a scale; or what a value grows to until it is among the largest, then all of it is sent.
    most = 0.51 / 127 if name == "int8" else 20
    assert np.abs(total - exact).max() <= most * np.abs(values).max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_stays_so(name, bad):
    values = gradient(5000)
    values[3000] = bad
    got, _ = sent(compressor(name, 5000), [values], 5000)
    assert not np.isfinite(got[3000])
    if name != "int8":
        np.testing.assert_array_equal(got[3000], values[3000])
    assert np.isfinite(got[:2048]).all()


def test_bf16_keeps_every_nan_and_infinity():
    bits = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00000, 0x7F800001, 0x7F800000, 0xFF800000], np.uint32)
    got, _ = sent(compressor("bf16", 6), [bits.view(np.float32)], 6)
    assert not np.isfinite(got).any()
    np.testing.assert_array_equal(got[4:], [np.inf, -np.inf])


def test_int8_keeps_what_is_too_small_for_a_scale():
    values = np.full(3, 2.0**-149, np.float32)
    encoder = compressor("int8", 3)
    for steps in range(1, 4):
        np.testing.assert_array_equal(sent(encoder, [values], 3)[0], np.zeros(3))
        np.testing.assert_array_equal(encoder._total[0, :3], steps * values)


def test_widening_is_exact():
    halves = np.array([0x3F80, 0x8000, 0xC2FE, 0x7F80, 0x7FC0], np.uint16)
    into = np.empty(5, np.float32)
    widen(halves, into)
    np.testing.assert_array_equal(into, [1.0, -0.0, -127.0, np.inf, np.nan])


def test_an_unknown_compression_is_refused():
    with pytest.raises(ValueError, match="compression is 'int4', expected 'none' or one of bf16, int8, topk"):
        compressor("int4", 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_push_is_encoded_and_the_weights_come_back_halved(name):
    start = np.arange(300, dtype=np.float32)
    layout = Layout((Variable("w", (300,)),), ())
    values = np.zeros(300, np.float32)
    values[[3, 200, 299]] = [1, -127, 64]
    with FakeServer(layout, start, learning_rate=0.5) as server:
        with ParameterClient.connect("127.0.0.1", server.port, SECRET) as client:
            client.hello(0, 0, 1, 10)
            client.compress(name)
            np.testing.assert_array_equal(client.weights, start)
            client.push(0, 0, 8, 1.0, [values[:100], values[100:]])
            assert client.wait() == 1
            exact = start - np.float32(0.5) * values
            np.testing.assert_array_equal(server.weights, exact)
            np.testing.assert_allclose(client.weights, exact, rtol=1 / 128)
            assert client.weights.ctypes.data % 64 == 0
        flags = wire.ANSWER_WEIGHTS | wire.BF16_WEIGHTS | compressor(name, 1).encoding
        assert [push.flags for push in server.pushes] == [flags]
