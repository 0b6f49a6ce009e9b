package sparkflow.ps.optim

/** Any number of Adam's steps with a gradient of 0 at once. With n of them after update s, and `q = √beta2`,
  * {{{
  * w ← w − m · Σⱼ rate(s + j) · beta1ʲ / (√v · qʲ + epsilon)        j = 1 … n
  * }}}
  * where all but `√v` is the same for all weights. With `d = √v + epsilon` and `z = √v / d`, which is 0 to 1, the
  * denominator is `d · (1 − z · (1 − qʲ))`, so the sum is a power series of z:
  * {{{
  * Σⱼ … = 1 / d · Σₖ zᵏ · aₖ        aₖ = Σⱼ rate(s + j) · beta1ʲ · (1 − qʲ)ᵏ
  * }}}
  * `beta1ʲ` is next to nothing long before `qʲ` is far from 1, as long as beta2 is much nearer to 1 than beta1: then a few
  * terms will do. For other betas the steps are taken one by one, as long as they can still move a weight.
  *
  * @param rate of update t, with the bias correction in it
  */
private[optim] final class AdamIdle(beta1: Float, beta2: Float, epsilon: Float, rate: Long => Float)
    extends Idle {
  import AdamIdle._

  private val q = Math.sqrt(beta2.toDouble)

  /** Steps after which the weights stand still: all the further ones are 2^-30 of the first, or less. Each is at most
    * `r = beta1 / q` of the one before, as the rate's own rise is less than that while beta1 <= beta2.
    */
  private val longest: Long = {
    val r = beta1 / q
    if (beta1 == 0f) 1
    else if (beta1 > beta2) Long.MaxValue
    else Math.ceil((Math.log(1 - r) - 30 * Math.log(2)) / Math.log(r)).toLong
  }

  private val converges: Boolean = longest < 10000 && {
    val rest =
      (1 to longest.toInt).map(j => Math.pow(beta1.toDouble, j) * Math.pow(1 - Math.pow(q, j), terms))
    rest.sum < 1e-8 * beta1
  }

  override def until(t: Long): Idle.MakeUp = if (converges) new Series(t) else new Steps(t)

  private final class Series(t: Long) extends Idle.MakeUp {
    // Rows that are equally long behind share them. Two threads may both make one: they make the same.
    private val known = new Array[Sum](memo)

    override def apply(
        weights: Array[Float],
        slots: Array[Array[Float]],
        width: Int,
        last: Array[Long],
        rows: Int,
        room: Array[Float]
    ): Unit = {
      invert(slots(1), room, rows * width)
      var k = 0
      while (k < rows) {
        if (last(k) > 0 && last(k) < t)
          move(weights, slots(0), slots(1), room, k * width, (k + 1) * width, sumOf(t - last(k)))
        k += 1
      }
    }

    // Apart, as the processor divides and takes roots of many at once in a long loop.
    private def invert(v: Array[Float], inverse: Array[Float], count: Int): Unit = {
      val eps = epsilon
      var i = 0
      while (i < count) {
        inverse(i) = 1f / (Math.sqrt(v(i).toDouble).toFloat + eps)
        i += 1
      }
    }

    private def move(
        weights: Array[Float],
        m: Array[Float],
        v: Array[Float],
        inverse: Array[Float],
        from: Int,
        until: Int,
        sum: Sum
    ): Unit = {
      val a0 = sum.a(0)
      val a1 = sum.a(1)
      val a2 = sum.a(2)
      val a3 = sum.a(3)
      val a4 = sum.a(4)
      val a5 = sum.a(5)
      val keepM = sum.keepM
      val keepV = sum.keepV
      val eps = epsilon
      var i = from
      while (i < until) {
        val z = 1f - eps * inverse(i)
        val moved = a0 + z * (a1 + z * (a2 + z * (a3 + z * (a4 + z * a5))))
        weights(i) -= m(i) * inverse(i) * moved
        m(i) = Decay.settle(m(i) * keepM)
        v(i) = Decay.settle(v(i) * keepV)
        i += 1
      }
    }

    private def sumOf(n: Long): Sum =
      if (n >= memo) sum(n)
      else {
        var found = known(n.toInt)
        if (found == null) {
          found = sum(n)
          known(n.toInt) = found
        }
        found
      }

    private def sum(n: Long): Sum = {
      val a = new Array[Double](terms)
      var (powerOf1, powerOfQ) = (1.0, 1.0)
      var j = 1L
      while (j <= Math.min(n, longest)) {
        powerOf1 *= beta1
        powerOfQ *= q
        var term = rate(t - n + j) * powerOf1
        var k = 0
        while (k < terms) {
          a(k) += term
          term *= 1 - powerOfQ
          k += 1
        }
        j += 1
      }
      new Sum(a.map(_.toFloat), power(beta1, n), power(beta2, n))
    }
  }

  private final class Steps(t: Long) extends Idle.MakeUp {
    override def apply(
        weights: Array[Float],
        slots: Array[Array[Float]],
        width: Int,
        last: Array[Long],
        rows: Int,
        room: Array[Float]
    ): Unit =
      for (k <- 0 until rows if last(k) > 0 && last(k) < t)
        move(weights, slots(0), slots(1), k * width, (k + 1) * width, last(k))

    private def move(
        weights: Array[Float],
        m: Array[Float],
        v: Array[Float],
        from: Int,
        until: Int,
        last: Long
    ): Unit = {
      val end = if (t - last > longest) last + longest else t
      var s = last + 1
      while (s <= end) {
        val step = rate(s)
        var i = from
        while (i < until) {
          m(i) = Decay.settle(m(i) * beta1)
          v(i) = Decay.settle(v(i) * beta2)
          weights(i) -= m(i) * step / (Math.sqrt(v(i).toDouble).toFloat + epsilon)
          i += 1
        }
        s += 1
      }
      if (end < t) fade(m, v, from, until, t - end)
    }

    private def fade(m: Array[Float], v: Array[Float], from: Int, until: Int, n: Long): Unit = {
      val keepM = power(beta1, n)
      val keepV = power(beta2, n)
      var i = from
      while (i < until) {
        m(i) = Decay.settle(m(i) * keepM)
        v(i) = Decay.settle(v(i) * keepV)
        i += 1
      }
    }
  }
}

private[optim] object AdamIdle {
  private val terms = 6
  private val memo = 1024

  private def power(base: Float, n: Long): Float = Math.pow(base.toDouble, n.toDouble).toFloat

  /** What n steps do, whatever the weight. @param a the factors of the powers of z */
  private final class Sum(val a: Array[Float], val keepM: Float, val keepV: Float)
}
