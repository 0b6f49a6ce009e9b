package sparkflow.ps.server

import java.io.IOException
import java.net.InetSocketAddress
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit.{MILLISECONDS, NANOSECONDS}
import java.util.concurrent.atomic.AtomicInteger

import scala.jdk.CollectionConverters._

import io.netty.bootstrap.ServerBootstrap
import io.netty.channel._
import org.apache.spark.network.util.{IOMode, NettyUtils}
import org.slf4j.LoggerFactory

import sparkflow.ps.ServerConfig
import sparkflow.ps.protocol.FrameDecoder

/** The socket, the event loops and the connections of one parameter server. */
private[ps] final class NettyServer(config: ServerConfig, fit: Fit) {
  import NettyServer._

  private val log = LoggerFactory.getLogger(classOf[NettyServer])
  private val loops =
    NettyUtils.createEventLoop(
      IOMode.AUTO,
      NettyUtils.defaultNumThreads(config.threads),
      "sparkflow-ps"
    )
  private val connections = ConcurrentHashMap.newKeySet[Channel]
  private val handshakes = new AtomicInteger
  private val refusals = new Refusals(log.warn(_))
  private val tls = config.certificate.map(new Tls(_))
  @volatile private var listening: Option[Channel] = None

  /** @return the bound port
    * @throws IOException if the address cannot be listened on; says which and what to do
    */
  def start(): Int = {
    val bootstrap = new ServerBootstrap()
      .group(loops)
      .channel(NettyUtils.getServerChannelClass(IOMode.AUTO))
      .option[java.lang.Boolean](ChannelOption.SO_REUSEADDR, true)
      .option[Integer](ChannelOption.SO_BACKLOG, backlog)
      .childOption[java.lang.Boolean](ChannelOption.TCP_NODELAY, true)
      .childOption[java.lang.Boolean](ChannelOption.SO_KEEPALIVE, true)
      .childOption(ChannelOption.ALLOCATOR, NettyUtils.getSharedPooledByteBufAllocator(true, true))
      .childHandler(new ChannelInitializer[Channel] {
        override def initChannel(channel: Channel): Unit = accept(channel)
      })
    val bound = bootstrap.bind(new InetSocketAddress(config.host, config.port)).awaitUninterruptibly()
    if (!bound.isSuccess) throw cannotListen(bound.cause)
    listening = Some(bound.channel)
    bound.channel.localAddress.asInstanceOf[InetSocketAddress].getPort
  }

  /** Says goodbye to the connections; on return the port is closed and the threads are gone, in bounded time. */
  def close(goodbye: String): Unit = {
    val timeout = config.closeTimeout.toMillis
    listening.foreach(_.close().await(timeout))
    val open = connections.asScala.toSeq
    open.foreach(c => c.eventLoop.execute { () => c.pipeline.fireUserEventTriggered(Goodbye(goodbye)); () })
    val deadline = System.nanoTime() + MILLISECONDS.toNanos(timeout)
    open.foreach(_.closeFuture.await(math.max(1, deadline - System.nanoTime()), NANOSECONDS))
    // The loops close what is still open. Their threads end a moment after they say so: note them, to wait for them.
    val threads = ConcurrentHashMap.newKeySet[Thread]
    loops.forEach { loop =>
      loop.execute { () => threads.add(Thread.currentThread); () }
    }
    loops.shutdownGracefully(0, timeout, MILLISECONDS)
    if (!loops.terminationFuture.await(2 * timeout))
      log.warn(s"event loops did not end within ${2 * timeout} ms")
    threads.forEach(_.join(timeout))
    refusals.close()
  }

  private def accept(channel: Channel): Unit = {
    connections.add(channel)
    channel.closeFuture.addListener { (_: ChannelFuture) => connections.remove(channel); () }
    if (handshakes.incrementAndGet() > config.maxHandshakes) {
      handshakes.decrementAndGet()
      refusals.refused(
        channel.remoteAddress,
        s"${config.maxHandshakes} connections are in the handshake"
      )
      channel.close()
    } else {
      val decoder = new FrameDecoder(HandshakeAdmission)
      if (tls.isEmpty) channel.config.setRecvByteBufAllocator(new ReadInPlace(decoder))
      val requests = new RequestHandler(config, fit, decoder)
      channel.pipeline
        .addLast("meter", new Meter(fit.counters))
        .addLast("life", SignsOfLife(config.workerTimeout))
      tls.foreach(_.addTo(channel, AuthHandler.maxBytes))
      channel.pipeline
        .addLast("frames", decoder)
        .addLast(
          "handshake",
          new AuthHandler(config, decoder, requests, refusals, () => { handshakes.decrementAndGet(); () })
        )
    }
    ()
  }

  private def cannotListen(cause: Throwable): IOException = {
    val why = Option(cause.getMessage).getOrElse(cause.toString)
    val remedy =
      if (why.contains("in use"))
        "the port is taken, maybe by another fit: each has its own. Set port to 0 for any free one"
      else if (why.contains("ermission")) "ports below 1024 need privileges. Set port to 0 for any free one"
      else
        s"is ${config.host} an address of this machine? Spark's driver address is set by spark.driver.bindAddress"
    new IOException(
      s"the parameter server cannot listen on ${config.host} port ${config.port}: $remedy ($why)",
      cause
    )
  }
}

private[ps] object NettyServer {

  // Every task slot of a large cluster may connect in the same instant. (The kernel cuts it to its own limit.)
  private val backlog = 1024
}
