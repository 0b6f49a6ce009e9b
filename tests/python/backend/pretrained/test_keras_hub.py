"""A model of KerasHub's, small and untrained; runs where KerasHub is installed."""

from __future__ import annotations

import numpy as np
import pytest

from backend.keras_models import Lowered
from backend.pretrained.models import predict
from sparkflow.backend.keras.convert import predictor
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
