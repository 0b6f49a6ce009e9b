package sparkflow.ps.optim

/** Any number of Adam's steps with a gradient of 0 at once. With n of them after update s, and `r = beta2^(1/4)`,
  * {{{
  * w ← w − m · Σⱼ rate(s + j) · beta1ʲ / (√v · r²ʲ + epsilon)        j = 1 … n
  * }}}
  * where all but `√v` is the same for all weights. With `d = √v + epsilon` and `z = √v / d`, which is 0 to 1, the
  * denominator is `d · (1 − z · (1 − r²ʲ))`. Its reciprocal is a series of Chebyshev's polynomials of `x = 2z − 1`
  * (their generating function: Abramowitz and Stegun 1964, 22.9.9),
  * {{{
  * 1 / (1 − z · (1 − r²ʲ)) = (1 + 2 · Σₖ ρⱼᵏ · Tₖ(x)) / rʲ           ρⱼ = (1 − rʲ) / (1 + rʲ)
  * }}}
  * and so is the sum. `beta1ʲ` is next to nothing long before `ρⱼ` is far from 0, as long as beta2 is nearer to 1 than
  * beta1: then a few terms will do, 3 of them for a beta2 of 0.999, 5 for 0.99, 19 for 0.95. For other betas the steps are
  * taken one by one, as long as they can still move a weight.
  *
  * @param rate of update t, with the bias correction in it
  */
private[optim] final class AdamIdle(beta1: Float, beta2: Float, epsilon: Float, rate: Long => Float)
    extends Idle {
  import AdamIdle._

  private val r = Math.pow(beta2.toDouble, 0.25)

  /** Steps after which the weights stand still: all the further ones are 2^-30 of the first, or less. Each is at most
    * `beta1 / r²` of the one before, as the rate's own rise is less than that while beta1 <= beta2.
    */
  private val longest: Long = {
    val next = beta1 / (r * r)
    if (beta1 == 0f) 1
    else if (beta1 > beta2) Long.MaxValue
    else Math.ceil((Math.log(1 - next) - 30 * Math.log(2)) / Math.log(next)).toLong
  }

  /** How long the series must be: what is left out is less than rounding takes from the sum; none if that is too long. */
  private val terms: Option[Int] =
    if (longest > 10000) None
    else {
      val steps = 1 to longest.toInt
      def sum(f: Double => Double) = steps.map(j => Math.pow(beta1.toDouble, j) * f(Math.pow(r, j))).sum
      (1 to chebyshev.length).find { n =>
        sum(r => Math.pow((1 - r) / (1 + r), n) * (1 + r) / (r * r)) <= tolerance * sum(_ => 1)
      }
    }

  override def until(t: Long): Idle.MakeUp = terms match {
    case Some(terms) => new Series(t, terms)
    case None        => new Steps(t)
  }

  private final class Series(t: Long, terms: Int) extends Idle.MakeUp {
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
      val rest = new Array[Float](Math.min(width, block)) // of the series, behind its first terms
      var k = 0
      while (k < rows) {
        if (last(k) > 0 && last(k) < t) {
          val sum = sumOf(t - last(k))
          val end = (k + 1) * width
          var from = k * width
          while (from < end) {
            val until = Math.min(from + block, end)
            if (terms > first) evaluate(sum.a, room, from, until, rest)
            move(weights, slots(0), slots(1), room, from, until, rest, sum)
            from = until
          }
        }
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

    // By Horner's rule, term by term: each is a loop over many values at once.
    private def evaluate(
        a: Array[Float],
        inverse: Array[Float],
        from: Int,
        until: Int,
        rest: Array[Float]
    ): Unit = {
      val count = until - from
      val twice = 2 * epsilon
      java.util.Arrays.fill(rest, 0, count, a(a.length - 1))
      var k = a.length - 2
      while (k >= first) {
        val ak = a(k)
        var i = 0
        while (i < count) {
          rest(i) = ak + (1f - twice * inverse(from + i)) * rest(i)
          i += 1
        }
        k -= 1
      }
    }

    // With the first terms, which are all in most fits, in one loop: it is short, and each start of it costs.
    private def move(
        weights: Array[Float],
        m: Array[Float],
        v: Array[Float],
        inverse: Array[Float],
        from: Int,
        until: Int,
        rest: Array[Float],
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
      val twice = 2 * epsilon
      var i = from
      while (i < until) {
        val y = inverse(i)
        val x = 1f - twice * y
        val series = a0 + x * (a1 + x * (a2 + x * (a3 + x * (a4 + x * (a5 + x * rest(i - from))))))
        weights(i) -= m(i) * y * series
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
      val series = new Array[Double](terms)
      var (powerOf1, powerOfR) = (1.0, 1.0)
      var j = 1L
      while (j <= Math.min(n, longest)) {
        powerOf1 *= beta1
        powerOfR *= r
        val rho = (1 - powerOfR) / (1 + powerOfR)
        var term = rate(t - n + j) * powerOf1 / powerOfR
        series(0) += term
        term *= 2
        var k = 1
        while (k < terms) {
          term *= rho
          series(k) += term
          k += 1
        }
        j += 1
      }
      val a = Array.tabulate(math.max(terms, first))(i =>
        (i until terms).map(k => series(k) * chebyshev(k)(i)).sum.toFloat
      )
      new Sum(a, power(beta1, n), power(beta2, n))
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
  private final val first = 6 // terms
  private val memo = 1024
  private val block = 1024 // values, of which three arrays stay in a core's first cache
  private val tolerance = 2.5e-7 // two roundings of a float32

  /** Of each of Chebyshev's first polynomials, the factors of the powers of x, lowest first. */
  private val chebyshev: Array[Array[Double]] = {
    val t = Array.ofDim[Double](24, 24)
    t(0)(0) = 1
    t(1)(1) = 1
    for (k <- 2 until t.length; i <- 0 to k)
      t(k)(i) = (if (i > 0) 2 * t(k - 1)(i - 1) else 0) - t(k - 2)(i)
    t
  }

  private def power(base: Float, n: Long): Float = Math.pow(base.toDouble, n.toDouble).toFloat

  /** What n steps do, whatever the weight. @param a the factors of the powers of x */
  private final class Sum(val a: Array[Float], val keepM: Float, val keepV: Float)
}
