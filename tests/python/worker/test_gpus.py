from types import SimpleNamespace

import pytest

from sparkflow.worker import gpus


def gpu(*addresses):
    return {"gpu": SimpleNamespace(name="gpu", addresses=list(addresses))}


@pytest.mark.parametrize(
    ("resources", "before", "after"),
    [
        (gpu("1"), {}, "1"),
        (gpu("1", "3"), {"CUDA_VISIBLE_DEVICES": "0,1,2,3"}, "1,3"),
        (gpu("MIG-2c2f"), {}, "MIG-2c2f"),
        (gpu(), {}, ""),
        ({}, {}, None),
        ({}, {"CUDA_VISIBLE_DEVICES": "2"}, "2"),
        ({"fpga": SimpleNamespace(name="fpga", addresses=["0"])}, {}, None),
    ],
)
def test_tensorflow_sees_the_task_s_own(resources, before, after):
    assert gpus.take(resources, before, started=False) is None
    assert before.get("CUDA_VISIBLE_DEVICES") == after


def test_a_worker_that_is_used_again_keeps_its_own():
    environment = {}
    gpus.take(gpu("0"), environment, started=False)
    assert gpus.take(gpu("0"), environment, started=True) is None
    said = gpus.take(gpu("1"), environment, started=True)
    assert said.startswith("sparkflow: Spark gave this task GPU 1, but TensorFlow already runs on 0 in this")
    assert environment == {"CUDA_VISIBLE_DEVICES": "0"}
    assert "already runs on all" in gpus.take(gpu("1"), {}, started=True)
    assert gpus.take({}, environment, started=True) is None


def test_the_log_hears_of_it(monkeypatch, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setitem(gpus.sys.modules, "sparkflow.backend.runtime", object())
    gpus.take_of(SimpleNamespace(resources=lambda: gpu("1")))
    gpus.take_of(None)
    assert "Spark gave this task GPU 1" in capsys.readouterr().err
