package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.util.Random

/** Frames as an attacker, a broken network card or a bug would send them: golden ones, changed. The same `seed` gives the
  * same bytes.
  *
  * @param golden what is changed
  */
final class Mutations(seed: Long, golden: IndexedSeq[Array[Byte]] = Mutations.golden) {
  private val random = new Random(seed)

  /** One to three frames, changed in one to four places. */
  def next(): Array[Byte] = {
    val whole = Array.fill(1 + random.nextInt(3))(golden(random.nextInt(golden.size)))
    (0 to random.nextInt(4)).foldLeft(whole.flatten)((bytes, _) => change(bytes))
  }

  /** `bytes` in pieces, as a socket may deliver them. */
  def pieces(bytes: Array[Byte]): Seq[Array[Byte]] = {
    val cuts = Seq.fill(random.nextInt(4))(random.nextInt(bytes.length + 1)).sorted
    (0 +: cuts).zip(cuts :+ bytes.length).map { case (from, until) => bytes.slice(from, until) }
  }

  private def change(bytes: Array[Byte]): Array[Byte] = {
    val at = if (bytes.isEmpty) 0 else random.nextInt(bytes.length)
    def number(width: Int) = {
      val value = Mutations.extremes(random.nextInt(Mutations.extremes.size))
      bytes.patch(
        at,
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array.take(width),
        width
      )
    }
    random.nextInt(9) match {
      case 0 if bytes.nonEmpty => bytes.updated(at, (bytes(at) ^ 1 << random.nextInt(8)).toByte)
      case 1 if bytes.nonEmpty => bytes.updated(at, random.nextInt(256).toByte)
      case 2                   => number(4)
      case 3                   => number(8)
      case 4                   => bytes.take(at)
      case 5                   => bytes.patch(at, Nil, 1 + random.nextInt(16))
      case 6                   => bytes.patch(at, random.nextBytes(1 + random.nextInt(16)), 0)
      case 7                   => bytes.patch(at, bytes.slice(at, at + random.nextInt(64)), 0)
      case _                   => bytes ++ golden(random.nextInt(golden.size))
    }
  }
}

object Mutations {

  /** How many inputs a test makes up: `-Dsparkflow.fuzz=1000000` for the long run, which build.sbt hands on. */
  def count(usual: Int): Int = Integer.getInteger("sparkflow.fuzz", usual)

  val golden: IndexedSeq[Array[Byte]] = {
    val files = Files.list(Path.of("tests/fixtures/frames"))
    try files.iterator.asScala.filter(_.toString.endsWith(".bin")).toIndexedSeq.sorted.map(Files.readAllBytes)
    finally files.close()
  }

  private val extremes = IndexedSeq[Long](
    0,
    1,
    -1,
    Int.MaxValue,
    Int.MinValue,
    Long.MaxValue,
    Long.MinValue,
    1L << 32,
    (16L << 20) + 1,
    4096,
    24
  )
}
