package sparkflow.bench

import java.nio.ByteBuffer

import sparkflow.ps.consistency.Consistency
import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.NativeFloats

/** Updates as the server makes them, with all cores, but with nobody at the other end. */
object OptimizerSteps {

  /** @return the seconds of each update */
  def apply(count: Int, optimizer: Optimizer, times: Int): Seq[Double] = {
    val gradient = new NativeFloats(NativeFloats.pieceBytes(count).map(ByteBuffer.allocateDirect))
    val values = Array.tabulate(1 << 14)(i => (i % 7 - 3) * 0.01f)
    for (from <- 0 until count by values.length)
      gradient.put(from, values, 0, math.min(values.length, count - from))
    val store =
      Consistency("locked", optimizer, new Array[Float](count), Runtime.getRuntime.availableProcessors)
    try
      Seq.fill(times) {
        val begin = System.nanoTime()
        store.push(gradient, change = false, None)
        (System.nanoTime() - begin) / 1e9
      }
    finally store.close()
  }
}
