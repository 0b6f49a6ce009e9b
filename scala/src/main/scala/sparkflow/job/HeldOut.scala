package sparkflow.job

import org.apache.spark.sql.{Column, Dataset}
import org.apache.spark.sql.functions.rand
import org.apache.spark.sql.types.{BooleanType, StructType}

/** The rows that are held out of training. They are chosen before any row is moved between partitions, so that they are
  * the same in each round.
  */
private[job] object HeldOut {

  /** @throws IllegalArgumentException if the params contradict each other, or the column is none of booleans */
  def check(schema: StructType, request: TrainRequest): Unit = request.validationIndicatorCol.foreach {
    name =>
      if (request.validationFraction > 0)
        throw new IllegalArgumentException(
          s"validationIndicatorCol is '$name' and validationFraction is ${request.validationFraction}, but rows are held out " +
            "by one of them: leave the other out"
        )
      val field = PackedColumn.find(schema, "validationIndicatorCol", name)
      if (field.dataType != BooleanType)
        throw new IllegalArgumentException(
          s"validationIndicatorCol is '$name', a column of type ${field.dataType.simpleString}: expected a boolean, true for the " +
            s"rows that are held out; make one with a comparison, such as expr(\"$name = 1\")"
        )
  }

  /** Whether a row is held out; None if none is. */
  def column(dataset: Dataset[_], request: TrainRequest, seed: Long): Option[Column] =
    request.validationIndicatorCol
      .map(name => PackedColumn.named(dataset, name))
      .orElse(Some(rand(seed) < request.validationFraction).filter(_ => request.validationFraction > 0))
}
