package sparkflow.job.checkpoint

import java.io.{DataInputStream, DataOutputStream}

import scala.util.control.NonFatal

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.Path

import sparkflow.Version
import sparkflow.files.CheckedFiles
import sparkflow.ps.store.{Floats, StoreSnapshot}

/** The directory of one checkpoint: weights.bin, state.bin, slot-0.bin and so on, clocks.bin and a manifest, as
  * docs/persistence.md says. Values go through in chunks.
  */
private[checkpoint] final class CheckpointFiles(directory: Path, conf: Configuration) {
  import CheckpointFiles._

  private val files =
    new CheckedFiles(directory, conf, "this checkpoint is lost", new DamagedCheckpointException(_, _))

  def write(checkpoint: Checkpoint): Unit = {
    val store = checkpoint.fit.store
    val clocks = store.clocks.toSeq.sortBy(_._1.from)
    val entries = Seq(
      weightsFile -> files.create(weightsFile)(Floats.write(store.weights, _)),
      stateFile -> files.create(stateFile)(_.write(checkpoint.fit.state)),
      clocksFile -> files.create(clocksFile) { out =>
        val data = new DataOutputStream(out) // big-endian, as Java writes
        clocks.foreach(_._2.foreach(data.writeLong))
        data.flush()
      }
    ) ++ store.slots.zipWithIndex.map { case (slot, i) =>
      slotFile(i) -> files.create(slotFile(i))(Floats.write(slot, _))
    }
    files.createManifest(
      CheckpointManifest(
        Version.current,
        checkpoint.fit,
        clocks.map(_._1),
        store.slots.length,
        checkpoint.job,
        entries.toMap
      ).toJson
    )
  }

  /** @throws DamagedCheckpointException if a file is missing, cut or altered, or of a format that this version does not know
    */
  def read(): Checkpoint = {
    val text = files.readManifest()
    files.checkManifest(required = true)
    val manifest =
      try CheckpointManifest.parse(text)
      catch {
        case NonFatal(e) =>
          throw new DamagedCheckpointException(s"${files.path(CheckedFiles.manifest)}: ${e.getMessage}", e)
      }
    val count = manifest.fit.layout.weightCount
    def floats(name: String): Array[Float] = {
      val values = new Array[Float](count)
      files.read(name, manifest.files(name))(Floats.read(_, values))
      values
    }
    val clocks = files.read(clocksFile, manifest.files(clocksFile)) { in =>
      val data = new DataInputStream(in)
      manifest.tables.map(table => table -> Array.fill(table.rows)(data.readLong())).toMap
    }
    val store = StoreSnapshot(
      manifest.fit.store.version,
      floats(weightsFile),
      (0 until manifest.slots).map(i => floats(slotFile(i))),
      clocks,
      manifest.fit.store.whole
    )
    val state = files.read(stateFile, manifest.files(stateFile))(_.readAllBytes())
    Checkpoint(manifest.fit.copy(store = store, state = state), manifest.job)
  }
}

private object CheckpointFiles {
  private val weightsFile = "weights.bin"
  private val stateFile = "state.bin"
  private val clocksFile = "clocks.bin"
  private def slotFile(number: Int) = s"slot-$number.bin"
}
