import pytest
import tensorflow.compat.v1 as compat

from interpreter import run
from sparkflow import tf1

LAYERS = [
    *("dense", "dropout", "flatten", "conv1d", "conv2d", "conv3d", "separable_conv1d", "separable_conv2d"),
    *("conv2d_transpose", "conv3d_transpose", "batch_normalization", "average_pooling1d", "max_pooling1d"),
    *("average_pooling2d", "max_pooling2d", "average_pooling3d", "max_pooling3d", "Layer", "InputSpec"),
    *("Dense", "Dropout", "Flatten", "Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D"),
    *("Conv2DTranspose", "Conv3DTranspose", "BatchNormalization", "AveragePooling1D", "MaxPooling1D"),
    *("AveragePooling2D", "MaxPooling2D", "AveragePooling3D", "MaxPooling3D"),
]


@pytest.mark.parametrize("name", LAYERS)
def test_layers_has_all_that_tensorflow_1_had(name):
    assert callable(getattr(tf1.layers, name))


def test_everything_else_is_tensorflows_own():
    assert tf1.placeholder is compat.placeholder
    assert tf1.train is compat.train
    assert tf1.float32 is compat.float32
    assert {"layers", "placeholder", "losses"} <= set(dir(tf1))


def test_layers_work_outside_build_graph():
    with compat.Graph().as_default():
        x = tf1.placeholder(tf1.float32, [None, 4])
        assert tf1.layers.dense(x, 3).shape.as_list() == [None, 3]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        tf1.no_such_thing  # noqa: B018
    with pytest.raises(ImportError):
        from sparkflow.tf1 import no_such_thing  # noqa: F401


def test_importing_sparkflow_does_not_import_tensorflow():
    modules = [
        *(
            "ml",
            "params",
            "session",
            "graph_utils",
            "cli",
            "loaders",
            "optimizers",
            "tf1",
            "tensorflow_async",
        ),
        *("pipeline_util", "tensorflow_model_loader", "HogwildSparkModel"),
    ]
    program = (
        f"import sys\n{''.join(f'import sparkflow.{m}{chr(10)}' for m in modules)}"
        "hasattr(sparkflow.tf1, '__path__')\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'keras', 'tf_keras')])"
    )
    done = run(program)
    assert done.stdout.strip() == "[]"
