package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

/** The variables of a model that are not trained, merged from the changes that the workers send. Thread-safe.
  *
  * @param bytes owned and changed by the store from now on
  */
final class StateStore(layout: Layout, bytes: Array[Byte]) {

  /** A copy. */
  def snapshot(): Array[Byte] = synchronized(bytes.clone())

  /** Adds a worker's change: integers as they are, floats divided by `workers`, so that averages which that many workers
    * keep side by side stay averages.
    *
    * @param change laid out as the state; only read
    * @return a copy of the merged state
    */
  def merge(change: Array[Byte], workers: Int): Array[Byte] = synchronized {
    require(change.length == bytes.length, s"a state of ${bytes.length} bytes cannot take ${change.length}")
    val to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    val from = ByteBuffer.wrap(change).order(ByteOrder.LITTLE_ENDIAN)
    var at = 0
    layout.state.foreach { variable =>
      val width = Layout.dtypes(variable.dtype)
      val end = at + width * variable.shape.product
      val add: Int => Unit = variable.dtype match {
        case "float32" => i => to.putFloat(i, to.getFloat(i) + from.getFloat(i) / workers)
        case "float64" => i => to.putDouble(i, to.getDouble(i) + from.getDouble(i) / workers)
        case "int32"   => i => to.putInt(i, to.getInt(i) + from.getInt(i))
        case "int64"   => i => to.putLong(i, to.getLong(i) + from.getLong(i))
      }
      while (at < end) {
        add(at)
        at += width
      }
    }
    bytes.clone()
  }
}
