package sparkflow.ps.server

import java.io.IOException
import java.nio.file.Path

import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol.{Attached, ErrorCode, Refused, Segment}
import sparkflow.ps.shm.SharedSegment

/** The shared memory that a worker was offered and has not mapped yet. Belongs to the connection's event loop.
  *
  * @param directory where it is made; None if there shall be none
  * @param notShared told why a worker goes on without
  */
private[server] final class SharedOffer(directory: Option[Path], notShared: String => Unit) {
  private var offered: Option[SharedSegment] = None

  /** Makes a segment in place of one that was not attached.
    *
    * @param pieces bytes of each piece of a vector
    * @return the answer to the worker
    */
  def make(pieces: Seq[Int]): Segment = {
    close()
    directory match {
      case None => Segment(0, 0, "transport is tcp")
      case Some(directory) =>
        try {
          val made = SharedSegment.create(directory, JobSecret.randomBytes(16), pieces)
          offered = Some(made)
          Segment(made.length, made.weightsOffset, made.path.toString)
        } catch {
          // Unsupported: a file system that knows no owner, as on Windows
          case e @ (_: IOException | _: UnsupportedOperationException) =>
            val why =
              s"the parameter server cannot make ${2 * pieces.map(_.toLong).sum} bytes of shared memory in $directory: $e"
            notShared(why)
            Segment(0, 0, why)
        }
    }
  }

  /** The worker has answered the offer.
    *
    * @return the exchange through the segment, if it has mapped it
    * @throws Refused if there was none
    */
  def settle(said: Attached): Option[Exchange] = {
    val made = offered.getOrElse(
      throw new Refused(ErrorCode.Malformed, "Attached, but no segment was offered")
    )
    if (said.mapped) {
      made.unlink()
      offered = None
      Some(new SharedExchange(made))
    } else {
      close()
      notShared(said.reason)
      None
    }
  }

  def close(): Unit = {
    offered.foreach(_.close())
    offered = None
  }
}
