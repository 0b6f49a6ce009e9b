package sparkflow.ml

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.{DoubleType, StructType}

import sparkflow.job.{Classifier, PackedColumn, PredictJob}

/** A model as a function of SQL. */
private[ml] object ModelFunction {

  /** @throws IllegalArgumentException if the name is none that SQL can call, or Spark's own */
  def register(
      session: SparkSession,
      name: String,
      job: PredictJob,
      classifier: Option[Classifier]
  ): Unit = {
    check(name)
    if (job.outputTypes.size > 1)
      throw new IllegalArgumentException(
        s"outputCols is set, but $name can give one output: register a copy with tfOutput, and without outputCols and tfOutputs, for each"
      )
    classifier.foreach(_.check(job.outputs.head))
    val outputType = job.outputTypes.head // here, so that what is wrong with the graph is said now
    Functions.register(session, name) { arguments =>
      val columns = job.columns
      if (arguments.size != columns.size) {
        val takes =
          if (columns.size == 1) "one argument, the model's inputCol"
          else s"${columns.size} arguments, the model's inputCols"
        throw new IllegalArgumentException(
          s"$name takes $takes such as $name(${columns.mkString(", ")}), but got ${arguments.size}"
        )
      }
      val named = arguments.zip(columns).map { case ((_, field), column) => field.copy(name = column) }
      job.check(StructType(named))
      val output = job.column(session, arguments.map { case (input, field) => input -> field.dataType }, name)
      if (classifier.isDefined) classifier.get.predictionColumn(output, outputType)
      else if (outputType == DoubleType) output
      else PackedColumn.valuesOfVector(output)
    }
  }

  private def check(name: String): Unit = {
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*"))
      throw new IllegalArgumentException(
        s"'$name' is no name of a SQL function: expected a letter or _, then letters, digits and _"
      )
    // By the bare name: from Spark 4.2 on, the identifiers also name a catalog and a database.
    if (FunctionRegistry.functionSet.exists(_.funcName.equalsIgnoreCase(name)))
      throw new IllegalArgumentException(s"'$name' is a function of Spark's own: choose another name")
  }
}
