package sparkflow.bench

import scala.concurrent.duration.FiniteDuration
import scala.io.Source

import sparkflow.ps.{IterationReport, ParameterServer, ServerConfig, ServerEvents}
import sparkflow.ps.auth.JobSecret
import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{Layout, ModelState, Variable}

/** What the benchmark needs of a JVM, without a fit around it. Reads a line, answers with a line of JSON:
  *  - `serve COUNT OPTIMIZER`: a parameter server with COUNT weights; its port and secret
  *  - `raw BYTES`: a plain socket that takes BYTES and gives as many back, again and again; its port
  *  - `steps COUNT OPTIMIZER TIMES`: the seconds of each of TIMES updates of COUNT weights
  *  - `cpu`: the seconds of processor time that this JVM has used
  *
  * `serve` and `raw` end what the one before them began.
  */
object Serve {
  def main(arguments: Array[String]): Unit = {
    var running: Option[AutoCloseable] = None
    Source.stdin.getLines().map(_.split(' ').toList).foreach { question =>
      val answer = question match {
        case "serve" :: count :: optimizer :: Nil =>
          running.foreach(_.close())
          val secret = JobSecret.random()
          val server = new ParameterServer(config(count.toInt, optimizer, secret), NoEvents)
          running = Some(server)
          s"""{"port": ${server.start()}, "secret": "${secret.hex}"}"""
        case "raw" :: bytes :: Nil =>
          running.foreach(_.close())
          val socket = new RawSocket(bytes.toInt)
          running = Some(socket)
          socket.start()
          s"""{"port": ${socket.port}}"""
        case "steps" :: count :: optimizer :: times :: Nil =>
          OptimizerSteps(count.toInt, create(optimizer), times.toInt).mkString("[", ", ", "]")
        case "cpu" :: Nil => ProcessHandle.current.info.totalCpuDuration.get.toNanos / 1e9
        case other        => throw new IllegalArgumentException(s"no such question: ${other.mkString(" ")}")
      }
      println(answer)
    }
    running.foreach(_.close())
  }

  private def config(count: Int, optimizer: String, secret: JobSecret) = {
    val layout = Layout(Seq(Variable("w", Seq(count))), Nil)
    ServerConfig(
      host = "127.0.0.1",
      port = 0,
      mode = "hogwild",
      optimizer = create(optimizer),
      secret = secret,
      initial = Some(ModelState(layout, new Array[Float](count), new Array[Byte](0)))
    )
  }

  private def create(optimizer: String) = Optimizer.create(optimizer, 0.001, Map.empty)

  private object NoEvents extends ServerEvents {
    override def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit = ()
    override def report(r: IterationReport): Unit = ()
    override def failed(message: String): Unit = System.err.println(message)
  }
}
