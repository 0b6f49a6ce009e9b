package sparkflow.ps.store

/** A vector of float32, whatever it is kept as, to be read a range at a time. Several threads may read it. */
trait FloatSource {

  /** Puts `count` values from number `from` on into `into`, from its index `at` on. */
  def get(from: Int, into: Array[Float], at: Int, count: Int): Unit
}

/** A vector of float32, whatever it is kept as, to be written a range at a time. Several threads may write to it, each
  * its own range.
  */
trait FloatSink {

  /** Puts `count` of `values`, from their index `at` on, to number `from` on. */
  def put(from: Int, values: Array[Float], at: Int, count: Int): Unit
}
