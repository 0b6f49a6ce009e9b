package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, IntParam, Param, Params}

import sparkflow.Names

/** How gradients and weights travel between the workers and the parameter server. */
trait TrafficParams extends Params {

  final val transport: Param[String] = new Param[String](
    this,
    "transport",
    "How gradients and weights travel: auto (shared memory for workers on the server's host where there is room for it, " +
      "otherwise TCP), tcp, or shm (shared memory, or the fit fails).",
    TrafficParams.isTransport _
  )

  final val localSteps: IntParam = new IntParam(
    this,
    "localSteps",
    "Mini-batches that a worker trains on its own, with the optimizer in its TensorFlow session, before it pushes what they " +
      "have changed, 1 or more; 1 pushes the gradient of every mini-batch to the server's optimizer.",
    Expect.atLeast("localSteps", 1, "use 1 to push every mini-batch")
  )

  final val compression: Param[String] = new Param[String](
    this,
    "compression",
    "What gradients are made of on their way to the server over TCP: none (float32), bf16 (half the bytes), int8 (a quarter), or " +
      "topk (the largest 5 %); with each of the last three, weights come back as bf16. What int8 and topk leave out is added to the " +
      "worker's next gradient. Shared memory and rows of tables ignore it.",
    TrafficParams.isCompression _
  )

  final val sparseTables: BooleanParam = new BooleanParam(
    this,
    "sparseTables",
    "Whether variables of which the loss reads single rows alone (embedding tables) travel by rows: then a worker has only " +
      "the rows of its mini-batch, and the optimizer updates them as TensorFlow applies sparse gradients. If false, or with " +
      "localSteps or gradientAccumulationSteps above 1, delayCompensation or lamb, they travel whole, and a row that a mini-batch does not read has a gradient of 0."
  )

  setDefault(transport -> "auto", localSteps -> 1, compression -> "none", sparseTables -> true)

  def getCompression: String = $(compression)

  def setCompression(value: String): this.type = set(compression, value)

  def getLocalSteps: Int = $(localSteps)

  def setLocalSteps(value: Int): this.type = set(localSteps, value)

  def getSparseTables: Boolean = $(sparseTables)

  def setSparseTables(value: Boolean): this.type = set(sparseTables, value)

  def getTransport: String = $(transport)

  def setTransport(value: String): this.type = set(transport, value)
}

private object TrafficParams {
  private val transports = Seq("auto", "tcp", "shm")
  private val compressions = Seq("none", "bf16", "int8", "topk")

  private def isTransport(value: String): Boolean = {
    val guess = Option(value).fold("")(Names.didYouMean(_, transports))
    Expect[String]("transport", s"'auto', 'tcp' or 'shm'$guess", "use 'auto'")(transports.contains)(value)
  }

  private def isCompression(value: String): Boolean = {
    val guess = Option(value).fold("")(Names.didYouMean(_, compressions))
    val expected = s"'none', 'bf16', 'int8' or 'topk'$guess"
    Expect[String]("compression", expected, "use 'none'")(compressions.contains)(value)
  }
}
