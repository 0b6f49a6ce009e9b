package sparkflow.ps.protocol

/** A request that is answered by Error, after which the connection is closed.
  *
  * It carries no stack trace: the message says all, and a peer must not be able to make us fill in traces.
  *
  * @param code one of [[ErrorCode]]
  */
final class Refused(val code: Int, message: String) extends RuntimeException(message, null, false, false)

/** The codes of docs/protocol.md. */
object ErrorCode {
  val Malformed = 1
  val Handshake = 2
  val Fenced = 3
  val Over = 4
  val Sizes = 5
  val Internal = 6
}
