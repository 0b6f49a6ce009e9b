package sparkflow.ps

import java.io.{DataInputStream, EOFException}
import java.net.{InetSocketAddress, Socket}
import java.nio.{ByteBuffer, ByteOrder}
import java.security.KeyStore
import java.security.cert.X509Certificate
import javax.net.ssl.{SSLContext, SSLException, TrustManagerFactory}

import scala.collection.immutable.ArraySeq

import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._

/** A worker's side of the wire: blocking, and as bad as a test wants it to be. Any read fails after 20 s.
  *
  * @param pinned the one certificate that is trusted; None for no TLS
  */
final class WireClient(port: Int, pinned: Option[X509Certificate] = None) extends AutoCloseable {
  private val socket = pinned.fold(new Socket())(WireClient.trusting(_).getSocketFactory.createSocket())
  socket.connect(new InetSocketAddress("127.0.0.1", port), 5000)
  socket.setSoTimeout(20000)
  socket.setTcpNoDelay(true)
  private val in = new DataInputStream(socket.getInputStream)

  def sendRaw(bytes: Array[Byte]): Unit = socket.getOutputStream.write(bytes)

  def send(
      message: Message,
      values: Array[Float] = Array.emptyFloatArray,
      state: Array[Byte] = Array.emptyByteArray
  ): Unit = {
    val body = ByteBuffer.allocate(4 * values.length + state.length).order(ByteOrder.LITTLE_ENDIAN)
    body.asFloatBuffer.put(values)
    body.position(4 * values.length).put(state)
    sendRaw(MessageCodec.write(message, body.capacity.toLong) ++ body.array)
  }

  /** The next frame but for signs of life; its body as raw bytes. */
  def receive(): (Message, Array[Byte]) = Iterator.continually(receiveAny()).find(_._1 != Alive).get

  def receiveAny(): (Message, Array[Byte]) = {
    val header = Header.read(exactly(Header.length))
    val message = MessageCodec.read(header.tag, exactly(header.metaLength))
    (message, exactly(header.bodyLength.toInt))
  }

  def call(
      message: Message,
      values: Array[Float] = Array.emptyFloatArray,
      state: Array[Byte] = Array.emptyByteArray
  ): Message = {
    send(message, values, state)
    receive()._1
  }

  def callFor(
      message: Message,
      values: Array[Float] = Array.emptyFloatArray,
      state: Array[Byte] = Array.emptyByteArray
  ): (Message, Array[Byte]) = {
    send(message, values, state)
    receive()
  }

  /** Shakes hands as a worker does. @return this, or throws if the server's MAC is wrong */
  def handshake(secret: JobSecret): WireClient = {
    val (challenge, _) = receive()
    val theirs = challenge.asInstanceOf[Challenge].nonce.toArray
    val ours = Array.tabulate[Byte](32)(i => (i * 7 + hashCode).toByte)
    call(
      Answer(ArraySeq.from(ours), ArraySeq.from(secret.mac("sparkflow worker", theirs, ours)))
    ) match {
      case Accept(mac) =>
        assert(secret.verify(mac.toArray, "sparkflow server", ours, theirs), "the server's MAC is wrong")
      case other => throw new AssertionError(s"no Accept but $other")
    }
    this
  }

  /** Says that nothing more comes. */
  def shutdownOutput(): Unit =
    try socket.shutdownOutput()
    catch { case _: java.net.SocketException => () } // the server was faster

  /** As `receive`, but None when the server has closed its side, maybe in the middle of a frame. */
  def next(): Option[Message] =
    try Some(receive()._1)
    catch { case _: EOFException | _: java.net.SocketException | _: SSLException => None }

  /** Whether the server has closed its side; waits for it. */
  def atEnd(): Boolean =
    try in.read() < 0
    catch { case _: java.net.SocketException => true }

  override def close(): Unit = socket.close()

  /** Ends the connection by a reset. */
  def reset(): Unit = {
    socket.setSoLinger(true, 0)
    socket.close()
  }

  /** The next bytes of whatever it is. */
  def exactly(n: Int): Array[Byte] = {
    val bytes = new Array[Byte](n)
    var at = 0
    while (at < n) {
      val got = in.read(bytes, at, n - at)
      if (got < 0) throw new EOFException(s"the server closed after $at of $n bytes")
      at += got
    }
    bytes
  }
}

object WireClient {

  /** What trusts this certificate alone. */
  def trusting(certificate: X509Certificate): SSLContext = {
    val store = KeyStore.getInstance(KeyStore.getDefaultType)
    store.load(null, null)
    store.setCertificateEntry("fit", certificate)
    val managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm)
    managers.init(store)
    val context = SSLContext.getInstance("TLSv1.3")
    context.init(null, managers.getTrustManagers, null)
    context
  }

  def floats(body: Array[Byte]): Seq[Float] = {
    val out = new Array[Float](body.length / 4)
    ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer.get(out)
    out.toSeq
  }
}
