package sparkflow.ps.protocol

import java.nio.charset.{CharacterCodingException, StandardCharsets}
import java.nio.{ByteBuffer, ByteOrder}

import scala.collection.immutable.ArraySeq
import scala.reflect.ClassTag

/** Messages to meta bytes and back. The table below is the only place that knows tags and fields. */
object MessageCodec {

  /** One kind of message.
    *
    * @param fixed bytes of the fields of fixed size
    * @param text the text that fills the rest of the meta; None for a message that has none
    * @param hasBody whether raw values may follow
    */
  private final class Kind[M <: Message](
      val tag: Int,
      val fixed: Int,
      val hasBody: Boolean,
      val write: (M, ByteBuffer) => Unit,
      val text: Option[M => String],
      val read: (ByteBuffer, String) => M
  )(implicit val classTag: ClassTag[M])

  private def kind[M <: Message: ClassTag](tag: Int, fixed: Int, hasBody: Boolean = false)(
      write: (M, ByteBuffer) => Unit
  )(read: ByteBuffer => M): Kind[M] = new Kind(tag, fixed, hasBody, write, None, (in, _) => read(in))

  private def textKind[M <: Message: ClassTag](tag: Int, fixed: Int, hasBody: Boolean = false)(
      write: (M, ByteBuffer) => Unit,
      text: M => String
  )(read: (ByteBuffer, String) => M): Kind[M] = new Kind(tag, fixed, hasBody, write, Some(text), read)

  private def bare[M <: Message: ClassTag](tag: Int, message: M, hasBody: Boolean = false): Kind[M] =
    kind[M](tag, 0, hasBody)((_, _) => ())(_ => message)

  private val kinds: Seq[Kind[_ <: Message]] = Seq(
    kind[Challenge](1, 32)((m, out) => put(out, m.nonce))(in => Challenge(bytes32(in))),
    kind[Answer](2, 64) { (m, out) =>
      put(out, m.nonce)
      put(out, m.mac)
    }(in => Answer(bytes32(in), bytes32(in))),
    kind[Accept](3, 32)((m, out) => put(out, m.mac))(in => Accept(bytes32(in))),
    textKind[Hello](10, 24)(
      (m, out) => {
        out.putInt(m.round).putInt(m.worker).putLong(m.attempt).putLong(m.rows)
        ()
      },
      _.tables
    )((in, text) => Hello(in.getInt(), in.getInt(), in.getLong(), in.getLong(), text)),
    textKind[Welcome](11, 40, hasBody = true)(
      (m, out) => {
        out.putLong(if (m.initialize) 1 else 0).putLong(m.step).putLong(m.version)
        out.putLong(m.weightCount).putLong(m.stateBytes)
        ()
      },
      _.layout
    )((in, text) =>
      Welcome(flag(in.getLong()), in.getLong(), in.getLong(), in.getLong(), in.getLong(), text)
    ),
    textKind[Initialize](12, 0, hasBody = true)((_, _) => (), _.layout)((_, text) => Initialize(text)),
    bare(13, Pull),
    kind[Weights](14, 8, hasBody = true)((m, out) => putLong(out, m.version))(in => Weights(in.getLong())),
    kind[Push](15, 32, hasBody = true) { (m, out) =>
      out.putLong(m.step).putLong(m.version).putInt(m.samples)
      out.putInt(bits(m.answerWithWeights, m.shared, m.change, m.bf16Weights) | m.encoding.code << 4)
      out.putDouble(m.loss)
      ()
    } { in =>
      val (step, version, samples) = (in.getLong(), in.getLong(), in.getInt())
      val bits = new PushFlags(in, 63)
      Push(step, version, samples, bits(0), bits(1), bits(2), in.getDouble(), bits.encoding, bits(3))
    },
    kind[Ack](16, 8)((m, out) => putLong(out, m.version))(in => Ack(in.getLong())),
    kind[Report](17, 32) { (m, out) =>
      out.putInt(m.iteration).putInt(0).putLong(m.samples).putDouble(m.loss).putDouble(m.waited)
      ()
    } { in =>
      val iteration = in.getInt()
      if (in.getInt() != 0) malformed("bytes 4 to 7 of Report are not zero")
      Report(iteration, in.getLong(), in.getDouble(), in.getDouble())
    },
    bare(18, PushState, hasBody = true),
    bare(19, State, hasBody = true),
    bare(20, Done),
    textKind[Failed](21, 0)((_, _) => (), _.message)((_, text) => Failed(text)),
    textKind[Error](22, 4)((m, out) => putInt(out, m.code), _.message)((in, text) =>
      Error(in.getInt(), text)
    ),
    bare(23, Share),
    textKind[Segment](24, 16)(
      (m, out) => {
        out.putLong(m.length).putLong(m.weightsOffset)
        ()
      },
      _.text
    )((in, text) => Segment(in.getLong(), in.getLong(), text)),
    textKind[Attached](25, 8)((m, out) => putLong(out, if (m.mapped) 1 else 0), _.reason)((in, text) =>
      Attached(flag(in.getLong()), text)
    ),
    bare(26, PullRows, hasBody = true),
    kind[PushRows](27, 32, hasBody = true) { (m, out) =>
      out.putLong(m.step).putLong(m.version).putInt(m.samples)
      out.putInt(bits(false, m.shared, false, m.bf16Weights) | m.encoding.code << 4)
      out.putDouble(m.loss)
      ()
    } { in =>
      val (step, version, samples) = (in.getLong(), in.getLong(), in.getInt())
      val bits = new PushFlags(in, 58)
      PushRows(step, version, samples, bits(1), in.getDouble(), bits.encoding, bits(3))
    },
    bare(28, Alive),
    textKind[Validation](29, 24)(
      (m, out) => {
        out.putInt(m.iteration).putInt(0).putLong(m.samples).putDouble(m.loss)
        ()
      },
      _.metrics
    ) { (in, text) =>
      val iteration = in.getInt()
      if (in.getInt() != 0) malformed("bytes 4 to 7 of Validation are not zero")
      Validation(iteration, in.getLong(), in.getDouble(), text)
    },
    kind[Starting](30, 16) { (m, out) =>
      out.putInt(m.round).putInt(m.worker).putLong(m.attempt)
      ()
    }(in => Starting(in.getInt(), in.getInt(), in.getLong()))
  )

  private val byTag: Array[Kind[_ <: Message]] = {
    val table = new Array[Kind[_ <: Message]](256)
    kinds.foreach { k =>
      require(table(k.tag) == null, s"tag ${k.tag} is given to two messages")
      table(k.tag) = k
    }
    table
  }

  private val byClass: Map[Class[_], Kind[_ <: Message]] =
    kinds.map(k => (k.classTag.runtimeClass: Class[_]) -> k).toMap

  /** Every tag of the protocol. */
  def tags: Seq[Int] = kinds.map(_.tag)

  def tagOf[M <: Message](implicit classTag: ClassTag[M]): Int = byClass(classTag.runtimeClass).tag

  /** Checks what can be known of a frame from its header alone.
    *
    * @throws Refused for an unknown tag, a meta length that the tag cannot have, a body where there is none
    */
  def check(header: Header): Unit = {
    val k = byTag(header.tag)
    if (k == null) malformed(s"unknown tag ${header.tag}")
    val name = k.classTag.runtimeClass.getSimpleName.stripSuffix("$")
    if (header.metaLength < k.fixed || (k.text.isEmpty && header.metaLength != k.fixed))
      malformed(s"$name has ${k.fixed} bytes of fields, not ${header.metaLength}")
    if (!k.hasBody && header.bodyLength != 0)
      malformed(s"$name carries no values, not ${header.bodyLength} bytes")
  }

  /** Reads the fields of a frame whose header passed [[check]].
    *
    * @throws Refused if a text is not UTF-8, or reserved bits are set
    */
  def read(tag: Int, meta: Array[Byte]): Message = {
    val k = byTag(tag)
    val in = ByteBuffer.wrap(meta).order(ByteOrder.LITTLE_ENDIAN)
    k.read(in, if (k.text.isEmpty) "" else utf8(ByteBuffer.wrap(meta, k.fixed, meta.length - k.fixed)))
  }

  /** Header and meta of a frame.
    *
    * @param bodyLength bytes of the raw values that follow
    */
  def write(message: Message, bodyLength: Long): Array[Byte] = {
    def of[M <: Message](k: Kind[M]): Array[Byte] = {
      val m = message.asInstanceOf[M]
      val text = k.text.fold(Array.emptyByteArray)(_(m).getBytes(StandardCharsets.UTF_8))
      val header = Header(k.tag, k.fixed + text.length, bodyLength)
      val out = ByteBuffer.allocate(Header.length + header.metaLength).order(ByteOrder.LITTLE_ENDIAN)
      Header.write(header, out)
      k.write(m, out)
      out.put(text).array
    }
    of(byClass(message.getClass))
  }

  private def put(out: ByteBuffer, bytes: ArraySeq[Byte]): Unit = {
    require(bytes.length == 32, s"a nonce or MAC has 32 bytes, not ${bytes.length}")
    bytes.foreach(out.put)
  }
  private def putLong(out: ByteBuffer, value: Long): Unit = { out.putLong(value); () }
  private def putInt(out: ByteBuffer, value: Int): Unit = { out.putInt(value); () }

  private def bytes32(in: ByteBuffer): ArraySeq[Byte] = {
    val bytes = new Array[Byte](32)
    in.get(bytes)
    ArraySeq.unsafeWrapArray(bytes)
  }

  /** The first is bit 0. */
  private def bits(set: Boolean*): Int = set.zipWithIndex.collect { case (true, number) => 1 << number }.sum

  /** The flags that come next, of a gradient. */
  private final class PushFlags(in: ByteBuffer, known: Long) {
    private val bits = flags(in.getInt().toLong, known).toInt

    def apply(number: Int): Boolean = (bits >> number & 1) == 1
    def encoding: Encoding = Encoding(bits >> 4)
  }

  private def flag(bits: Long): Boolean = flags(bits, 1) == 1

  private def flags(bits: Long, known: Long): Long = {
    if ((bits & ~known) != 0) malformed(s"unknown flags 0x${bits.toHexString}")
    bits
  }

  private def utf8(bytes: ByteBuffer): String =
    try StandardCharsets.UTF_8.newDecoder().decode(bytes).toString
    catch { case _: CharacterCodingException => malformed("a text is not UTF-8") }

  private def malformed(why: String): Nothing = throw new Refused(ErrorCode.Malformed, why)
}
