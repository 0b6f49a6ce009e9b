"""The first example of SparkFlow 0.7, with its imports changed: MNIST from a CSV with the label first.

python examples/mnist_data.py mnist_train.csv     # writes the CSV, once
python examples/simple_dnn.py mnist_train.csv
"""

import sys

from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import OneHotEncoder, VectorAssembler
from pyspark.ml.pipeline import Pipeline, PipelineModel
from pyspark.sql import SparkSession
from pyspark.sql.functions import rand

from sparkflow import tf1 as tf
from sparkflow.graph_utils import build_adam_config, build_graph
from sparkflow.pipeline_util import PysparkPipelineWrapper
from sparkflow.session import configure_spark_with_sparkflow_pip
from sparkflow.tensorflow_async import SparkAsyncDL


def small_model():
    x = tf.placeholder(tf.float32, shape=[None, 784], name="x")
    y = tf.placeholder(tf.float32, shape=[None, 10], name="y")
    layer1 = tf.layers.dense(x, 256, activation=tf.nn.relu)
    layer2 = tf.layers.dense(layer1, 256, activation=tf.nn.relu)
    out = tf.layers.dense(layer2, 10)
    z = tf.argmax(out, 1, name="out")  # noqa: F841
    loss = tf.losses.softmax_cross_entropy(y, out)
    return loss


def main(csv: str, iters: int = 10) -> float:
    """Trains on the CSV and returns the accuracy on it."""
    builder = SparkSession.builder.appName("simple_dnn").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()

    df = spark.read.option("inferSchema", "true").csv(csv).orderBy(rand())
    mg = build_graph(small_model)
    adam_config = build_adam_config(learning_rate=0.001, beta1=0.9, beta2=0.999)
    vector_assembler = VectorAssembler(inputCols=df.columns[1:785], outputCol="features")
    encoder = OneHotEncoder(inputCol="_c0", outputCol="labels", dropLast=False)

    spark_model = SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=mg,
        tfInput="x:0",
        tfLabel="y:0",
        tfOutput="out:0",
        tfOptimizer="adam",
        miniBatchSize=300,
        miniStochasticIters=-1,
        shufflePerIter=True,
        iters=iters,
        predictionCol="predicted",
        labelCol="labels",
        partitions=2,
        verbose=1,
        optimizerOptions=adam_config,
    )

    p = Pipeline(stages=[vector_assembler, encoder, spark_model]).fit(df)
    p.write().overwrite().save("simple_dnn")

    loaded = PysparkPipelineWrapper.unwrap(PipelineModel.load("simple_dnn"))
    evaluator = MulticlassClassificationEvaluator(
        labelCol="_c0", predictionCol="predicted", metricName="accuracy"
    )
    accuracy = evaluator.evaluate(loaded.transform(df))
    print(f"Training error = {1.0 - accuracy:g}")
    return accuracy


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
