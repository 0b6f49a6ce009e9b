package sparkflow

import java.nio.file.{Files, Path, Paths}

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.scalatest.funsuite.AnyFunSuite

/** Who may import whom. A room is a directory below scala/src/main/scala/sparkflow; what is not allowed is an error. */
class LayeringTest extends AnyFunSuite {

  private val root = Paths.get("scala/src/main/scala")

  private val allowed = Map(
    "" -> Set(""),
    "params" -> Set("", "params", "ps/store"), // a fitted model's state is the value of one Param
    "files" -> Set("files"),
    "ml" -> Set("", "ml", "params", "job", "files", "ps/store", "bridge"),
    "job/checkpoint" -> Set("", "job/checkpoint", "files", "ps", "ps/store"),
    "job" -> Set("", "job", "job/checkpoint", "files", "ps", "ps/auth", "ps/optim", "ps/store", "bridge"),
    "ps" -> Set(
      "ps",
      "ps/server",
      "ps/protocol",
      "ps/consistency",
      "ps/auth",
      "ps/store",
      "ps/optim",
      "ps/shm"
    ),
    "ps/server" -> Set("ps", "ps/server", "ps/protocol", "ps/consistency", "ps/auth", "ps/shm", "ps/store"),
    "ps/shm" -> Set("ps/shm"),
    "ps/consistency" -> Set("ps/consistency", "ps/store", "ps/optim"),
    "ps/store" -> Set("ps/store", "ps/optim"),
    "ps/protocol" -> Set("ps/protocol"),
    "ps/auth" -> Set("ps/auth"),
    "ps/optim" -> Set("", "ps/optim")
  )

  private def sources(directory: Path): Seq[Path] =
    Using.resource(Files.walk(directory))(_.iterator.asScala.filter(_.toString.endsWith(".scala")).toList)

  private def imports(file: Path): Seq[String] =
    Files.readAllLines(file).asScala.toSeq.map(_.trim).filter(_.startsWith("import ")).map(_.drop(7))

  private def roomOf(name: String): Option[String] = {
    val parts = name.split('.').takeWhile(p => p.head.isLower && p.head != '{').toSeq
    if (name.startsWith("org.apache.spark.") && parts.contains("sparkflow")) Some("bridge")
    else if (parts.headOption.contains("sparkflow")) Some(parts.tail.mkString("/"))
    else None
  }

  test("a room imports only the rooms that it may") {
    val wrong = for {
      file <- sources(root.resolve("sparkflow"))
      room = root.resolve("sparkflow").relativize(file.getParent).toString
      imported <- imports(file)
      target <- roomOf(imported)
      if !allowed
        .getOrElse(room, fail(s"$file is in a room that this test does not know: '$room'"))
        .contains(target)
    } yield s"$file: import $imported"
    assert(wrong.isEmpty, wrong.mkString("\n", "\n", ""))
  }

  test("the parameter server uses Spark only through network.util") {
    val wrong = for {
      file <- sources(root.resolve("sparkflow/ps"))
      imported <- imports(file)
      if imported.startsWith("org.apache.spark") && !imported.startsWith("org.apache.spark.network.util")
    } yield s"$file: import $imported"
    assert(wrong.isEmpty, wrong.mkString("\n", "\n", ""))
  }

  test("Spark's private packages are entered by at most three small bridge files") {
    val bridges = sources(root.resolve("org"))
    assert(bridges.size <= 3)
    bridges.foreach(file => assert(Files.readAllLines(file).size <= 120, s"$file has grown logic"))
  }
}
