package sparkflow.ps.optim

/** A rule whose step of one element depends on the whole variable that it is of. It goes over the pieces of a variable
  * twice, each in any order and by any number of threads, and learns in between what the first pass has found.
  */
abstract class Layerwise extends Optimizer {

  /** First pass: updates the slots, and may decay the weights.
    *
    * @param sums the range's part of `Layerwise.sums` sums over the variable is put there, from `at` on
    */
  def prepare(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long,
      sums: Array[Double],
      at: Int
  ): Unit

  /** How far the variable goes, for which all its parts of the sums have been added up, from `at` on. */
  def stride(t: Long, sums: Array[Double], at: Int): Float

  /** Second pass: moves the weights. */
  def move(
      weights: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long,
      stride: Float
  ): Unit

  /** As of any optimizer, with the range for one whole variable. */
  final def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val sums = new Array[Double](Layerwise.sums)
    prepare(weights, gradient, slots, from, until, t, sums, 0)
    move(weights, slots, from, until, t, stride(t, sums, 0))
  }
}

object Layerwise {
  val sums = 2
}
