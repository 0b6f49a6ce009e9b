package sparkflow.ps.server

import java.net.{InetAddress, InetSocketAddress}

import scala.collection.mutable

import org.scalatest.funsuite.AnyFunSuite

class RefusalsTest extends AnyFunSuite {
  private val lines = mutable.Buffer.empty[String]

  private def peer(host: Int, port: Int) =
    new InetSocketAddress(InetAddress.getByAddress(Array[Byte](10, 0, 0, host.toByte)), port)

  test("the first refusal of a host is logged, the others are counted") {
    val refusals = new Refusals(lines.append(_))
    (1 to 1000).foreach(port => refusals.refused(peer(1, port), "no secret"))
    refusals.refused(peer(2, 1), "no frame")
    assert(lines.length === 2)
    assert(lines.head.contains("10.0.0.1:1: no secret") && lines.last.contains("10.0.0.2:1: no frame"))
    refusals.close()
    refusals.close()
    assert(lines.drop(2).toSeq === Seq("refused 999 more connections that had not proven the fit's secret"))
  }

  test("nor do many hosts fill the log") {
    lines.clear()
    val refusals = new Refusals(lines.append(_))
    (0 to 255).foreach(host => refusals.refused(peer(host, 1), "no secret"))
    assert(lines.length === 100)
  }
}
