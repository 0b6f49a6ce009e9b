package sparkflow.bench

import java.net.{InetAddress, InetSocketAddress, StandardSocketOptions}
import java.nio.ByteBuffer
import java.nio.channels.{ClosedChannelException, ServerSocketChannel, SocketChannel}

/** The least that a server can do with bytes: takes `bytes` of them straight into one buffer, then sends the buffer. */
final class RawSocket(bytes: Int) extends AutoCloseable {
  private val listening =
    ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress, 0))
  private val buffer = ByteBuffer.allocateDirect(bytes)
  private val thread = new Thread(() => serve(), "raw-socket")
  @volatile private var peer: SocketChannel = _
  thread.setDaemon(true)

  def port: Int = listening.socket.getLocalPort

  def start(): Unit = thread.start()

  override def close(): Unit = {
    listening.close()
    if (peer != null) peer.close()
    thread.join()
  }

  private def serve(): Unit =
    try
      while (true) {
        peer = listening.accept()
        peer.setOption[java.lang.Boolean](StandardSocketOptions.TCP_NODELAY, true)
        while (exchange()) ()
      }
    catch { case _: ClosedChannelException => () } // by close

  private def exchange(): Boolean = {
    buffer.clear()
    while (buffer.hasRemaining && peer.read(buffer) >= 0) ()
    val whole = !buffer.hasRemaining
    buffer.flip()
    while (whole && buffer.hasRemaining) peer.write(buffer)
    whole
  }
}
