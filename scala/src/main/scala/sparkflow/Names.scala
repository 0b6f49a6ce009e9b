package sparkflow

import java.util.Locale.ROOT

import org.apache.commons.text.similarity.LevenshteinDistance

/** Helps an error message say what the user probably meant. */
private[sparkflow] object Names {

  /** The candidates that the name is most likely a slip of, three at most; none where none is near. */
  def closest(name: String, candidates: Iterable[String]): Seq[String] = {
    val typed = name.toLowerCase(ROOT)
    val distance = LevenshteinDistance.getDefaultInstance
    // A part of a name is a fair guess at it ("nesterov"), but not a letter or two.
    def part(candidate: String) =
      math.min(typed.length, candidate.length) >= 3 && (candidate.contains(typed) || typed.contains(
        candidate
      ))
    val near = candidates.toSeq
      .map(c => (distance(typed, c.toLowerCase(ROOT)).intValue, c))
      .filter { case (edits, c) =>
        edits <= math.max(1, math.max(typed.length, c.length) / 3) || part(c.toLowerCase(ROOT))
      }
    near.filter(_._1 == near.map(_._1).min).map(_._2).sorted.take(3)
  }

  /** " (did you mean 'a' or 'b'?)", or nothing where no candidate is close. */
  def didYouMean(name: String, candidates: Iterable[String]): String =
    closest(name, candidates) match {
      case Seq() => ""
      case near  => near.map(n => s"'$n'").mkString(" (did you mean ", " or ", "?)")
    }
}
