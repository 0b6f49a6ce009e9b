package sparkflow.params

import org.apache.spark.ml.param.{Param, Params}

/** What becomes of a mini-batch before the model is trained on it. */
trait TransformParams extends Params {

  final val transformFn: Param[String] = new Param[String](
    this,
    "transformFn",
    "A Python function, as 'module.function', that each worker calls with each of its mini-batches, to vary them at random," +
      " say: function(features, label, random) gets two numpy arrays, of the shapes and dtypes that the graph takes (label is" +
      " None without labelCol), and a numpy.random.Generator, and returns (features, label) of the same shapes and dtypes. " +
      "The generator depends on the seed, the partition, the iteration and the mini-batch. Rows that are held out, and " +
      "transform, go without. Workers must be able to import the module: ship it with --py-files. Not set: the rows as they " +
      "are.",
    Expect[String](
      "transformFn",
      "the name of a Python function with its module, such as 'augment.flip'",
      "name a function that workers can import, or leave it unset"
    )(value => value != null && value.matches("[^\\s.:/]+([.][^\\s.:/]+)+"))
  )

  def getTransformFn: String = $(transformFn)

  def setTransformFn(value: String): this.type = set(transformFn, value)
}
