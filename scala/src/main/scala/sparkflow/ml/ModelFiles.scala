package sparkflow.ml

import java.nio.charset.StandardCharsets.UTF_8

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.Path

import sparkflow.Version
import sparkflow.files.{CheckedFiles, FileEntry}
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

/** A directory of graph.json, weights.bin, state.bin, summary.json and a manifest on any Hadoop file system, the format that
  * docs/persistence.md defines. Values go through in chunks: there is no second copy of the weights.
  */
private[ml] final class ModelFiles(directory: Path, conf: Configuration) {
  import ModelFiles._

  private val files = new CheckedFiles(directory, conf, restore, new SavedModelException(_, _))

  /** Writes the manifest last, so a save that was cut short is never taken for a model.
    *
    * @param metadata the stage's, which is there already; None if the files have none of their own
    */
  def write(content: ModelContent, metadata: Option[Path]): Unit = {
    val state = content.state
    val texts = content.graph.map(graphFile -> _) ++ content.summary.map(summaryFile -> _.toJson)
    val entries =
      texts.map { case (name, json) => name -> files.create(name)(_.write(json.getBytes(UTF_8))) }.toMap ++
        Map(
          weightsFile -> files.create(weightsFile)(Floats.write(state.weights, _)),
          stateFile -> files.create(stateFile)(_.write(state.state))
        )
    val about = metadata.map(CheckedFiles.entryOf(_, conf))
    files.createManifest(
      Manifest(Version.current, content.trainingSeed, state.layout, entries, about).toJson
    )
  }

  /** Holds the stage's metadata to what `write` was given. For those who have read the metadata, as what is wrong with it
    * can mostly be told better.
    *
    * @throws SavedModelException if it was altered
    */
  def checkMetadata(directory: Path): Unit =
    for (entry <- manifest.metadata if CheckedFiles.entryOf(directory, conf) != entry)
      throw new SavedModelException(s"$directory was altered since it was saved: $restore")

  /** @throws SavedModelException if a file is missing, cut, altered, or of a format that this version does not know
    */
  def read(withGraph: Boolean): ModelContent = {
    val manifest = this.manifest
    val layout = manifest.layout
    sized(manifest, weightsFile, 4L * layout.weightCount)
    sized(manifest, stateFile, layout.stateBytes.toLong)
    val graph = Option.when(withGraph)(text(manifest, graphFile))
    val summary = Option.when(manifest.files.contains(summaryFile))(text(manifest, summaryFile)).map { json =>
      try new TrainingSummary(TrainHistory.fromJson(json))
      catch {
        case e: IllegalArgumentException =>
          throw new SavedModelException(s"${files.path(summaryFile)}: ${e.getMessage}; $restore", e)
      }
    }
    val weights = new Array[Float](layout.weightCount)
    files.read(weightsFile, listed(manifest, weightsFile))(Floats.read(_, weights))
    val state = files.read(stateFile, listed(manifest, stateFile))(_.readAllBytes())
    files.checkManifest(required = false) // the first models had none to check
    ModelContent(graph, ModelState(layout, weights, state), manifest.trainingSeed, summary)
  }

  private def manifest: Manifest =
    Manifest.parse(files.readManifest(), files.path(CheckedFiles.manifest).toString)

  private def text(manifest: Manifest, name: String): String = files.readText(name, listed(manifest, name))

  private def listed(manifest: Manifest, name: String): FileEntry =
    manifest.files.getOrElse(
      name,
      throw new SavedModelException(s"${files.path(CheckedFiles.manifest)} does not list $name: $restore")
    )

  /** The layout must account for every byte, before memory is taken for any. */
  private def sized(manifest: Manifest, name: String, expected: Long): Unit = {
    val bytes = listed(manifest, name).bytes
    if (bytes != expected)
      throw new SavedModelException(
        s"the layout in ${files.path(CheckedFiles.manifest)} takes $expected bytes of $name, which has $bytes: " +
          s"the manifest belongs to another model or was altered; $restore"
      )
  }
}

private object ModelFiles {
  private val graphFile = "graph.json"
  private val summaryFile = "summary.json"
  private val weightsFile = "weights.bin"
  private val stateFile = "state.bin"
  private val restore = SavedModelException.restore
}
