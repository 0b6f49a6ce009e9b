package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

class GraphFingerprintTest extends AnyFunSuite {
  private def graph(seed: String, rate: String, op: String = "StatelessRandomGetKeyCounter") =
    s"""{"graphDef": {"node": [
    {"name": "seed", "op": "Const", "attr": {"value": "$seed"}},
    {"name": "rate", "op": "Const", "attr": {"value": "$rate"}},
    {"name": "draw", "op": "$op", "input": ["seed"]},
    {"name": "out", "op": "Mul", "input": ["draw", "rate"]}]}}"""

  test("what an initializer draws when the graph is built does not count, all else does") {
    val one = GraphFingerprint.of(graph("a", "x"))
    assert(GraphFingerprint.of(graph("b", "x")) === one)
    assert(GraphFingerprint.of(graph("a", "y")) !== one)
    assert(
      GraphFingerprint.of(
        graph("a", "x").replace(""""name": "out", "op": "Mul"""", """"op": "Mul", "name": "out"""")
      ) === one
    )
    assert(
      GraphFingerprint.of(graph("b", "x", op = "Other")) !== GraphFingerprint.of(
        graph("a", "x", op = "Other")
      )
    )
  }
}
