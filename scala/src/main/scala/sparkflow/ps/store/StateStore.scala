package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

/** The variables of a model that are not trained, merged from the changes that the workers send. Thread-safe.
  *
  * @param bytes owned and changed by the store from now on
  */
final class StateStore(layout: Layout, bytes: Array[Byte]) {

  /** A copy. */
  def snapshot(): Array[Byte] = synchronized(bytes.clone())

  /** Merges a worker's state: integers by adding what it has changed, floats by going the `workers`th part of the way to
    * its value. So averages which that many workers keep side by side stay averages, and between the workers' values:
    * if a change were added to what others have moved meanwhile, a variance on its way from 1 to 0.01 would go below 0.
    *
    * @param change laid out as the state; only read
    * @param base   what the worker has changed; only read
    * @return a copy of the merged state
    */
  def merge(change: Array[Byte], base: Array[Byte], workers: Int): Array[Byte] = synchronized {
    for (given <- Seq(change, base))
      require(given.length == bytes.length, s"a state of ${bytes.length} bytes cannot take ${given.length}")
    val to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    val from = ByteBuffer.wrap(change).order(ByteOrder.LITTLE_ENDIAN)
    val old = ByteBuffer.wrap(base).order(ByteOrder.LITTLE_ENDIAN)
    var at = 0
    layout.state.foreach { variable =>
      val width = Layout.dtypes(variable.dtype)
      val end = at + width * variable.shape.product
      val add: Int => Unit = variable.dtype match {
        case "float32" =>
          i => {
            val now = to.getFloat(i)
            to.putFloat(i, now + (old.getFloat(i) + from.getFloat(i) - now) / workers)
          }
        case "float64" =>
          i => {
            val now = to.getDouble(i)
            to.putDouble(i, now + (old.getDouble(i) + from.getDouble(i) - now) / workers)
          }
        case "int32" => i => to.putInt(i, to.getInt(i) + from.getInt(i))
        case "int64" => i => to.putLong(i, to.getLong(i) + from.getLong(i))
      }
      while (at < end) {
        add(at)
        at += width
      }
    }
    bytes.clone()
  }
}
