package sparkflow.ps.consistency

import sparkflow.ps.store.FloatSource

/** What is done about a gradient that was computed on older weights than it is applied to, before the optimizer gets it.
  *
  * @param decay whether it is divided by its staleness + 1, as in DynSGD (Jiang et al., "Heterogeneity-aware Distributed
  *   Parameter Servers", SIGMOD 2017): `g / (s + 1)`, s being the updates between
  * @param compensation λ of DC-ASGD (Zheng et al., "Asynchronous Stochastic Gradient Descent with Delay Compensation", ICML
  *   2017), which comes first: `g + λ g ⊙ g ⊙ (w_now − w_then)`, w_then being the weights that it was computed on. 0 for none
  */
final case class Correction(decay: Boolean, compensation: Float) {

  /** Whether it needs the weights that a gradient was computed on. */
  def compensates: Boolean = compensation != 0

  /** Of one gradient.
    *
    * @param base the version of the weights that it was computed on
    * @param then those weights, read while the gradient is
    */
  def of(base: Long, `then`: => FloatSource): Option[Age] =
    Option.when(decay || compensates)(
      new Age(base, decay, compensation, Option.when(compensates)(`then`).orNull)
    )
}

/** The age of one gradient, in an update that makes up for it. */
final class Age private[consistency] (
    base: Long,
    decay: Boolean,
    compensation: Float,
    before: FloatSource // or null
) {

  /** Corrects the gradient of a shard, in place.
    *
    * @param gradient of the shard's weights
    * @param from number of its first weight
    * @param weights as they are before the update
    * @param t number of the update
    */
  private[consistency] def correct(
      gradient: Array[Float],
      from: Int,
      weights: Array[Float],
      t: Long
  ): Unit = {
    if (before != null) {
      val old = Room(weights.length)
      before.get(from, old, 0, weights.length)
      var i = 0
      while (i < weights.length) {
        val g = gradient(i)
        gradient(i) = g + compensation * g * g * (weights(i) - old(i))
        i += 1
      }
    }
    decay(gradient, 0, weights.length, t)
  }

  /** Divides some values by the staleness + 1, in place. */
  private[consistency] def decay(gradient: Array[Float], at: Int, count: Int, t: Long): Unit = {
    val staleness = t - 1 - base
    if (decay && staleness > 0) {
      val share = 1f / (staleness + 1)
      var i = at
      while (i < at + count) {
        gradient(i) *= share
        i += 1
      }
    }
  }
}
