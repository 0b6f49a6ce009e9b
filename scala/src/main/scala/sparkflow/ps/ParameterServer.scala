package sparkflow.ps

import java.util.concurrent.atomic.AtomicBoolean

import sparkflow.ps.consistency.Consistency
import sparkflow.ps.server.{EventQueue, Fit, NettyServer}
import sparkflow.ps.store.ModelState

/** Owns the weights and the optimizer of one fit, and serves them to its workers as docs/protocol.md says. Any number
  * of servers may live in one JVM.
  *
  * @throws IllegalArgumentException for an unknown mode
  */
final class ParameterServer(config: ServerConfig, events: ServerEvents) extends AutoCloseable {
  Consistency.check(config.mode)

  private val queue = new EventQueue(events, config.eventCapacity)
  private val fit =
    new Fit(
      (from, layout) =>
        Consistency(config.mode, config.optimizer, from, ParameterServer.shardThreads(config), layout.starts),
      config,
      queue
    )
  private val started = new AtomicBoolean
  private var netty: Option[NettyServer] = None

  /** Starts listening.
    *
    * @param from what to go on from, instead of the config's `initial`; copied
    * @return the bound port
    * @throws java.io.IOException if the port is taken or the host is none of this machine; nothing is left running
    * @throws IllegalStateException if it was started or closed before
    */
  def start(from: Option[FitSnapshot] = None): Int = synchronized {
    if (!started.compareAndSet(false, true))
      throw new IllegalStateException("a parameter server serves one fit: it was started or closed before")
    from match {
      case Some(snapshot) => fit.resume(snapshot)
      case None           => config.initial.foreach(s => fit.begin(s.copy(state = s.state.clone())))
    }
    queue.start()
    val server = new NettyServer(config, fit)
    netty = Some(server)
    try server.start()
    catch {
      case e: Throwable =>
        close()
        throw e
    }
  }

  /** A round begins, in which all of these workers take part: needed in the modes in which they wait for each other, for
    * snapshots, and with validation or early stopping.
    */
  def begin(round: Int, workers: Int): Unit = fit.begin(round, workers)

  /** The model as it was at the last improvement if that is kept, else a copy of it as it is now; also after `close`. None
    * if there were no weights yet.
    */
  def result(): Option[ModelState] = fit.result()

  /** Whether the fit has ended because it no longer improved, or the listener wanted it to. Workers that ask on are
    * told that it is over.
    */
  def stoppedEarly: Boolean = fit.watch.stoppedEarly

  /** The iteration with the best loss so far; None where nobody asked for early stopping or the best weights. */
  def bestIteration: Option[Int] = fit.watch.bestIteration

  /** All that the fit has come to, also after `close`; None if there were no weights yet. */
  def snapshot(): Option[FitSnapshot] = fit.snapshot()

  /** Updates applied so far. */
  def steps: Long = fit.steps

  /** What was counted so far; the bytes are those of connections that have closed. */
  def counts: FitCounts = fit.counts

  /** Why the fit failed, as given to `ServerEvents.failed`; None if it has not. */
  def failure: Option[String] = fit.failure

  /** Ends the fit. Workers that ask on are told that it is over. On return the port is closed, every event is delivered
    * and the threads are gone; each stage is bounded by a timeout of the
    * config. May be called more than once, and from a listener
    * (which then is the one thread that still runs).
    */
  def close(): Unit = synchronized {
    started.set(true)
    fit.finish()
    netty.foreach(_.close(fit.failure.getOrElse("the fit is over")))
    netty = None
    fit.close()
    // A fit that failed, or was cancelled, has no news worth waiting for.
    queue.close(if (fit.failure.isEmpty) config.listenerTimeout else config.closeTimeout)
  }
}

private object ParameterServer {
  private def shardThreads(config: ServerConfig): Int =
    if (config.shardThreads > 0) config.shardThreads else Runtime.getRuntime.availableProcessors
}
