package sparkflow.job

import org.json4s.JObject
import org.json4s.JsonDSL._

/** What workers do to gradients before they push them.
  *
  * @param clipNorm at most one of the three is above 0, which is off
  * @param accumulation mini-batches whose mean gradient is pushed
  */
final case class GradientPlan(
    clipNorm: Double = 0,
    clipVariableNorm: Double = 0,
    clipValue: Double = 0,
    accumulation: Int = 1
) {
  private def clips =
    Seq("clipNorm" -> clipNorm, "clipVariableNorm" -> clipVariableNorm, "clipValue" -> clipValue)

  /** @throws IllegalArgumentException if the settings contradict each other */
  private[job] def check(localSteps: Int): Unit = {
    val set = clips.filter(_._2 > 0)
    if (set.size > 1)
      throw new IllegalArgumentException(
        s"${set.map { case (name, value) => s"$name is $value" }.mkString(" and ")}, but a gradient is clipped in one way: leave " +
          "out all but one"
      )
    if (accumulation > 1 && localSteps > 1)
      throw new IllegalArgumentException(
        s"gradientAccumulationSteps is $accumulation and localSteps is $localSteps, but a worker either averages gradients before it " +
          "pushes, or takes steps of its own with each: leave one of them at 1"
      )
  }

  /** As `sparkflow.worker.spec` reads it. */
  private[job] def toJson: JObject =
    ("accumulation" -> accumulation) ~
      ("clip" -> ("norm" -> clipNorm) ~ ("variable_norm" -> clipVariableNorm) ~ ("value" -> clipValue))

  /** By the param's name. */
  private[job] def settings: Map[String, String] =
    clips.map { case (name, value) => name -> value.toString }.toMap +
      ("gradientAccumulationSteps" -> accumulation.toString)
}
