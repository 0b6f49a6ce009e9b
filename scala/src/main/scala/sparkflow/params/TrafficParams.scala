package sparkflow.params

import org.apache.spark.ml.param.{Param, Params}

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

  setDefault(transport -> "auto")

  def getTransport: String = $(transport)

  def setTransport(value: String): this.type = set(transport, value)
}

private object TrafficParams {
  private val transports = Seq("auto", "tcp", "shm")

  private def isTransport(value: String): Boolean = {
    val guess = Option(value).fold("")(Names.didYouMean(_, transports))
    Expect[String]("transport", s"'auto', 'tcp' or 'shm'$guess", "use 'auto'")(transports.contains)(value)
  }
}
