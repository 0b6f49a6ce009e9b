package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, IntParam, Param, Params}

/** What a fit saves on its way, and goes on from when its driver was lost. */
trait CheckpointParams extends Params {

  final val checkpointDir: Param[String] = new Param[String](
    this,
    "checkpointDir",
    "Directory, on any file system that Spark knows, for checkpoints of the fit: weights, optimizer and progress. Not set: none " +
      "are written.",
    Expect.name("checkpointDir", "the path of a directory", "name one for this fit alone, or leave it unset")
  )

  final val checkpointInterval: IntParam = new IntParam(
    this,
    "checkpointInterval",
    "Updates of the weights between two checkpoints, 1 or more; the fit's end is one, too. A checkpoint that is due while the " +
      "one before is still being written is left out.",
    Expect.atLeast("checkpointInterval", 1, "give the updates between two checkpoints")
  )

  final val checkpointKeep: IntParam = new IntParam(
    this,
    "checkpointKeep",
    "Newest checkpoints that stay in checkpointDir, 1 or more; with 2, there is one to go on from if the last is damaged.",
    Expect.atLeast("checkpointKeep", 1, "keep the newest checkpoint at least")
  )

  final val resume: BooleanParam = new BooleanParam(
    this,
    "resume",
    "Whether the fit goes on from the newest checkpoint in checkpointDir, or starts from the beginning if there is none. false " +
      "refuses a checkpointDir that has checkpoints."
  )

  setDefault(checkpointInterval -> 1000, checkpointKeep -> 2, resume -> false)

  def getCheckpointDir: String = $(checkpointDir)

  def setCheckpointDir(value: String): this.type = set(checkpointDir, value)

  def getCheckpointInterval: Int = $(checkpointInterval)

  def setCheckpointInterval(value: Int): this.type = set(checkpointInterval, value)

  def getCheckpointKeep: Int = $(checkpointKeep)

  def setCheckpointKeep(value: Int): this.type = set(checkpointKeep, value)

  def getResume: Boolean = $(resume)

  def setResume(value: Boolean): this.type = set(resume, value)
}
