package sparkflow.ps

import java.nio.file.Path

import sparkflow.ps.auth.{FitCertificate, JobSecret}
import sparkflow.ps.consistency.Correction
import sparkflow.ps.optim.Optimizer
import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.ModelState

import scala.concurrent.duration._

/** What a [[ParameterServer]] needs to know. The defaults of times and limits, with their reasons:
  *
  * @param host address to listen on, and on no other
  * @param port port to listen on; 0 = any free one
  * @param mode `hogwild`, `locked`, `ssp` or `sync`
  * @param maxStaleness in `ssp`, steps that a worker may be ahead of the slowest
  * @param certificate to encrypt all connections with TLS 1.3; None = they are in the clear
  * @param initial weights to start from; None = the first worker makes them from the graph's initializers
  * @param snapshotEvery updates between two snapshots; 0 for none
  * @param stalenessDecay whether stale gradients are divided, see `Correction`; not in `sync`
  * @param delayCompensation its λ; 0 for none; not in `sync`
  * @param validation whether workers hold rows out and tell their loss
  * @param stopping when to end the fit early, and whether to keep the best weights; None = never, and no
  * @param threads event loop threads; 0 = one per core, at most 8, as Spark's own servers choose
  * @param shardThreads threads that may work on one update of a large model, an event loop's included; 0 = one per core
  * @param sharedMemory the directory where workers of this host may share memory with the server; None = TCP only
  * @param handshakeTimeout from accept to a verified Answer. Two messages of about 100 bytes: only a starved
  *   machine needs seconds
  * @param initializeTimeout for the worker that was chosen to make the first weights: it imports TensorFlow and
  *   runs the initializers, a minute or two at worst; then the next worker is chosen, while the others wait on
  * @param workerTimeout without one byte from a worker whose turn it is to speak, or of progress in an answer to it: its
  *   machine is gone or its process stopped, and it is taken for lost. A worker that computes says six times in this time
  *   that it lives. Only a machine that swaps, or a long outage of the network, is silent for so long and comes back
  * @param lingerTimeout how long a refused connection is still read (and its bytes dropped), so that the peer gets
  *   to read the Error instead of a connection reset
  * @param waitTimeout how long, in `ssp` and `sync`, and before the first step with `stopping`, a worker waits for others before the fit fails. Spark notices a lost
  *   executor after 2 minutes (spark.network.timeout), a cluster manager may take minutes to start another, and the task
  *   reads its rows again and imports TensorFlow
  * @param closeTimeout bound of each stage of `close`: last answers, event loops
  * @param listenerTimeout how long `close` waits for the listener to take its next event. A callback may write to a slow
  *   place; one that hangs must not hang the fit
  * @param maxHandshakes connections that have not yet proven the secret; more are closed at once. Every task slot
  *   of a large cluster may connect in the same instant, and each costs a few kilobytes
  * @param eventCapacity events that may wait for a slow listener before the workers that report wait with them: as few as
  *   hide its usual jitter, as each is news that grows old
  */
final case class ServerConfig(
    host: String,
    port: Int,
    mode: String,
    optimizer: Optimizer,
    secret: JobSecret,
    initial: Option[ModelState],
    certificate: Option[FitCertificate] = None,
    maxStaleness: Int = 8,
    snapshotEvery: Int = 0,
    stalenessDecay: Boolean = false,
    delayCompensation: Double = 0,
    validation: Boolean = false,
    stopping: Option[Stopping] = None,
    threads: Int = 0,
    shardThreads: Int = 0,
    sharedMemory: Option[Path] = ServerConfig.sharedMemory,
    handshakeTimeout: FiniteDuration = 30.seconds,
    initializeTimeout: FiniteDuration = 5.minutes,
    workerTimeout: FiniteDuration = 30.seconds,
    lingerTimeout: FiniteDuration = 5.seconds,
    waitTimeout: FiniteDuration = 10.minutes,
    closeTimeout: FiniteDuration = 5.seconds,
    listenerTimeout: FiniteDuration = 1.minute,
    maxHandshakes: Int = 1024,
    eventCapacity: Int = 16
) {
  require(port >= 0 && port <= 65535, s"port must be 0 (any free one) to 65535, got $port")
  private[ps] val correction = Correction(stalenessDecay, delayCompensation.toFloat)
  require(mode != "sync" || correction == Correction(decay = false, 0), "in mode sync no gradient is stale")
  require(maxStaleness >= 0, s"maxStaleness must be 0 or more, got $maxStaleness")
}

object ServerConfig {

  /** Where this machine keeps shared memory. */
  val sharedMemory: Option[Path] = Some(SharedSegment.directory)
}
