package sparkflow.params

import org.apache.spark.ml.param.{IntParam, Params}

/** How long is waited for those who may never come. */
trait TimeoutParams extends Params {

  final val workerTimeout: IntParam = new IntParam(
    this,
    "workerTimeout",
    "Seconds, 1 or more, without a sign of life after which a worker is taken for lost: its machine is gone, or its process " +
      "stopped. Its task is killed, and another attempt goes on where it was. A worker gives six signs in this time, whatever " +
      "its steps take; until it trains it may be silent for ten times as long.",
    Expect.atLeast("workerTimeout", 1, "use 30, or more where machines swap or the network pauses")
  )

  final val waitTimeout: IntParam = new IntParam(
    this,
    "waitTimeout",
    "Seconds, 1 or more, for which workers wait for one that is lost or has not come, before the fit fails and names it: in " +
      "modes ssp and sync, and before the first step of a fit that may stop early. Else nobody waits.",
    Expect.atLeast("waitTimeout", 1, "give a task that is tried again the time to start and read its rows")
  )

  setDefault(workerTimeout -> 30, waitTimeout -> 600)

  def getWorkerTimeout: Int = $(workerTimeout)

  def setWorkerTimeout(value: Int): this.type = set(workerTimeout, value)

  def getWaitTimeout: Int = $(waitTimeout)

  def setWaitTimeout(value: Int): this.type = set(waitTimeout, value)
}
