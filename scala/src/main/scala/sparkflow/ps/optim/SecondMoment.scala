package sparkflow.ps.optim

/** How fast Adam and its kin forget old squares when several workers push without waiting for each other.
  *
  * What n workers push has been computed before the n − 1 updates of the others: nothing that an update does shows in a
  * gradient before n more have come. When a new direction turns up late in a training, when the squares that `v`
  * remembers are small, all n go that way at a full step each, and `v` has seen only n · (1 − beta2) of the new squares
  * by then. Steps overshoot, and the loss jumps: on MNIST with 8 workers and 0.999, a fit in two did, and ended at 93 to
  * 97 % instead of 98; with 2 workers and 0.998, two of 25. The more workers, the faster `v` has to follow: from 0.99 with
  * 2 down to 0.95 with 10 none jumped (docs/accuracy.md).
  */
private[optim] object SecondMoment {
  val option = "beta2"

  // Of TensorFlow and Keras; most programs that spell it out do so without a thought.
  val default = 0.999
  private val perWorker = 0.005 // of 1 − beta2
  private val least = 0.95 // what was measured to do no harm

  /** What takes the place of the default.
    *
    * @param workers that push without waiting for each other, at most
    */
  def beta2(workers: Int): Double =
    if (workers > 1) Math.max(least, 1 - perWorker * workers) else default
}
