package sparkflow.ml

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry
import org.apache.spark.sql.sparkflow.{Argument, Functions}
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
    Functions.register(session, name) { given =>
      val arguments = ordered(name, given, job.columns)
      job.check(StructType(arguments.zip(job.columns).map { case (a, column) =>
        a.field.copy(name = column)
      }))
      val output = job.column(session, arguments.map(a => a.column -> a.field.dataType), name)
      if (classifier.isDefined) classifier.get.predictionColumn(output, outputType)
      else if (outputType == DoubleType) output
      else PackedColumn.valuesOfVector(output)
    }
  }

  /** In the order of the model's columns: those that the call names, behind those that it does not. */
  private def ordered(name: String, arguments: Seq[Argument], columns: Seq[String]): Seq[Argument] = {
    def refuse(why: String) = {
      val takes =
        if (columns.size == 1) "one argument, the model's inputCol"
        else s"${columns.size} arguments, the model's inputCols"
      throw new IllegalArgumentException(
        s"$name takes $takes such as $name(${columns.mkString(", ")}), but $why"
      )
    }
    if (arguments.size != columns.size) refuse(s"got ${arguments.size}")
    val (inPlace, byName) = arguments.span(_.name.isEmpty)
    if (byName.exists(_.name.isEmpty)) refuse("got one without a name behind one with a name")
    for (wanted <- byName.flatMap(_.name) if !columns.drop(inPlace.size).exists(_.equalsIgnoreCase(wanted)))
      refuse(
        s"'$wanted' is ${if (columns.exists(_.equalsIgnoreCase(wanted))) "given twice" else "none of them"}"
      )
    inPlace ++ columns.drop(inPlace.size).map { column =>
      byName.find(_.name.exists(_.equalsIgnoreCase(column))).getOrElse(refuse(s"'$column' is missing"))
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
