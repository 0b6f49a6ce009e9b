"""Models of KerasHub's, small and untrained; runs where KerasHub is installed: pip install keras-hub."""

from __future__ import annotations

import numpy as np
import pytest

from backend.graphs import shaped
from backend.keras_models import Lowered, truth
from backend.pretrained.models import predict
from sparkflow.backend.feed import Fed
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.keras.convert import convert, predictor
from sparkflow.backend.pretrained.open import open_model

keras_hub = pytest.importorskip("keras_hub")


def test_an_image_classifier_is_brought_in_and_trained(tmp_path):
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(16, 16, 3),
    )
    model = keras_hub.models.ImageClassifier(backbone=backbone, num_classes=3)
    x = np.random.default_rng(0).random((4, 16, 16, 3)).astype(np.float32)
    wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(predictor(model), x), wanted, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(open_model(str(tmp_path / "model.keras")), x), wanted, atol=1e-5)
    backbone.trainable = False
    lowered = Lowered(model, "mse")
    assert len(lowered.layout.weights) == 2
    _, gradient = lowered.step(x, np.zeros((4, 3), np.float32))
    assert np.abs(gradient).max() > 0


def test_a_text_classifier_takes_what_a_tokenizer_gives_in_several_columns():
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=50,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=6,
        dropout=0.0,
    )
    model = keras_hub.models.BertTextClassifier(backbone, num_classes=2, preprocessor=None, dropout=0.0)
    random = np.random.default_rng(0)
    x = {
        "token_ids": random.integers(0, 50, (4, 6)).astype(np.int32),
        "segment_ids": np.zeros((4, 6), np.int32),
        "padding_mask": np.array([[1] * 6, [1] * 4 + [0] * 2] * 2, np.int32),
    }
    y = np.array([[0], [1], [1], [0]], np.float32)
    converted = convert(model)
    assert set(converted.inputs) == set(x)
    inputs = [Fed(name, "tfInputs", tensor) for name, tensor in converted.inputs.items()]
    (label,) = converted.labels.values()
    backend = GraphBackend(converted.graph, inputs, label, tf_output=converted.tf_output)
    start = np.frombuffer(converted.values.weights, "<f4")
    backend.start(start, converted.values.state)
    columns = [x[name].astype(np.float32) for name in converted.inputs]
    loss, parts = backend.step(start, *shaped(backend, *columns, y))
    wanted, gradient = truth(model, x, y)
    assert loss == pytest.approx(wanted, rel=1e-5)
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-3, atol=1e-5)
