package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

class GraphInfoTest extends AnyFunSuite {

  private val graph = GraphInfo.parse("""{
    "graphDef": {"node": [
      {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"},
        "_output_shapes": {"list": {"shape": [{"dim": [{"size": "-1"}, {"size": "784"}]}]}}}},
      {"name": "step", "op": "Placeholder", "attr": {"_output_shapes": {"list": {"shape": [{}]}}}},
      {"name": "any", "op": "Placeholder", "attr": {"_output_shapes": {"list": {"shape": [{"unknownRank": true}]}}}},
      {"name": "out/Sigmoid", "op": "Sigmoid", "attr": {
        "_output_shapes": {"list": {"shape": [{"dim": [{"size": "-1"}, {"size": "1"}]}]}}}},
      {"name": "top", "op": "TopKV2", "attr": {
        "_output_shapes": {"list": {"shape": [{"dim": [{"size": "-1"}, {"size": "-1"}]}, {"dim": [{"size": "-1"}]}]}}}}
    ]},
    "collectionDef": {"losses": {"nodeList": {"value": ["l:0"]}}, "trainable_variables": {"bytesList": {"value": ["aa==", "bb=="]}}}
  }""")

  private def refused(body: => Any): String = intercept[IllegalArgumentException](body).getMessage

  test("reads shapes and row sizes") {
    assert(graph.tensor("tfInput", "x:0").rowSize.contains(784L))
    assert(graph.tensor("tfOutput", "out/Sigmoid:0").rowSize.contains(1L))
    assert(graph.tensor("tfOutput", "step:0").shape.contains(Nil))
    assert(graph.tensor("tfOutput", "any:0").shape.isEmpty)
    assert(graph.tensor("tfOutput", "top:0").rowSize.isEmpty)
    assert(graph.tensor("tfOutput", "top:1").rowSize.contains(1L))
  }

  test("counts losses and variables") {
    assert(graph.losses == 1)
    assert(graph.trainableVariables == 2)
    assert(GraphInfo.parse("""{"graphDef": {"node": []}}""").losses == 0)
  }

  test("names what is missing and what is close") {
    val said = refused(graph.tensor("tfOutput", "out/Sigmoi:0"))
    assert(
      said.contains("tfOutput") && said.contains("'out/Sigmoi:0'") && said.contains(
        "did you mean 'out/Sigmoid'"
      )
    )
    assert(refused(graph.tensor("tfInput", "x:1")).contains("the last is 'x:0'"))
    Seq("x:0:1", "x", "x:").foreach { name =>
      assert(
        refused(graph.tensor("tfInput", name))
          .contains("no tensor name: expected \"node:index\", such as 'x:0'")
      )
    }
    val fed = refused(graph.placeholder("tfInput", "out/Sigmoid:0"))
    assert(fed.contains("is a Sigmoid and no placeholder") && fed.contains("'any:0', 'step:0', 'x:0'"))
  }

  test("says how to make a graph when the text is none") {
    Seq("", "{}", "not json", "[]", "42").foreach { text =>
      val said = refused(GraphInfo.parse(text))
      assert(said.startsWith("tensorflowGraph is ") && said.contains("build_graph"), text)
    }
  }
}
