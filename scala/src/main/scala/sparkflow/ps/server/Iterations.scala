package sparkflow.ps.server

import scala.collection.immutable.SortedMap
import scala.collection.mutable

import sparkflow.ps.ValidationReport

/** Puts the workers' parts of an iteration together. It is complete when each worker of the round has ended it or a later
  * one, or is done: then it is given out once. A worker that was lost between its last push and its report has no part.
  * Sums are in the order of the workers, so that they do not depend on who was faster. Not thread-safe.
  */
private[server] final class Iterations {
  import Iterations._
  import Pace.Entry

  private var members: Seq[Entry] = Nil
  private val last = mutable.Map.empty[Int, Int] // iteration that a worker has ended
  private val pending = mutable.TreeMap.empty[Int, SortedMap[Int, Part]] // by iteration, then by worker

  /** A round begins; all workers of the one before are done. */
  def begin(workers: Seq[Entry]): Unit = {
    members = workers
    last.clear()
  }

  /** A worker has computed the validation loss of an iteration, which it has not reported yet. */
  def validated(worker: Int, iteration: Int, part: Sums): Unit =
    change(iteration, worker)(_.copy(validation = Some(part)))

  /** A worker has ended an iteration. */
  def ended(worker: Int, iteration: Int, loss: Double, samples: Long): Unit = {
    change(iteration, worker)(_.copy(training = Sums(samples, loss * samples)))
    last(worker) = iteration
  }

  /** Those that have become complete, in their order. */
  def completed(): Seq[Complete] = {
    val numbers =
      pending.keysIterator.takeWhile(k => members.forall(m => m.isDone || last.get(m.worker).exists(_ >= k)))
    numbers.toSeq.map { number =>
      val parts = pending.remove(number).fold(Seq.empty[Part])(_.values.toSeq)
      Complete(number, parts.map(_.training).reduce(_ + _), parts.flatMap(_.validation).reduceOption(_ + _))
    }
  }

  private def change(iteration: Int, worker: Int)(how: Part => Part): Unit = {
    val parts = pending.getOrElse(iteration, SortedMap.empty[Int, Part])
    pending(iteration) = parts.updated(worker, how(parts.getOrElse(worker, Part(Sums(0, 0), None))))
  }
}

private[server] object Iterations {

  /** Of some samples.
    *
    * @param metrics for each metric, the total and count whose quotient it is
    */
  final case class Sums(samples: Long, loss: Double, metrics: Map[String, (Double, Double)] = Map.empty) {
    def +(other: Sums): Sums = Sums(
      samples + other.samples,
      loss + other.loss,
      other.metrics.foldLeft(metrics) { case (all, (name, (total, count))) =>
        val (t, c) = all.getOrElse(name, (0.0, 0.0))
        all.updated(name, (t + total, c + count))
      }
    )

    def mean: Double = loss / samples
  }

  private final case class Part(training: Sums, validation: Option[Sums])

  /** An iteration that all workers have ended. */
  final case class Complete(iteration: Int, training: Sums, validation: Option[Sums]) {
    def report: Option[ValidationReport] = validation.filter(_.samples > 0).map { sums =>
      // A metric that has counted nothing is 0, as in Keras.
      val metrics = sums.metrics.map { case (name, (total, n)) => name -> (if (n == 0) 0.0 else total / n) }
      ValidationReport(iteration, sums.mean, sums.samples, metrics)
    }
  }
}
