package sparkflow.ps.server

import java.net.{InetSocketAddress, SocketAddress}

import scala.collection.mutable

/** Logs connections that were refused before they proved the secret: of each host the first, so that nobody can fill the
  * log by knocking again and again; the others are counted.
  *
  * @param warn writes a line to the log
  */
private[server] final class Refusals(warn: String => Unit) {
  private val hosts = mutable.HashSet.empty[String]
  private var silent = 0L

  def refused(peer: SocketAddress, why: String): Unit = synchronized {
    val host = peer match {
      case address: InetSocketAddress => String.valueOf(address.getAddress)
      case other                      => String.valueOf(other)
    }
    if (hosts.size < Refusals.mostHosts && hosts.add(host))
      warn(s"refused $peer: $why; more refusals of this host are only counted")
    else silent += 1
  }

  /** The server has closed. */
  def close(): Unit = synchronized {
    if (silent > 0) warn(s"refused $silent more connections that had not proven the fit's secret")
    silent = 0
  }
}

private object Refusals {
  // Lines that one fit may cost, and addresses that it remembers.
  val mostHosts = 100
}
