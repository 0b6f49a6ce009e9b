package sparkflow.ps.protocol

import scala.collection.immutable.ArraySeq

/** What is said on the wire; docs/protocol.md says what each means. The raw values travel beside, as a [[Body]]. */
sealed trait Message

// The handshake. Nonces and MACs are 32 bytes.
final case class Challenge(nonce: ArraySeq[Byte]) extends Message
final case class Answer(nonce: ArraySeq[Byte], mac: ArraySeq[Byte]) extends Message
final case class Accept(mac: ArraySeq[Byte]) extends Message

// From the worker.
final case class Hello(round: Int, worker: Int, attempt: Long, rows: Long) extends Message
final case class Initialize(layout: String) extends Message
case object Pull extends Message

/** @param shared the gradient is in the shared segment instead of the body
  * @param change it is no gradient but a change, to be added to the weights
  * @param encoding of the values in the body
  * @param bf16Weights the weights in the answer are bfloat16, not float32
  */
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
) extends Message
final case class Report(iteration: Int, samples: Long, loss: Double) extends Message
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
