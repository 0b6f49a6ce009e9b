"""Keras 3 models as graphs that `sparkflow.backend` trains, and back again."""

# Before Keras, which imports TensorFlow, too, but lets it chatter.
from sparkflow.backend import runtime  # noqa: F401
