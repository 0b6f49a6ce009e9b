"""Functions for `transformFn`."""

import numpy as np


def noisy(features, label, random):
    features += random.normal(size=features.shape).astype(np.float32)  # in place
    return features, label


def doubled(features, label, random):
    return features * 2, label


def wide(features, label, random):
    assert label is None
    return features.astype(np.float64), None


def short(features, label, random):
    return features[:-1], label


def alone(features, label, random):
    return features


def broken(features, label, random):
    raise KeyError("no such thing")


number = 3
