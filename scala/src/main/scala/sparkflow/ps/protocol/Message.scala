package sparkflow.ps.protocol

import scala.collection.immutable.ArraySeq

/** What is said on the wire; docs/protocol.md says what each means. The raw values travel beside, as a [[Body]]. */
sealed trait Message

// The handshake. Nonces and MACs are 32 bytes.
final case class Challenge(nonce: ArraySeq[Byte]) extends Message
final case class Answer(nonce: ArraySeq[Byte], mac: ArraySeq[Byte]) extends Message
final case class Accept(mac: ArraySeq[Byte]) extends Message

/** A sign of life, from whoever's turn it is to speak and who has nothing to say yet. */
case object Alive extends Message

// From the worker.

/** The worker's task is there; it reads its rows and starts TensorFlow, and says Hello when it can train. */
final case class Starting(round: Int, worker: Int, attempt: Long) extends Message

/** @param tables names of the variables that this worker takes by rows, a JSON array; empty for none */
final case class Hello(round: Int, worker: Int, attempt: Long, rows: Long, tables: String = "")
    extends Message
final case class Initialize(layout: String) extends Message
case object Pull extends Message

/** A gradient of the weights that travel as a whole, and what else comes with it. */
sealed trait Gradient extends Message {

  /** Whether it is in the shared segment instead of the body. */
  def shared: Boolean

  /** What its values are written as. */
  def encoding: Encoding

  /** Whether those weights are bfloat16 in the answer, not float32. */
  def bf16Weights: Boolean
}

/** @param change it is no gradient but a change, to be added to the weights */
final case class Push(
    step: Long,
    version: Long,
    samples: Int,
    answerWithWeights: Boolean,
    shared: Boolean,
    change: Boolean,
    loss: Double,
    encoding: Encoding = Encoding.Float32,
    bf16Weights: Boolean = false
) extends Gradient
case object PullRows extends Message
final case class PushRows(
    step: Long,
    version: Long,
    samples: Int,
    shared: Boolean,
    loss: Double,
    encoding: Encoding = Encoding.Float32,
    bf16Weights: Boolean = false
) extends Gradient

/** @param waited seconds for which the worker has waited for answers since its last report */
final case class Report(iteration: Int, samples: Long, loss: Double, waited: Double) extends Message

/** @param samples held-out rows of the worker
  * @param loss    their mean loss; 0 without any
  * @param metrics a JSON object: for each metric's name, its total and count
  */
final case class Validation(iteration: Int, samples: Long, loss: Double, metrics: String) extends Message
case object PushState extends Message
case object Done extends Message
final case class Failed(message: String) extends Message
case object Share extends Message
final case class Attached(mapped: Boolean, reason: String) extends Message

// From the server.
final case class Welcome(
    initialize: Boolean,
    step: Long,
    version: Long,
    weightCount: Long,
    stateBytes: Long,
    layout: String
) extends Message
final case class Weights(version: Long) extends Message
final case class Ack(version: Long) extends Message
case object State extends Message

/** @param length 0 when there is none; then `text` says why, otherwise it is the file's path */
final case class Segment(length: Long, weightsOffset: Long, text: String) extends Message
final case class Error(code: Int, message: String) extends Message
