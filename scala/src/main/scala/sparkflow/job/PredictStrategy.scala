package sparkflow.job

import org.apache.spark.sql.classic.SparkSession
import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.plans.logical.{ArrowEvalPython, LogicalPlan, Project}
import org.apache.spark.sql.execution.{ProjectExec, SparkPlan, SparkStrategy}
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.LongType

/** Plans [[PredictExec]] for functions of ours. */
object PredictStrategy extends SparkStrategy {

  /** For all plans of the session from now on. */
  def in(session: SparkSession): Unit = synchronized {
    val methods = session.experimental
    if (!methods.extraStrategies.contains(this)) methods.extraStrategies :+= this
  }

  override def apply(plan: LogicalPlan): Seq[SparkPlan] = plan match {
    case Project(fields, eval: ArrowEvalPython) => planned(fields, eval)
    case eval: ArrowEvalPython                  => planned(eval.output, eval)
    case _                                      => Nil
  }

  private def planned(fields: Seq[NamedExpression], eval: ArrowEvalPython): Seq[SparkPlan] = {
    val chained = eval.udfs.exists(_.children.exists(_.exists(_.isInstanceOf[PythonUDF])))
    Functions.batches(eval.udfs).filterNot(_ => chained).toSeq.flatMap { batches =>
      val needed = AttributeSet(fields.flatMap(_.references))
      val exec = PredictExec(
        eval.udfs,
        eval.resultAttrs,
        eval.child.output.filter(needed.contains),
        AttributeReference("ticket", LongType, nullable = false)(),
        planLater(eval.child),
        eval.evalType,
        batches.flatten.minOption
      )
      // A later Spark may make its operator in another way: it then runs the query with its own.
      try {
        val _ = exec.metrics
        Some(ProjectExec(fields, exec))
      } catch { case _: LinkageError => None }
    }
  }
}
