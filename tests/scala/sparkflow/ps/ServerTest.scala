package sparkflow.ps

import java.util.concurrent.{ConcurrentLinkedQueue, CountDownLatch, TimeUnit}

import scala.concurrent.duration.FiniteDuration
import scala.jdk.CollectionConverters._

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, ModelState, StateVariable, Variable}

/** Live servers on the loopback address, and threads that are joined. */
abstract class ServerTest extends AnyFunSuite {
  val layout: Layout = Layout(
    Seq(Variable("kernel", Seq(2, 2)), Variable("bias", Seq(1))),
    Seq(StateVariable("mean", Seq(2), "float32"), StateVariable("count", Nil, "int64"))
  )
  val secret: JobSecret = JobSecret.random()

  def zeros(of: Layout = layout): ModelState =
    ModelState(of, new Array[Float](of.weightCount), new Array[Byte](of.stateBytes))

  def ones(n: Int = layout.weightCount): Array[Float] = Array.fill(n)(1f)

  def config(mode: String = "locked", initial: Option[ModelState] = Some(zeros())): ServerConfig =
    ServerConfig("127.0.0.1", 0, mode, new Sgd, secret, initial, threads = 2)

  final class Events extends ServerEvents {
    private val reported = new ConcurrentLinkedQueue[IterationReport]
    private val failures = new ConcurrentLinkedQueue[String]
    override def report(r: IterationReport): Unit = { reported.add(r); () }
    private val losses = new ConcurrentLinkedQueue[(Int, Long)]
    private val validated = new ConcurrentLinkedQueue[ValidationReport]
    override def validated(v: ValidationReport): Unit = { validated.add(v); () }
    def validations: Seq[ValidationReport] = validated.asScala.toSeq
    override def failed(message: String): Unit = { failures.add(message); () }
    @volatile var stops: IterationReport => Boolean = _ => false
    override def wantsToStop(): Boolean = reported.asScala.exists(stops(_))
    private val taken = new ConcurrentLinkedQueue[FitSnapshot]
    override def wantsSnapshot(): Boolean = true
    override def snapshot(snapshot: FitSnapshot): Unit = { taken.add(snapshot); () }
    def snapshots: Seq[FitSnapshot] = taken.asScala.toSeq
    override def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit = {
      losses.add(partition -> attempt); ()
    }
    def lost: Seq[(Int, Long)] = losses.asScala.toSeq
    def reports: Seq[IterationReport] = reported.asScala.toSeq
    def failed: Seq[String] = failures.asScala.toSeq
  }

  final class Live(val config: ServerConfig, val events: Events, from: Option[FitSnapshot] = None)
      extends AutoCloseable {
    val server = new ParameterServer(config, events)
    val port: Int = server.start(from)

    /** Connected and past the handshake. */
    def connect(): WireClient =
      new WireClient(port, config.certificate.map(_.certificate)).handshake(config.secret)

    /** Connected and past Hello. */
    def worker(id: Int, attempt: Long = 0, round: Int = 0): WireClient = {
      val client = connect()
      client.call(Hello(round, id, attempt, 10)) match {
        case _: Welcome => client
        case other      => fail(s"no Welcome but $other")
      }
    }

    def weights: Seq[Float] = server.result().get.weights.toSeq

    override def close(): Unit = server.close()
  }

  def withServer(settings: ServerConfig = config())(test: Live => Unit): Unit = {
    val live = new Live(settings, new Events)
    try test(live)
    finally live.close()
  }

  /** Runs all at once; rethrows the first failure. */
  def together(n: Int)(body: Int => Unit): Unit = {
    val start = new CountDownLatch(1)
    val failures = new ConcurrentLinkedQueue[Throwable]
    val threads = (0 until n).map { i =>
      val run: Runnable = () => {
        start.await(10, TimeUnit.SECONDS)
        try body(i)
        catch { case e: Throwable => failures.add(e); () }
      }
      val thread = new Thread(run, s"test-worker-$i")
      thread.start()
      thread
    }
    start.countDown()
    threads.foreach(_.join(60000))
    assert(threads.forall(!_.isAlive), "a worker is stuck")
    if (!failures.isEmpty) throw failures.peek
  }

  def assertError(code: Int, reply: Message): String = reply match {
    case Error(`code`, message) => message
    case other                  => fail(s"expected Error($code), got $other")
  }
}
