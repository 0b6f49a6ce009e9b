package sparkflow.ml

import java.io.{EOFException, InputStream, OutputStream}
import java.nio.charset.StandardCharsets.UTF_8
import java.security.{DigestInputStream, DigestOutputStream, MessageDigest}

import scala.util.Using

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{ChecksumException, FileSystem, Path}

import sparkflow.Version
import sparkflow.job.TrainHistory
import sparkflow.ps.store.{Floats, ModelState}

/** What a directory of model files holds.
  *
  * @param graph   JSON of the MetaGraphDef; an estimator's initial weights have none
  * @param summary of the fit that made the weights, where one did
  */
private[ml] final case class ModelContent(
    graph: Option[String],
    state: ModelState,
    trainingSeed: Option[Long],
    summary: Option[TrainingSummary]
)

/** A directory of graph.json, weights.bin, state.bin, summary.json and manifest.json on any Hadoop file system, the format that
  * docs/persistence.md defines. Values go through in chunks: there is no second copy of the weights.
  */
private[ml] final class ModelFiles(directory: Path, conf: Configuration) {
  import ModelFiles._

  private val fs: FileSystem = directory.getFileSystem(conf)

  /** Writes the manifest last, so a save that was cut short is never taken for a model. */
  def write(content: ModelContent): Unit = {
    val state = content.state
    val texts = content.graph.map(graphFile -> _) ++ content.summary.map(summaryFile -> _.toJson)
    val files =
      texts.map { case (name, json) => name -> create(name)(_.write(json.getBytes(UTF_8))) }.toMap ++
        Map(
          weightsFile -> create(weightsFile)(Floats.write(state.weights, _)),
          stateFile -> create(stateFile)(_.write(state.state))
        )
    val manifest = Manifest(Version.current, content.trainingSeed, state.layout, files)
    create(Manifest.fileName)(_.write(manifest.toJson.getBytes(UTF_8)))
    ()
  }

  /** @throws SavedModelException if a file is missing, cut, altered, or of a format that this version does not know */
  def read(withGraph: Boolean): ModelContent = {
    val where = path(Manifest.fileName)
    val manifest = Manifest.parse(
      new String(present(where)(Using.resource(fs.open(where))(_.readAllBytes())), UTF_8),
      where.toString
    )
    val layout = manifest.layout
    sized(manifest, weightsFile, 4L * layout.weightCount)
    sized(manifest, stateFile, layout.stateBytes.toLong)
    val graph = Option.when(withGraph)(text(manifest, graphFile))
    val summary = Option.when(manifest.files.contains(summaryFile))(text(manifest, summaryFile)).map { json =>
      try new TrainingSummary(TrainHistory.fromJson(json))
      catch {
        case e: IllegalArgumentException =>
          throw new SavedModelException(s"${path(summaryFile)}: ${e.getMessage}; $restore", e)
      }
    }
    val weights = new Array[Float](layout.weightCount)
    open(manifest, weightsFile)(Floats.read(_, weights))
    val state = open(manifest, stateFile)(_.readAllBytes())
    ModelContent(graph, ModelState(layout, weights, state), manifest.trainingSeed, summary)
  }

  private def create(name: String)(write: OutputStream => Unit): FileEntry = {
    val digest = MessageDigest.getInstance("SHA-256")
    val out = fs.create(path(name), false)
    Using.resource(new DigestOutputStream(out, digest))(write)
    FileEntry(out.getPos, hex(digest))
  }

  /** Opens a file whose length agrees with the manifest, and holds it to its SHA-256 once all of it was read. */
  private def open[A](manifest: Manifest, name: String)(read: InputStream => A): A = {
    val where = path(name)
    val entry = listed(manifest, name)
    val length = present(where)(fs.getFileStatus(where).getLen)
    if (length != entry.bytes)
      throw new SavedModelException(
        s"$where has $length bytes, but ${Manifest.fileName} says ${entry.bytes}: it was cut or altered; $restore"
      )
    val digest = MessageDigest.getInstance("SHA-256")
    val value = present(where)(Using.resource(new DigestInputStream(fs.open(where), digest))(read))
    if (hex(digest) != entry.sha256.toLowerCase) throw altered(where, null)
    value
  }

  private def text(manifest: Manifest, name: String): String =
    new String(open(manifest, name)(_.readAllBytes()), UTF_8)

  private def listed(manifest: Manifest, name: String): FileEntry =
    manifest.files.getOrElse(
      name,
      throw new SavedModelException(s"${path(Manifest.fileName)} does not list $name: $restore")
    )

  /** The layout must account for every byte, before memory is taken for any. */
  private def sized(manifest: Manifest, name: String, expected: Long): Unit = {
    val bytes = listed(manifest, name).bytes
    if (bytes != expected)
      throw new SavedModelException(
        s"the layout in ${path(Manifest.fileName)} takes $expected bytes of $name, which has $bytes: " +
          s"the manifest belongs to another model or was altered; $restore"
      )
  }

  private def present[A](where: Path)(read: => A): A =
    try {
      if (!fs.exists(where)) throw new SavedModelException(s"$where is missing: $restore")
      read
    } catch {
      // Hadoop's own check of local files comes before ours.
      case e: ChecksumException => throw altered(where, e)
      case e: EOFException      => throw altered(where, e)
    }

  private def altered(where: Path, cause: Throwable) =
    new SavedModelException(
      s"$where was altered since it was saved, its SHA-256 is not the one recorded: $restore",
      cause
    )

  private def path(name: String): Path = new Path(directory, name)

  private def hex(digest: MessageDigest): String = digest.digest().map(b => f"$b%02x").mkString
}

private object ModelFiles {
  private val graphFile = "graph.json"
  private val summaryFile = "summary.json"
  private val weightsFile = "weights.bin"
  private val stateFile = "state.bin"
  private val restore = SavedModelException.restore
}
