package sparkflow.job

import org.apache.spark.sql.Column
import org.apache.spark.sql.sparkflow.RowFunction
import org.apache.spark.sql.types.{StringType, StructType}

/** A column of strings that feeds a placeholder of strings, as it is; in predictions only. */
object StringColumn {

  /** Refuses a column that is none, and a placeholder that takes several strings a row. */
  def check(schema: StructType, fed: Fed, input: TensorInfo): Unit = {
    import fed._
    val field = PackedColumn.find(schema, columnParam, column)
    if (!field.dataType.isInstanceOf[StringType])
      throw new IllegalArgumentException(
        s"$columnParam is '$column', a column of type ${field.dataType.simpleString}, but $tensorParam '${input.name}' takes strings: " +
          "name a column of strings"
      )
    if (input.rowSize.exists(_ != 1))
      throw new IllegalArgumentException(
        s"$tensorParam '${input.name}' takes ${input.rowSize.get} strings a row, but a column brings one: join them to one, and take " +
          "it apart in the model"
      )
  }

  /** The column; a null fails the job with a message that names it. */
  def apply(column: Column, name: String): Column =
    RowFunction.column(column, "sparkflow_string", StringType) { value =>
      if (value == null) throw RowFunction.raised(PackedColumn.nullMessage(name))
      value
    }
}
