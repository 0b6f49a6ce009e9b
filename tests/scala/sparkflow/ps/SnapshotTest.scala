package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.protocol._

class SnapshotTest extends ServerTest {
  private def push(step: Long, version: Long, loss: Double = 0.5) =
    Push(step, version, 10, answerWithWeights = true, shared = false, change = false, loss)

  private def adam(mode: String, every: Int = 0): ServerConfig =
    config(mode).copy(optimizer = Optimizer.create("adam", 0.1, Map.empty), snapshotEvery = every)

  private def gradient(step: Long) = Array.tabulate(5)(i => math.sin(step * 5.0 + i).toFloat)

  private def numbers(rows: Seq[Int]): Array[Byte] = {
    val bytes = ByteBuffer.allocate(4 * rows.size).order(ByteOrder.LITTLE_ENDIAN)
    rows.foreach(bytes.putInt)
    bytes.array
  }

  /** One worker's steps `from` to `until`; the weights after them, and the snapshots that were taken. */
  private def whole(settings: ServerConfig, from: Option[FitSnapshot], until: Long) =
    trained(settings, from, Hello(0, 0, 0, 10)) { (client, start) =>
      for (step <- start until until)
        assert(client.call(push(step, step), gradient(step)) === Weights(step + 1))
    }

  /** As `whole`, but by rows: each step has one row of the table, in turns of three, so one row is mostly idle. */
  private def byRows(settings: ServerConfig, from: Option[FitSnapshot], until: Long) =
    trained(settings, from, Hello(0, 0, 0, 10, """["kernel"]""")) { (client, start) =>
      def rows(step: Long) = Seq(if (step % 3 == 0) 1 else 0)
      client.callFor(PullRows, state = numbers(rows(start)))
      for (step <- start until until)
        client.callFor(
          PushRows(step, step, 10, shared = false, 0.5),
          gradient(step).take(3),
          numbers(rows(step + 1))
        )
    }

  private def trained(settings: ServerConfig, from: Option[FitSnapshot], hello: Hello)(
      steps: (WireClient, Long) => Unit
  ): (Seq[Float], Seq[FitSnapshot]) = {
    val live = new Live(settings, new Events, from)
    try {
      live.server.begin(0, 1)
      val client = live.connect()
      steps(client, client.call(hello).asInstanceOf[Welcome].step)
      client.call(Done)
    } finally live.close()
    assert(live.events.failed === Nil)
    (live.weights, live.events.snapshots)
  }

  for (
    mode <- Seq("hogwild", "locked", "ssp", "sync");
    (kind, train) <- Seq("whole" -> whole _, "rows" -> byRows _)
  )
    test(s"$mode: a fit that goes on from a snapshot ends with the bits of one that never stopped ($kind)") {
      val (undisturbed, none) = train(adam(mode), None, 11)
      assert(none === Nil)
      val (watched, snapshots) = train(adam(mode, every = 4), None, 11)
      assert(watched === undisturbed)
      assert(snapshots.map(_.store.version) === Seq(4, 8))
      assert(
        snapshots.map(_.workers) === Seq(4, 8).map(n => Seq(WorkerProgress(0, Some(10), n, 10L * n, 5.0 * n)))
      )
      snapshots.foreach { snapshot =>
        val (resumed, later) = train(adam(mode, every = 4), Some(snapshot), 11)
        assert(resumed === undisturbed)
        assert(later.map(_.store.version) === Seq(4, 8).filter(_ > snapshot.store.version))
      }
    }

  test("a snapshot is between two updates, however many workers push") {
    for (mode <- Seq("hogwild", "locked")) {
      val live = new Live(config(mode).copy(snapshotEvery = 7), new Events)
      try {
        live.server.begin(0, 4)
        together(4) { i =>
          val client = live.worker(i)
          for (step <- 0 until 50) client.call(push(step, 0), ones())
        }
      } finally live.close()
      val snapshots = live.events.snapshots
      assert(snapshots.length === 200 / 7)
      snapshots.foreach { s =>
        assert(s.workers.map(_.step).sum === s.store.version && s.counts.steps === s.store.version)
        assert(s.counts.samples === 10 * s.store.version)
        if (mode == "locked") assert(s.store.weights.toSeq === Seq.fill(5)(-s.store.version.toFloat))
      }
    }
  }

  test("in sync it has the states merged and the losses reported of all its steps") {
    val live = new Live(config("sync").copy(snapshotEvery = 1), new Events)
    def change =
      ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putFloat(2).putFloat(0).putLong(3).array
    try {
      live.server.begin(0, 2)
      val workers = (0 until 2).map(live.worker(_))
      def both(message: Message, values: Array[Float], state: Array[Byte] = Array.emptyByteArray) = {
        workers.foreach(_.send(message, values, state))
        workers.map(_.receive()._1)
      }
      assert(both(push(0, 0), ones()) === Seq.fill(2)(Weights(1)))
      both(PushState, Array.empty, change)
      assert(live.events.snapshots === Nil)
      both(Report(0, 10, 0.5, 0), Array.empty)
      both(push(1, 1), ones())
    } finally live.close()
    val taken = live.events.snapshots.head
    assert(taken.store.version === 1 && taken.workers.map(_.step) === Seq(1, 1))
    assert(ByteBuffer.wrap(taken.state).order(ByteOrder.LITTLE_ENDIAN).getLong(8) === 6)
    assert(taken.workers.map(w => (w.samples, w.loss)) === Seq((0, 0.0), (0, 0.0)))
  }

  test("the loss of an iteration that a fit was cut short in is that of all its steps") {
    val (_, snapshots) = whole(adam("locked", every = 2), None, 2)
    val live = new Live(adam("locked"), new Events, snapshots.headOption)
    try {
      val client = live.worker(0)
      client.call(push(2, 2, loss = 2.0), ones())
      client.call(Report(0, 10, 2.0, 0))
    } finally live.close()
    assert(live.events.reports.map(r => (r.samples, r.loss)) === Seq((30, 1.0)))
    assert(live.server.counts.samples === 30)
  }

  test("other rows than before are refused, by number") {
    val (_, snapshots) = whole(adam("locked", every = 2), None, 2)
    val live = new Live(adam("locked"), new Events, snapshots.headOption)
    try {
      val why = assertError(ErrorCode.Sizes, live.connect().call(Hello(0, 0, 0, 11)))
      assert(why.contains("partition 0 has 11 rows, but had 10 when the checkpoint was made"))
    } finally live.close()
    assert(live.events.failed.size === 1)
  }
}
