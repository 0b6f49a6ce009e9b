package sparkflow.ps.server

import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.concurrent.duration.FiniteDuration

import io.netty.handler.timeout.{IdleState, IdleStateEvent, IdleStateHandler}

/** When this side of a connection says that it lives, and when the other is taken for lost.
  *
  * Whose turn it is to speak says so six times in `timeout`, and who has not moved one byte for as long is lost. The event
  * loop may have been busy with other connections and not have read what has come; so it takes two halves of the time,
  * between which it has. A worker that starts may be silent for [[starting]] times as long: Python lets no other thread
  * run while it loads a library, and a cold disk takes its time to bring TensorFlow's.
  */
private[server] object SignsOfLife {

  val starting = 10

  def apply(timeout: FiniteDuration): IdleStateHandler =
    new IdleStateHandler(true, 0, timeout.toNanos / 6, timeout.toNanos / 2, NANOSECONDS)

  /** Nothing has been written for a sixth of the time. */
  object Quiet {
    def unapply(event: IdleStateEvent): Boolean = event.state == IdleState.WRITER_IDLE
  }

  /** Counts for how long nothing has moved, either way. */
  final class Silence {
    private var halves = 0

    /** @return whether it is too long: longer than `times` the timeout */
    def lasts(event: IdleStateEvent, times: Int): Boolean = event.state == IdleState.ALL_IDLE && {
      halves = if (event.isFirst) 1 else halves + 1
      halves >= 2 * times
    }
  }
}
