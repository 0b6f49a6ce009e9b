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

    /** Takes the steps after update `last` in `[from, until)`, as [[Optimizer.step]] does with a gradient of 0. */
    def apply(weights: Array[Float], slots: Array[Array[Float]], from: Int, until: Int, last: Long): Unit
  }
}
