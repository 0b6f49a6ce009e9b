package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}

import org.apache.spark.ml.linalg.{SQLDataTypes, Vector, Vectors}
import org.apache.spark.sql.Row
import org.apache.spark.sql.types._
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.LocalSpark

class SparseColumnTest extends AnyFunSuite {

  private val fed = Fed("features", "inputCol", "c", "tfInput", "x")

  private def graph(dtype: String, shape: String = """"tensorContent": "//////////8FAAAAAAAAAA=="""") =
    GraphInfo.parse(s"""{"graphDef": {"node": [
      {"name": "x/shape_default", "op": "Const", "attr": {"value": {"tensor": {$shape}}}},
      {"name": "x/shape", "op": "PlaceholderWithDefault"},
      {"name": "x/values", "op": "Placeholder", "attr": {"dtype": {"type": "$dtype"}}},
      {"name": "x/indices", "op": "Placeholder"}]}}""")

  private def sent(dtype: String, vectors: Vector*): Seq[ByteBuffer] = {
    val rows = java.util.Arrays.asList(vectors.map(Row(_)): _*)
    val data =
      LocalSpark.session.createDataFrame(rows, new StructType().add("c", SQLDataTypes.VectorType))
    data
      .select(FedColumn(data.col("c"), SQLDataTypes.VectorType, graph(dtype), fed))
      .collect()
      .toSeq
      .map(row => ByteBuffer.wrap(row.getAs[Array[Byte]](0)).order(ByteOrder.LITTLE_ENDIAN))
  }

  test("a sparse placeholder is found by what its parts begin with") {
    val found = graph("DT_FLOAT").placeholder("tfInput", "x")
    assert(found.isSparse && found.shape.contains(Seq(-1L, 5L)))
    val listed = graph("DT_FLOAT", """"int64Val": ["-1", "7"]""").placeholder("tfInput", "x")
    assert(listed.shape.contains(Seq(-1L, 7L)))
    assert(
      intercept[IllegalArgumentException](graph("DT_FLOAT").placeholder("tfInput", "y")).getMessage
        .contains("no tensor name")
    )
  }

  test("vectors go as the values that are not 0, and their indices") {
    val vectors = Seq(Vectors.sparse(5, Array(1, 4), Array(1.5, -2.0)), Vectors.dense(0, 1.5, 0, 0, -2))
    for (row <- sent("DT_FLOAT", vectors: _*)) {
      assert(row.remaining() == 16)
      assert(Seq(row.getFloat(), row.getFloat()) == Seq(1.5f, -2f))
      assert(Seq(row.getInt(), row.getInt()) == Seq(1, 4))
    }
    val longs = sent("DT_INT64", Vectors.sparse(5, Array(2, 3, 4), Array(7, -8, 9))).head
    assert(Seq.fill(3)(longs.getLong()) == Seq(7L, -8L, 9L) && Seq.fill(3)(longs.getInt()) == Seq(2, 3, 4))
    assert(sent("DT_DOUBLE", Vectors.sparse(5, Array.empty[Int], Array.empty[Double])).head.remaining() == 0)
  }

  test("a null, another size and a value that the dtype does not hold fail the job") {
    def failure(dtype: String, vector: Vector) = FailureMessage.of(intercept[Exception](sent(dtype, vector)))
    assert(failure("DT_FLOAT", null).startsWith("column 'c' has a null"))
    assert(
      failure("DT_FLOAT", Vectors.dense(1, 2))
        .contains("a row of shape [2], but tfInput 'x' takes rows of shape [5]")
    )
    assert(failure("DT_INT32", Vectors.dense(0.5, 0, 0, 0, 0)).contains("has the value 0.5, but tfInput 'x'"))
  }

  test("what the schema and the graph tell is refused") {
    def refused(dataType: DataType, graph: GraphInfo, fed: Fed = fed) =
      intercept[IllegalArgumentException](
        FedColumn.check(new StructType().add("c", dataType), graph, fed)
      ).getMessage
    val vectors = SQLDataTypes.VectorType
    FedColumn.check(new StructType().add("c", vectors), graph("DT_FLOAT"), fed)
    assert(refused(ArrayType(DoubleType), graph("DT_FLOAT")).contains("name a column of ML vectors"))
    assert(refused(vectors, graph("DT_BOOL")).contains("sparse placeholder of dtype bool: expected float32"))
    assert(refused(vectors, graph("DT_FLOAT", "")).contains("of shape unknown: give it the size of a row"))
    assert(refused(vectors, graph("DT_FLOAT"), fed.copy(role = "label")).contains("only features can feed"))
  }
}
