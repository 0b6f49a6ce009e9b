package sparkflow.ps.store

/** The numbers of a model. The arrays are not copied: whoever passes a ModelState on no longer writes to them.
  *
  * @param weights float32, `layout.weightCount` of them, in the order of the layout
  * @param state little-endian, `layout.stateBytes` bytes, in the order of the layout
  * @throws IllegalArgumentException if an array's length disagrees with the layout
  */
final case class ModelState(layout: Layout, weights: Array[Float], state: Array[Byte]) {
  require(
    weights.length == layout.weightCount,
    s"the layout has ${layout.weightCount} weights, but ${weights.length} values were given"
  )
  require(
    state.length == layout.stateBytes,
    s"the layout has ${layout.stateBytes} bytes of state, but ${state.length} bytes were given"
  )
}

object ModelState {

  /** A weight that is no number, if there is one: nothing can be learnt from it, nor mend it. */
  def notFinite(weights: Array[Float]): Option[Float] = weights.find(w => w.isNaN || w.isInfinite)
}
