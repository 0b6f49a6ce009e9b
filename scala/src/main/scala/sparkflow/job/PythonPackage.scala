package sparkflow.job

import java.io.File
import java.nio.file.{FileSystems, Files, Path, Paths}
import java.util.WeakHashMap
import java.util.zip.{CRC32, ZipEntry, ZipOutputStream}

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.sparkflow.PythonBridge

import sparkflow.Version

/** Ships the Python code that travels in this jar to the Python workers, so that a worker always runs the code of
  * the driver's jar: with `--packages`, from a Scala application and from an installed wheel alike.
  */
private[job] object PythonPackage {

  /** Name under which the workers find the code: an entry of the task's Python path.
    *
    * The zip is made once and added to each session once; Spark serves it to executors from the driver, also to those that
    * start later.
    */
  def ship(session: SparkSession): String = synchronized {
    if (!shipped.containsKey(session)) {
      PythonBridge.addFile(session, zip.toString)
      shipped.put(session, ())
    }
    zip.getFileName.toString
  }

  private lazy val zip: Path = build()

  private val shipped = new WeakHashMap[SparkSession, Unit]

  private def build(): Path = {
    val files = sources()
    require(
      files.exists(_._1 == "sparkflow/worker/train.py"),
      "the sparkflow jar has no Python code in it: build it with `build/sbt package`"
    )
    val crc = new CRC32
    files.foreach { case (name, bytes) => crc.update(name.getBytes("UTF-8")); crc.update(bytes) }
    val directory = Files.createTempDirectory("sparkflow-python-")
    directory.toFile.deleteOnExit() // before the file's, as the JVM goes from the last to the first
    val zip = directory.resolve(f"sparkflow-python-${Version.current}-${crc.getValue}%08x.zip")
    Using.resource(new ZipOutputStream(Files.newOutputStream(zip))) { out =>
      files.foreach { case (name, bytes) =>
        out.putNextEntry(new ZipEntry(name))
        out.write(bytes)
        out.closeEntry()
      }
    }
    zip.toFile.deleteOnExit()
    zip
  }

  // Where this class was loaded from: a jar, or a directory of classes when run by a build tool.
  private def sources(): Seq[(String, Array[Byte])] = {
    val origin = Paths.get(getClass.getProtectionDomain.getCodeSource.getLocation.toURI)
    if (Files.isDirectory(origin)) read(origin)
    else Using.resource(FileSystems.newFileSystem(origin))(fs => read(fs.getPath("/")))
  }

  private def read(root: Path): Seq[(String, Array[Byte])] =
    Using.resource(Files.walk(root.resolve("sparkflow"))) { paths =>
      paths.iterator.asScala
        .filter(p => Files.isRegularFile(p))
        .map(p => root.relativize(p).toString.replace(File.separatorChar, '/') -> p)
        .filter { case (name, _) =>
          name.endsWith(".py") || name == "sparkflow/VERSION" || name == "sparkflow/py.typed"
        }
        .map { case (name, path) => name -> Files.readAllBytes(path) }
        .toSeq
        .sortBy(_._1)
    }
}
