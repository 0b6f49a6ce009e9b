package sparkflow.params

import org.apache.spark.ml.param.{LongParam, Param, Params}

/** How much memory a worker's rows may take, and where they go beyond it. */
trait SpillParams extends Params {

  final val spillLimit: LongParam = new LongParam(
    this,
    "spillLimit",
    "Most bytes of rows that a worker holds in memory, 1 or more, as float32; a partition of more goes to a file in " +
      "spillDir. -1 holds all rows in memory.",
    Expect.apply[Long](
      "spillLimit",
      "-1, or 1 or more",
      "give the bytes of rows that a worker may hold in memory, or -1 for no limit"
    )(n => n == -1 || n >= 1)
  )

  final val spillDir: Param[String] = new Param[String](
    this,
    "spillDir",
    "Directory on the workers for the rows beyond spillLimit; it must exist. " +
      "Not set: the directory where Spark's own temporary files go.",
    Expect.name(
      "spillDir",
      "the path of a directory",
      "name one that the workers can write to, or leave it unset to use Spark's own"
    )
  )

  setDefault(spillLimit -> -1L)

  def getSpillLimit: Long = $(spillLimit)

  def setSpillLimit(value: Long): this.type = set(spillLimit, value)

  def getSpillDir: String = $(spillDir)

  def setSpillDir(value: String): this.type = set(spillDir, value)
}
