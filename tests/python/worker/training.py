"""The whole worker on thirty rows, against a server in Python."""

import numpy as np

from backend import graphs
from backend.graphs import as_json, rows
from sparkflow.backend.runtime import tf
from sparkflow.worker.train import RESULT, Train
from worker.packing import batch, train_spec

DENSE = as_json(graphs.dense)
LOSS = "softmax_cross_entropy_loss/value:0"
FEATURES = rows(30, 4)
LABELS = np.eye(3, dtype=np.float32)[(FEATURES[:, 0] > 0).astype(int)]


def data(count=30):
    middle = count // 2
    return [batch(FEATURES[:middle], LABELS[:middle]), batch(FEATURES[middle:count], LABELS[middle:count])]


def train(server, batches=None, graph=DENSE, partition=0, attempt=1, **changes):
    spec = train_spec(server, graph, **changes)
    result = Train(spec).run(data() if batches is None else batches, partition, attempt)
    assert result.schema == RESULT
    assert result.num_rows == 1
    return result.to_pylist()[0]


def classes_by_number():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    tf.losses.sparse_softmax_cross_entropy(y, graphs.core.dense(x, 3))
