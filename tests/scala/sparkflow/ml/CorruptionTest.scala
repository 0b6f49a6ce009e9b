package sparkflow.ml

import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

import LocalSpark.withDirectory

/** Damages a saved stage in every way that has an answer of its own. */
class CorruptionTest extends AnyFunSuite with BeforeAndAfterAll {

  override def beforeAll(): Unit = { LocalSpark.session; () }

  private def damaged(damage: Path => Any): String = withDirectory { directory =>
    val path = directory.resolve("model")
    TinyModel.model().save(path.toString)
    damage(path)
    intercept[IllegalArgumentException](SparkAsyncDLModel.load(path.toString)).getMessage
  }

  /** Changes a file and takes away Hadoop's local checksum, as any copy by other tools does. */
  private def change(file: Path)(edit: Array[Byte] => Array[Byte]): Unit = {
    val changed = edit(Files.readAllBytes(file))
    Files.deleteIfExists(checksum(file))
    Files.write(file, changed)
    ()
  }

  private def rewrite(file: Path)(edit: String => String): Unit =
    change(file) { bytes =>
      val text = new String(bytes, UTF_8)
      val edited = edit(text)
      assert(edited != text, "the test's own edit must change something")
      edited.getBytes(UTF_8)
    }

  private def metadata(model: Path): Path =
    Using.resource(Files.list(model.resolve("metadata")))(
      _.iterator.asScala.find(_.getFileName.toString.startsWith("part-")).get
    )

  private def checksum(file: Path): Path = file.resolveSibling(s".${file.getFileName}.crc")

  private def manifest(edit: String => String): String =
    damaged(m => rewrite(m.resolve("data/manifest.json"))(edit))

  private val remedy = "copy the whole saved model from its source again, or save the model anew"

  for (name <- Seq("graph.json", "weights.bin", "state.bin", "manifest.json"))
    test(s"$name is missing") {
      val message = damaged(m => Files.delete(m.resolve(s"data/$name")))
      assert(message.contains(s"data/$name is missing: ") && message.endsWith(remedy))
    }

  for (name <- Seq("graph.json", "weights.bin", "state.bin")) {
    test(s"$name is cut") {
      val message = damaged(m => change(m.resolve(s"data/$name"))(_.dropRight(4)))
      assert(message.matches(s"(?s).*/data/$name has \\d+ bytes, but manifest.json says \\d+: .*"))
      assert(message.endsWith(remedy))
    }
    test(s"$name has more than was saved") {
      val message = damaged(m => change(m.resolve(s"data/$name"))(_ ++ Array[Byte](0)))
      assert(message.matches(s"(?s).*/data/$name has \\d+ bytes, but manifest.json says \\d+: .*"))
    }
    test(s"one bit of $name is altered") {
      val flip = (bytes: Array[Byte]) => bytes.updated(bytes.length - 1, (bytes.last ^ 1).toByte)
      val message = damaged(m => change(m.resolve(s"data/$name"))(flip))
      assert(message.contains(s"data/$name was altered since it was saved") && message.endsWith(remedy))
    }
  }

  test("whatever byte of whatever file is altered") {
    withDirectory { directory =>
      val path = directory.resolve("model")
      TrainingSummaryTest.modelWithSummary.save(path.toString)
      val files = Using.resource(Files.walk(path))(_.iterator.asScala.filter(Files.isRegularFile(_)).toList)
      val (checksums, own) = files.partition(_.getFileName.toString.endsWith(".crc"))
      checksums.foreach(Files.delete)
      val whole = own.filter(Files.size(_) > 0)
      assert(whole.size === 7) // _SUCCESS is empty
      for (
        file <- whole; bytes = Files.readAllBytes(file); at <- bytes.indices by math.max(1, bytes.length / 25)
      ) {
        Files.write(file, bytes.updated(at, (bytes(at) ^ 1).toByte))
        withClue(s"$file, byte $at: ") {
          intercept[IllegalArgumentException](SparkAsyncDLModel.load(path.toString))
        }
        Files.write(file, bytes)
      }
      assert(SparkAsyncDLModel.load(path.toString).hasSummary)
    }
  }

  test("an altered file that Hadoop's local checksum finds first") {
    val message = damaged { m =>
      val file = m.resolve("data/weights.bin")
      assert(Files.exists(checksum(file)))
      Files.write(file, Files.readAllBytes(file).map(b => (b ^ 1).toByte))
    }
    assert(message.contains("data/weights.bin was altered since it was saved") && message.endsWith(remedy))
  }

  test("a newer format") {
    val message = manifest(
      _.replaceFirst("\"formatVersion\" *: *1", "\"formatVersion\": 2")
        .replaceFirst("(\"sparkflowVersion\" *: *\")[^\"]*", "$19.8.7")
    )
    assert(message.contains("manifest.json has formatVersion 2: it was written by a newer SparkFlow 9.8.7"))
    assert(message.endsWith("load it with that version, or upgrade SparkFlow"))
  }

  test("a format that never was") {
    assert(
      manifest(_.replaceFirst("\"formatVersion\" *: *1", "\"formatVersion\": 0")).contains("formatVersion 0")
    )
    assert(
      manifest(_.replaceFirst("\"formatVersion\" *: *1", "\"format\": 1")).contains("has no formatVersion")
    )
  }

  test("a manifest that is not JSON, or not a manifest") {
    assert(manifest(_.dropRight(20)).contains("data/manifest.json is not JSON: "))
    assert(manifest(_ => "{\"formatVersion\": 1}").contains("is not a manifest of format 1"))
    assert(manifest(_ => "[]").contains("has no formatVersion"))
    assert(manifest(_.replaceFirst("\"bytes\" *: *48", "\"bytes\": \"x\"")).contains("has no number 'bytes'"))
  }

  test("a manifest that does not list a file") {
    assert(manifest(_.replace("graph.json", "graf.json")).contains("manifest.json does not list graph.json"))
    assert(manifest(_.replace("weights.bin", "w.bin")).contains("manifest.json does not list weights.bin"))
  }

  test("a layout that disagrees with the weights, whatever their size would take of memory") {
    val message = manifest(_.replaceFirst("2, *3", "2,300000000"))
    assert(
      message.matches(
        "(?s).*the layout in .*/data/manifest.json takes 2400000024 bytes of weights.bin, which has 48: .*"
      )
    )
  }

  test("a layout that disagrees with the state") {
    assert(
      manifest(_.replace("int64", "int32")).matches("(?s).*takes 16 bytes of state.bin, which has 20: .*")
    )
  }

  test("a layout with a type that there is not") {
    assert(manifest(_.replace("int64", "complex")).contains("dtype 'complex'"))
  }

  test("no metadata, or no saved model at all") {
    val message = damaged(m => Files.move(m.resolve("metadata"), m.resolve("meta")))
    assert(message.contains("metadata is missing: there is no saved sparkflow.ml.SparkAsyncDLModel at "))
  }

  test("metadata that is cut, empty or of wrong types") {
    for (
      edit <- Seq[String => String](_.take(100), _ => "", _.replace("true", "[]").replace("false", "[]"))
    ) {
      val message = damaged(m => rewrite(metadata(m))(edit))
      assert(message.contains("metadata is not the metadata of a stage (") && message.endsWith(remedy))
    }
  }

  test("a stage of another class") {
    withDirectory { directory =>
      TinyModel.estimator.save(s"$directory/estimator")
      val message =
        intercept[IllegalArgumentException](SparkAsyncDLModel.load(s"$directory/estimator")).getMessage
      assert(
        message === s"at $directory/estimator is a sparkflow.ml.SparkAsyncDL, expected a " +
          "sparkflow.ml.SparkAsyncDLModel: load it with SparkAsyncDL.load"
      )
    }
  }

  test("params of a newer version") {
    val message = damaged(m => rewrite(metadata(m))(_.replace("\"tfInput\"", "\"tfNew\"")))
    assert(message.contains("has params that SparkFlow") && message.contains("(tfNew)"))
    assert(message.contains("written by a newer SparkFlow"))
  }

  private def estimator(damage: Path => Any): String = withDirectory { directory =>
    val path = directory.resolve("estimator")
    TinyModel.estimator.setIters(3).setInitialWeights(TinyModel.modelState).save(path.toString)
    damage(path)
    intercept[IllegalArgumentException](SparkAsyncDL.load(path.toString)).getMessage
  }

  test("a param out of its range in the metadata") {
    assert(
      estimator(m => rewrite(metadata(m))(_.replace("\"iters\":3", "\"iters\":-3")))
        .startsWith("iters is -3, expected")
    )
  }

  test("initial weights that are gone are an error, not a fresh start") {
    val message = estimator(m => Files.move(m.resolve("initialWeights"), m.resolve("elsewhere")))
    assert(message.contains("initialWeights/manifest.json is missing: "))
  }

  test("an estimator of a newer format") {
    val message =
      estimator(m => rewrite(metadata(m))(_.replace("\"formatVersion\":1", "\"formatVersion\":2")))
    assert(message.contains("sparkflow.formatVersion 2") && message.contains("newer SparkFlow"))
  }
}
