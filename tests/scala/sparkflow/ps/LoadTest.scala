package sparkflow.ps

import java.util.concurrent.CyclicBarrier
import java.util.concurrent.atomic.{AtomicLong, AtomicLongArray}

import io.netty.buffer.PooledByteBufAllocator
import org.apache.spark.network.util.NettyUtils

import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, Variable}

/** As many workers as a large cluster has: none starves, and the memory is what README says, whatever they do. */
class LoadTest extends ServerTest {
  private val workers = 256
  private val deaf = 16 // further ones, which never read what they have asked for
  private val weights = 16 << 10
  private val pushes = 30L * workers // of all together

  // Sixteen times less than the luckiest; seen: 1.1 to 2. A worker that starved would have next to none.
  private val mostUneven = 16

  private val allocator =
    NettyUtils.getSharedPooledByteBufAllocator(true, true).asInstanceOf[PooledByteBufAllocator]

  /** Bytes that the server may take for its connections: for each a gradient and the weights that answer it, rounded up
    * by the pool by a quarter at most, and one chunk that is not full for each of the pool's arenas.
    */
  private def mostMemory(connections: Int): Long =
    connections * 2L * 4 * weights * 5 / 4 + allocator.metric.numDirectArenas * allocator.metric.chunkSize.toLong

  test(s"$workers workers push and pull at once: none starves, and memory is bounded") {
    val layout = Layout(Seq(Variable("w", Seq(weights))), Nil)
    val gradient = new Array[Float](weights)
    withServer(config("locked", Some(zeros(layout)))) { live =>
      val before = allocator.metric.usedDirectMemory
      val silent = (0 until deaf).map { i =>
        val client = live.connect()
        client.send(Hello(0, workers + i, 0, 10))
        client
      }
      val served = new AtomicLongArray(workers)
      val all, peak = new AtomicLong
      val connected = new CyclicBarrier(workers)
      together(workers) { i =>
        val client = live.worker(i)
        connected.await()
        var step = 0L
        while (all.get < pushes) {
          val push = Push(step, 0, 1, answerWithWeights = true, shared = false, change = false, 0)
          client.callFor(push, gradient)._1 match {
            case _: Weights => ()
            case other      => fail(s"no Weights but $other")
          }
          step += 1
          served.set(i, step)
          all.incrementAndGet()
          peak.accumulateAndGet(allocator.metric.usedDirectMemory - before, (a, b) => math.max(a, b))
        }
      }
      val counts = (0 until workers).map(served.get)
      info(
        f"max/min service ratio ${counts.max.toDouble / counts.min}%.2f; ${peak.get >> 20} MiB, at most ${mostMemory(workers + deaf) >> 20}"
      )
      assert(counts.min > 0 && counts.max <= mostUneven * counts.min)
      assert(live.server.steps === counts.sum)
      assert(peak.get <= mostMemory(workers + deaf))
      assert(silent.forall(_.receive()._1.isInstanceOf[Welcome]), "they are served when they read")
    }
  }
}
