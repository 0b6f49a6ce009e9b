package sparkflow.ps.store

/** A vector of float32, whatever it is kept as, to be read a range at a time. Several threads may read it. */
trait FloatSource {

  /** Puts `count` values from number `from` on to the start of `into`. The range may not cross a multiple of
    * [[NativeFloats.pieceLength]].
    */
  def get(from: Int, into: Array[Float], count: Int): Unit
}

/** A vector of float32, whatever it is kept as, to be written a range at a time. Several threads may write to it, each
  * its own range.
  */
trait FloatSink {

  /** Puts the first `count` of `values` to number `from` on. The range may not cross a multiple of
    * [[NativeFloats.pieceLength]].
    */
  def put(from: Int, values: Array[Float], count: Int): Unit
}
