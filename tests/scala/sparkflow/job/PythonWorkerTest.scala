package sparkflow.job

import java.nio.charset.StandardCharsets.US_ASCII
import java.nio.file.{Files, Path}

import scala.sys.process._

import org.apache.spark.sql.types.BinaryType
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.store.{Layout, ModelState, StateVariable, Variable}

class PythonWorkerTest extends AnyFunSuite {

  // Real Python reads what we write by hand; pickletools only lists opcodes, so nothing is imported or called.
  private def python(script: String, argument: String): String =
    Seq(sys.env.getOrElse("PYSPARK_PYTHON", "python3"), "-c", script, argument).!!.trim

  private def temporary(name: String): Path = {
    val file = Files.createTempFile(name, ".pickle")
    file.toFile.deleteOnExit()
    file
  }

  test("the command is a pickle of a class called with the JSON, whatever is in it") {
    val json = "{\"a\": \"back\\\\slash \\n newline \u00e9 \u20ac \uD83D\uDE00 '\"}"
    val bytes = PythonWorker.command("sparkflow.worker.train", "Train", json, BinaryType)
    assert(bytes.forall(b => b == '\n' || (b >= ' ' && b <= '~')), "plain ASCII")
    assert(new String(bytes, US_ASCII).startsWith("(csparkflow.worker.train\nTrain\n"))
    val file = temporary("command")
    Files.write(file, bytes)
    val strings = python(
      "import pickletools, sys, json\n" +
        "ops = [(o.name, a) for o, a, _ in pickletools.genops(open(sys.argv[1], 'rb').read())]\n" +
        "text = [a for n, a in ops if n == 'UNICODE']\n" +
        "text[0] = text[0].encode('utf-16', 'surrogatepass').decode('utf-16')\n" +
        "print(json.dumps([n for n, _ in ops if n in ('GLOBAL', 'REDUCE')]) + json.dumps(text))",
      file.toString
    )
    assert(strings.startsWith("""["GLOBAL", "REDUCE", "GLOBAL", "REDUCE"]"""))
    assert(
      org.json4s.jackson.JsonMethods.parse(strings.substring(strings.indexOf("]") + 1)) ==
        org.json4s.JArray(List(org.json4s.JString(json), org.json4s.JString("\"binary\"")))
    )
  }

  test("a model blob is one pickled run of bytes with its sections where the header says") {
    val layout = Layout(Seq(Variable("w", Seq(2, 3))), Seq(StateVariable("n", Nil, "int64")))
    val state = ModelState(layout, Array(1f, 2f, 3f, 4f, 5f, -6.5f), Array[Byte](7, 0, 0, 0, 0, 0, 0, 0))
    val file = temporary("model")
    val fingerprint = ModelBlob.writePickled(Files.newOutputStream(file), "{\"graph\": \"\u00e9\"}", state)
    assert(fingerprint.matches("[0-9a-f]{64}"))
    val said = python(
      "import pickle, struct, json, sys\n" +
        "b = pickle.load(open(sys.argv[1], 'rb'))\n" +
        "n, = struct.unpack_from('<I', b)\n" +
        "h = json.loads(b[4:4 + n])\n" +
        "part = lambda k: b[4 + n + h[k][0]:4 + n + sum(h[k])]\n" +
        "print(ascii(part('graph').decode()), struct.unpack('<6f', part('weights')), struct.unpack('<q', part('state')), h['layout']['weights'][0]['shape'])",
      file.toString
    )
    assert(said == "'{\"graph\": \"\\xe9\"}' (1.0, 2.0, 3.0, 4.0, 5.0, -6.5) (7,) [2, 3]")
  }
}
