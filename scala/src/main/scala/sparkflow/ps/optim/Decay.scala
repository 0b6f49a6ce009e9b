package sparkflow.ps.optim

private[optim] object Decay {
  private final val Small = 8.271806e-25f // 2^-80

  /** A running average, with what is far below any effect on a weight (about 1e-31) rounded off.
    *
    * Once a gradient stays 0 (a dead unit, a pixel that is always black), its averages shrink towards 0, but
    * stop at the smallest float32 numbers, the subnormal ones, where a multiplication costs many times more
    * on most processors, in every step from then on. TensorFlow has the processor flush them to 0; the JVM
    * cannot. Adding and taking away 2^-80 leaves a multiple of 2^-104, without a branch, and any number from
    * 1e-26 up stays the same within 3e-6.
    */
  def settle(average: Float): Float = (average + Small) - Small
}
