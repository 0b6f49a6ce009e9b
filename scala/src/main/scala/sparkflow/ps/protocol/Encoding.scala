package sparkflow.ps.protocol

/** What the values in a body are written as; docs/protocol.md says how.
  *
  * @param code in the flags of [[Push]]
  */
sealed abstract class Encoding(val code: Int)

object Encoding {
  case object Float32 extends Encoding(0)
  case object Bf16 extends Encoding(1)
  case object Int8 extends Encoding(2)
  case object TopK extends Encoding(3)

  val all: Seq[Encoding] = Seq(Float32, Bf16, Int8, TopK)

  private val byCode = all.sortBy(_.code).toArray

  /** @param code 0 to 3, so that two bits always name one */
  def apply(code: Int): Encoding = byCode(code)
}
