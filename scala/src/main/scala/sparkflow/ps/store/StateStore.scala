package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

/** The variables of a model that are not trained, merged from the changes that the workers send. Thread-safe.
  *
  * @param bytes owned and changed by the store from now on
  */
final class StateStore(layout: Layout, bytes: Array[Byte]) {

  /** A copy. */
  def snapshot(): Array[Byte] = synchronized(bytes.clone())

  /** Merges what a worker's steps have done to the state, as if they had been done to the values that are here now: `kept`
    * of a value is in it still, so what others have changed it by since the worker had it is there by that part, too. Moving
    * averages come out as if the workers had taken turns, and between the workers' values; integers are added up.
    *
    * @param change laid out as the state; only read
    * @param kept   for each variable, the part of its value in `base` that is in the worker's value now: its momentum to
    *               the power of the worker's steps for a moving average, 1 for a sum, 0 for what is written anew; passed
    *               over for integers
    * @param base   what the worker has changed; only read
    * @return a copy of the merged state
    */
  def merge(change: Array[Byte], kept: Array[Float], base: Array[Byte]): Array[Byte] = synchronized {
    for (array <- Seq(change, base))
      require(array.length == bytes.length, s"a state of ${bytes.length} bytes cannot take ${array.length}")
    require(kept.length == layout.state.size, s"${layout.state.size} variables cannot take ${kept.length}")
    val to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    val by = ByteBuffer.wrap(change).order(ByteOrder.LITTLE_ENDIAN)
    val from = ByteBuffer.wrap(base).order(ByteOrder.LITTLE_ENDIAN)
    var at = 0
    layout.state.zip(kept).foreach { case (variable, part) =>
      val width = Layout.dtypes(variable.dtype)
      val end = at + width * variable.shape.product
      val merge: Int => Unit = variable.dtype match {
        case "float32" =>
          i => to.putFloat(i, from.getFloat(i) + by.getFloat(i) + part * (to.getFloat(i) - from.getFloat(i)))
        case "float64" =>
          i =>
            to.putDouble(
              i,
              from.getDouble(i) + by.getDouble(i) + part * (to.getDouble(i) - from.getDouble(i))
            )
        case "int32" => i => to.putInt(i, to.getInt(i) + by.getInt(i))
        case "int64" => i => to.putLong(i, to.getLong(i) + by.getLong(i))
      }
      while (at < end) {
        merge(at)
        at += width
      }
    }
    bytes.clone()
  }
}
