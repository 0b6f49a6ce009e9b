package sparkflow.job.checkpoint

import org.json4s.JObject

import sparkflow.ps.FitSnapshot

/** A fit as it can go on from.
  *
  * @param job what the Spark side of the fit keeps with it
  */
private[job] final case class Checkpoint(fit: FitSnapshot, job: JObject)

/** A checkpoint that cannot be read; the message names the file and what is wrong with it. */
private[job] final class DamagedCheckpointException(message: String, cause: Throwable = null)
    extends RuntimeException(message, cause)
