package sparkflow.ps.optim

/** What a rule does, in a step whose gradient has some rows only, to the others: in TensorFlow they either stay as they
  * are, or take a step with a gradient of 0. This is for the rules that do the latter, so that the steps can be made up
  * for when the row is next looked at.
  *
  * @param steps after so many steps without a gradient the weights no longer move, whatever the slots
  */
abstract class Idle(val steps: Long) {

  /** What `count` further steps with a gradient of 0 make of the slots in `[from, until)`; other than [[Optimizer.step]]
    * it takes no longer for more of them.
    */
  def fade(slots: Array[Array[Float]], from: Int, until: Int, count: Long): Unit
}
