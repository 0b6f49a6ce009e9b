package sparkflow.ps.optim

/** What a rule does, in a step whose gradient has some rows only, to the others: in TensorFlow they either stay as they
  * are, or take a step with a gradient of 0. This is for the rules that do the latter, so that the steps can be made up
  * for when the row is next looked at. A row that has never had a gradient has nothing to make up for.
  */
trait Idle {

  /** How to make up for all steps up to and with update `t`; may be used by several threads at once. */
  def until(t: Long): Idle.MakeUp
}

object Idle {
  trait MakeUp {

    /** Takes the steps that rows, which lie one after the other, have missed, as [[Optimizer.step]] takes them with a
      * gradient of 0.
      *
      * @param width values of a row
      * @param last for each row the update after which its steps are missing; 0 for a row that has missed none
      * @param room scratch, as long as the weights
      */
    def apply(
        weights: Array[Float],
        slots: Array[Array[Float]],
        width: Int,
        last: Array[Long],
        rows: Int,
        room: Array[Float]
    ): Unit
  }
}
