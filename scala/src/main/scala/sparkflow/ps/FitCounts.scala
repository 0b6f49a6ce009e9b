package sparkflow.ps

/** What a [[ParameterServer]] has counted over its fit.
  *
  * @param steps         updates that were applied
  * @param samples       of these updates
  * @param staleness     updates by staleness: number k is of those to which k updates by others came between the weights
  *   that the gradient was computed on and the gradient's own update; the last number is of all with as many or more
  * @param retries       attempts at a partition after its first
  * @param bytesReceived through sockets, from all workers; what goes through shared memory is not in it
  * @param bytesSent     through sockets, to all workers
  * @param workersAtOnce the most workers that were connected at the same time; 0 where nobody counted
  */
final case class FitCounts(
    steps: Long,
    samples: Long,
    staleness: Seq[Long],
    retries: Int,
    bytesReceived: Long,
    bytesSent: Long,
    workersAtOnce: Int = 0
)
