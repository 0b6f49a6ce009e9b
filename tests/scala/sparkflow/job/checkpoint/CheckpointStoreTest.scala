package sparkflow.job.checkpoint

import java.io.IOException
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.apache.hadoop.conf.Configuration
import org.json4s.{JInt, JObject}
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.files.SmallDisk
import sparkflow.ml.LocalSpark.withDirectory
import sparkflow.ps.{FitCounts, FitSnapshot, WorkerProgress}
import sparkflow.ps.store._

class CheckpointStoreTest extends AnyFunSuite {
  import CheckpointStoreTest._

  private def withStore(keep: Int = 2)(test: (CheckpointStore, Path) => Any): Unit = withDirectory {
    directory =>
      val root = directory.resolve("checkpoints")
      val store = new CheckpointStore(root.toString, keep, new Configuration)
      store.prepare()
      test(store, root)
      ()
  }

  private def names(root: Path): Set[String] =
    Using.resource(Files.list(root))(_.iterator.asScala.map(_.getFileName.toString).toSet)

  test("a checkpoint comes back as it was") {
    withStore() { (store, _) =>
      assert(store.isEmpty && store.latest().isEmpty)
      store.save(checkpoint(7))
      val back = store.latest().get
      assert(back.job === checkpoint(7).job)
      assert(essence(back.fit) === essence(checkpoint(7).fit))
    }
  }

  test("the newest stay, and nothing else is there") {
    withStore(keep = 2) { (store, root) =>
      Seq(9L, 10L, 100L, 1000000000000L).foreach(n => store.save(checkpoint(n)))
      assert(names(root) === Set("step-000000000100", "step-1000000000000"))
      assert(store.latest().get.fit.store.version === 1000000000000L)
    }
  }

  test("one that is there already is not written again") {
    withStore() { (store, root) =>
      store.save(checkpoint(5))
      val before = Files.getLastModifiedTime(root.resolve("step-000000000005/weights.bin"))
      store.save(checkpoint(5))
      assert(Files.getLastModifiedTime(root.resolve("step-000000000005/weights.bin")) === before)
    }
  }

  test("whatever byte of whatever file is altered: the checkpoint before is taken") {
    withStore() { (store, root) =>
      store.save(checkpoint(1))
      store.save(checkpoint(2))
      val newest = root.resolve("step-000000000002")
      val files = names(newest).filterNot(_.startsWith("."))
      assert(files.size === 7)
      for (file <- files.map(newest.resolve); bytes = Files.readAllBytes(file); at <- bytes.indices by 41) {
        Files.deleteIfExists(
          file.resolveSibling(s".${file.getFileName}.crc")
        ) // as a copy by other tools does
        Files.write(file, bytes.updated(at, (bytes(at) ^ 1).toByte))
        assert(store.latest().get.fit.store.version === 1, s"$file, byte $at")
        Files.write(file, bytes)
      }
      assert(store.latest().get.fit.store.version === 2)
      for (file <- files.map(newest.resolve); bytes = Files.readAllBytes(file)) {
        Files.delete(file)
        assert(store.latest().get.fit.store.version === 1, s"no $file")
        Files.write(file, bytes)
      }
    }
  }

  test("if all are damaged, that is said, and not started anew") {
    withStore() { (store, root) =>
      store.save(checkpoint(1))
      Files.delete(root.resolve("step-000000000001/manifest.json"))
      val message = intercept[IllegalArgumentException](store.latest()).getMessage
      assert(
        message.contains(s"checkpointDir is '$root', whose checkpoints are all damaged (step-000000000001;")
      )
    }
  }

  test("a newer format is no checkpoint of this version") {
    withStore() { (_, root) =>
      val files =
        new CheckpointFiles(new org.apache.hadoop.fs.Path(root.toString, "step-1"), new Configuration)
      files.write(checkpoint(1))
      val manifest = root.resolve("step-1/manifest.json")
      val text = Files.readString(manifest).replaceFirst("\"formatVersion\" *: *1", "\"formatVersion\": 2")
      Files.delete(root.resolve("step-1/.manifest.json.crc"))
      Files.delete(root.resolve("step-1/.manifest.sha256.crc"))
      Files.writeString(manifest, text)
      Files.writeString(root.resolve("step-1/manifest.sha256"), sparkflow.files.CheckedFiles.sha256Of(text))
      assert(
        intercept[DamagedCheckpointException](files.read()).getMessage
          .contains("it has formatVersion 2, of SparkFlow")
      )
    }
  }

  test("a full disk: an error that names the checkpoint, nothing under its name, and the one before stays") {
    withDirectory { directory =>
      val conf = SmallDisk.register(new Configuration)
      val store = new CheckpointStore(s"small://$directory/checkpoints", 2, conf)
      store.prepare()
      store.save(checkpoint(1))
      for (room <- Seq(0, 10, 30, 100, 400)) {
        val message =
          intercept[IOException](SmallDisk.withRoom(room.toLong)(store.save(checkpoint(2)))).getMessage
        assert(
          message.contains("cannot write checkpoint small:") && message.contains(
            "step-000000000002: No space"
          )
        )
        assert(message.contains("Look for free space"))
        assert(names(directory.resolve("checkpoints")) === Set("step-000000000001"))
      }
      store.save(checkpoint(2))
      assert(store.latest().get.fit.store.version === 2)
    }
  }

  test("a directory where nothing can be written is refused, and so is a file system that there is not") {
    withDirectory { directory =>
      Files.writeString(directory.resolve("file"), "")
      def refused(path: String) =
        intercept[IllegalArgumentException](
          new CheckpointStore(path, 2, new Configuration).prepare()
        ).getMessage
      val message = refused(s"$directory/file/below")
      assert(message.startsWith(s"checkpointDir is '$directory/file/below', where nothing can be written"))
      assert(
        refused("nofs://x/y").contains("checkpointDir is 'nofs://x/y', which no file system here can hold")
      )
    }
  }

  test("what a driver that was killed had not finished is taken away") {
    withStore() { (store, root) =>
      store.save(checkpoint(1))
      Files.createDirectory(root.resolve(".unfinished-step-000000000002-x"))
      assert(store.latest().get.fit.store.version === 1)
      store.clean()
      assert(names(root) === Set("step-000000000001"))
    }
  }

  test("the writer writes one at a time, and goes on after one that could not be written") {
    withDirectory { directory =>
      val conf = SmallDisk.register(new Configuration)
      val store = new CheckpointStore(s"small://$directory/checkpoints", 2, conf)
      val writer = new CheckpointWriter(store)
      SmallDisk.withRoom(100) {
        assert(writer.reserve() && !writer.reserve())
        writer.write(checkpoint(1))
        writer.close()
      }
      assert((writer.written, writer.failed) === ((0, 1)))
      writer.writeLast(checkpoint(2))
      assert((writer.written, writer.failed) === ((1, 1)))
      assert(store.latest().get.fit.store.version === 2)
    }
  }

  test("weights that are not finite any more are no checkpoint") {
    withStore() { (store, _) =>
      val writer = new CheckpointWriter(store)
      val bad = checkpoint(1)
      bad.fit.store.weights(3) = Float.NaN
      writer.writeLast(bad)
      assert(writer.failed === 1 && store.isEmpty)
    }
  }
}

object CheckpointStoreTest {
  private val layout = Layout(
    Seq(Variable("table", Seq(3, 2)), Variable("bias", Seq(4))),
    Seq(StateVariable("count", Nil, "int64"))
  )

  def checkpoint(version: Long): Checkpoint = Checkpoint(
    FitSnapshot(
      layout,
      StoreSnapshot(
        version,
        Array.tabulate(10)(i => version + i / 3f),
        Seq(Array.tabulate(10)(_ / 7f), Array.fill(10)(1e-30f)),
        Map(Table("table", 0, 3, 2) -> Array(version, 0L, 1L << 40)),
        whole = 2
      ),
      Array.tabulate(8)(_.toByte),
      round = 1,
      Seq(WorkerProgress(0, Some(12), 3, 30, 0.1 + 0.2), WorkerProgress(1, None, 0, 0, 0)),
      FitCounts(version, 99, Seq(1, 2), 3, 4L << 40, 5),
      elapsedNanos = 6
    ),
    JObject("any" -> JInt(1))
  )

  /** A snapshot with arrays that can be compared. */
  def essence(fit: FitSnapshot): Any = (
    fit.copy(store = StoreSnapshot.first(null), state = null),
    fit.store.copy(weights = null, slots = Nil, clocks = Map.empty),
    fit.store.weights.toSeq,
    fit.store.slots.map(_.toSeq),
    fit.store.clocks.map { case (table, clock) => table -> clock.toSeq },
    fit.state.toSeq
  )
}
