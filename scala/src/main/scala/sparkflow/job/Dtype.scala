package sparkflow.job

/** In which type the values of a column travel to the worker: the one of the placeholder that they feed, which so gets
  * them exactly.
  */
private[job] sealed trait Dtype {

  /** As numpy calls it; "string" for strings. */
  def name: String
}

private[job] object Dtype {

  /** Strings, and binary values, which are the same to TensorFlow. */
  case object Strings extends Dtype { val name = "string" }

  /** The indices and values of a row that are not 0, as bytes. */
  final case class Sparse(values: Numbers) extends Dtype { val name: String = Strings.name }

  /** @note the bytes of a value are little-endian */
  sealed trait Numbers extends Dtype { def bytes: Int }

  case object Float32 extends Numbers { val name = "float32"; val bytes = 4 }
  case object Float64 extends Numbers { val name = "float64"; val bytes = 8 }

  /** Whole numbers from `min` to `max`; a boolean is 0 or 1. */
  final case class Integers(name: String, bytes: Int, min: Long, max: Long) extends Numbers

  private val integers = Map(
    "DT_BOOL" -> Integers("bool", 1, 0, 1),
    "DT_UINT8" -> Integers("uint8", 1, 0, 0xff),
    "DT_INT8" -> Integers("int8", 1, Byte.MinValue, Byte.MaxValue),
    "DT_UINT16" -> Integers("uint16", 2, 0, 0xffff),
    "DT_INT16" -> Integers("int16", 2, Short.MinValue, Short.MaxValue),
    "DT_UINT32" -> Integers("uint32", 4, 0, 0xffffffffL),
    "DT_INT32" -> Integers("int32", 4, Int.MinValue, Int.MaxValue),
    "DT_UINT64" -> Integers("uint64", 8, 0, Long.MaxValue), // no type of Spark's has more
    "DT_INT64" -> Integers("int64", 8, Long.MinValue, Long.MaxValue)
  )

  /** What the placeholder takes. The smaller floats travel as float32, and so do values of a placeholder that does not
    * tell its type.
    *
    * @param param who named it, for the message
    * @throws IllegalArgumentException if no column can feed it
    */
  def of(param: String, placeholder: TensorInfo): Dtype =
    if (placeholder.isSparse) sparse(param, placeholder) else dense(param, placeholder)

  private def sparse(param: String, placeholder: TensorInfo): Dtype = placeholder.dtype match {
    case Some("DT_FLOAT" | "DT_DOUBLE" | "DT_INT32" | "DT_INT64") =>
      dense(param, placeholder) match { case numbers: Numbers => Sparse(numbers); case other => other }
    case other =>
      throw new IllegalArgumentException(
        s"$param '${placeholder.name}' is a sparse placeholder of dtype ${other.fold("unknown")(_.drop(3).toLowerCase)}: expected " +
          "float32, float64, int32 or int64; cast it in the graph"
      )
  }

  private def dense(param: String, placeholder: TensorInfo): Dtype = placeholder.dtype match {
    case Some("DT_STRING")                   => Strings
    case Some("DT_DOUBLE" | "DT_COMPLEX128") => Float64
    case Some("DT_RESOURCE" | "DT_VARIANT") =>
      throw new IllegalArgumentException(
        s"$param '${placeholder.name}' is of dtype ${placeholder.dtype.get.drop(3).toLowerCase}: only numbers and strings can be fed"
      )
    case other => other.flatMap(integers.get).getOrElse(Float32)
  }
}
