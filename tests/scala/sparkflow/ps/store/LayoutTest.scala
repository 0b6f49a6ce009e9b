package sparkflow.ps.store

import org.scalatest.funsuite.AnyFunSuite

class LayoutTest extends AnyFunSuite {
  private val layout = Layout(
    Seq(Variable("dense/kernel", Seq(784, 256)), Variable("größe", Nil), Variable("none", Seq(0, 3))),
    Seq(StateVariable("bn/mean", Seq(10), "float32"), StateVariable("step", Nil, "int64"))
  )

  test("JSON and back") {
    assert(Layout.fromJson(layout.toJson) === layout)
    assert(Layout.fromJson("""{"weights": [], "state": []}""") === Layout(Nil, Nil))
  }

  test("sizes: a scalar has one element") {
    assert(layout.weightCount === 784 * 256 + 1)
    assert(layout.stateBytes === 48)
  }

  Seq(
    "{" -> "not JSON",
    "[]" -> "'weights' must be an array",
    """{"weights": [], "state": 3}""" -> "'state' must be an array",
    """{"weights": [{"name": 1, "shape": []}], "state": []}""" -> "'name'",
    """{"weights": [{"name": "a"}], "state": []}""" -> "the shape of 'a' must be",
    """{"weights": [{"name": "a", "shape": [1.5]}], "state": []}""" -> "32-bit integers",
    """{"weights": [{"name": "a", "shape": [4294967296]}], "state": []}""" -> "32-bit integers",
    """{"weights": [{"name": "a", "shape": [-1]}], "state": []}""" -> "negative",
    """{"weights": [{"name": "", "shape": []}], "state": []}""" -> "empty name",
    """{"weights": [{"name": "a", "shape": []}, {"name": "a", "shape": []}], "state": []}""" -> "more than once",
    """{"weights": [{"name": "a", "shape": [65536, 65536, 65536, 65536]}], "state": []}""" -> "at most",
    """{"weights": [], "state": [{"name": "a", "shape": [], "dtype": "string"}]}""" -> "dtype 'string'",
    """{"weights": [], "state": [{"name": "a", "shape": [500000000], "dtype": "float64"}]}""" -> "at most"
  ).foreach { case (json, why) =>
    test(s"refused: $json") {
      val e = intercept[IllegalArgumentException](Layout.fromJson(json))
      assert(e.getMessage.contains(why))
    }
  }

  test("a model whose arrays disagree with its layout is refused") {
    val small = Layout(Seq(Variable("a", Seq(2))), Nil)
    assert(
      intercept[IllegalArgumentException](ModelState(small, new Array[Float](3), Array())).getMessage
        .contains("2 weights, but 3")
    )
    assert(
      intercept[IllegalArgumentException](ModelState(small, new Array[Float](2), Array(1))).getMessage
        .contains("0 bytes of state, but 1")
    )
  }
}
