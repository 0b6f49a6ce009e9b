package sparkflow

import java.nio.charset.StandardCharsets.UTF_8

/** The version of this jar, read from the one file that the Python package is versioned by, too. */
object Version {
  val current: String = {
    val in = getClass.getResourceAsStream("/sparkflow/VERSION")
    require(in != null, "the sparkflow jar has no resource /sparkflow/VERSION: it was not built by build/sbt")
    try new String(in.readAllBytes(), UTF_8).trim
    finally in.close()
  }
}
