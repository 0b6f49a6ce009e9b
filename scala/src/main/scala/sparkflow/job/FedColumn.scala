package sparkflow.job

import org.apache.spark.sql.Column
import org.apache.spark.sql.types.{DataType, StructType}

/** A column on its way to the placeholder that it feeds: what docs/columns.md tells of. */
private[job] object FedColumn {

  /** Refuses what the schema and the graph tell of a column that can't feed its placeholder.
    *
    * @throws IllegalArgumentException naming the column, the placeholder and the remedy
    */
  def check(schema: StructType, graph: GraphInfo, fed: Fed): Unit = {
    val field = PackedColumn.find(schema, fed.columnParam, fed.column)
    val placeholder = fed.placeholderIn(graph)
    if (placeholder.shape.exists(_.drop(1).count(_ < 0) > 1))
      throw new IllegalArgumentException(
        s"${fed.tensorParam} '${fed.tensor}' has shape ${placeholder.shapeText}: only one dimension after the first may be None, " +
          s"so that values of column '${fed.column}' (${fed.columnParam}) have their place"
      )
    fed.dtypeIn(graph) match {
      case Dtype.Strings if fed.role == "weight" =>
        throw new IllegalArgumentException(
          s"${fed.tensorParam} '${fed.tensor}' takes strings, but the rows' weights are numbers: make it tf.float32"
        )
      case Dtype.Strings    => StringColumn.check(field, fed, placeholder)
      case _: Dtype.Sparse  => SparseColumn.check(field, fed, placeholder)
      case _: Dtype.Numbers => PackedColumn.check(field, fed, placeholder)
    }
  }

  /** The column, as the worker takes it. */
  def apply(column: Column, dataType: DataType, graph: GraphInfo, fed: Fed): Column =
    fed.dtypeIn(graph) match {
      case Dtype.Strings        => StringColumn(column, dataType, fed)
      case Dtype.Sparse(values) => SparseColumn(column, fed, fed.placeholderIn(graph), values)
      case dtype: Dtype.Numbers => PackedColumn(column, dataType, fed, fed.placeholderIn(graph), dtype)
    }
}
