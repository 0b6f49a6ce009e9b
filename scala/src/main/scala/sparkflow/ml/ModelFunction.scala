package sparkflow.ml

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.FunctionIdentifier
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry
import org.apache.spark.sql.sparkflow.SqlFunction
import org.apache.spark.sql.types.{DoubleType, StructType}

import sparkflow.job.{Classifier, PackedColumn, PredictJob}

/** A model as a function of SQL. */
private[ml] object ModelFunction {

  /** @throws IllegalArgumentException if the name is none that SQL can call, or Spark's own */
  def register(
      session: SparkSession,
      name: String,
      job: PredictJob,
      inputCol: String,
      classifier: Option[Classifier]
  ): Unit = {
    check(name)
    classifier.foreach(_.check(job.output))
    val outputType = job.outputType // here, so that what is wrong with the graph is said now
    SqlFunction.register(session, name) { arguments =>
      if (arguments.size != 1)
        throw new IllegalArgumentException(
          s"$name takes one argument, the model's inputCol such as $name($inputCol), but got ${arguments.size}"
        )
      val (input, field) = arguments.head
      job.check(StructType(Seq(field.copy(name = inputCol))), inputCol)
      val output = job.column(session, input, field.dataType, inputCol)
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
    if (FunctionRegistry.functionSet.contains(FunctionIdentifier(name.toLowerCase)))
      throw new IllegalArgumentException(s"'$name' is a function of Spark's own: choose another name")
  }
}
